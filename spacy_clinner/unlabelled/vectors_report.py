"""What word vectors are worth for a task: how many of its words have one, and which words lie beside which."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from spacy.attrs import LOWER
from spacy.language import Language
from spacy.strings import get_string_id
from spacy.tokens import Doc
from spacy.vectors import Vectors

from ..provenance import provenance
from ..reports.markdown import markdown_table
from ..scoring.word_cover import WordCover, word_cover
from .joined import WordRows
from .texts import Reading
from .words import FEWEST_NOTES, WordCounts

N_WORDS = 20
N_NEIGHBOURS = 5


def cover(vectors: Vectors, docs: Iterable[Doc]) -> WordCover:
    """Measure how many words have a vector, as a model looks them up.

    vectors (Vectors): The vectors.
    docs (Iterable[Doc]): Documents with words.
    RETURNS (WordCover): The shares.
    """
    # from the text: a vocabulary without a language knows neither a token's lower case nor white space
    words = Counter(token.text for doc in docs for token in doc if not token.text.isspace())
    keys: Counter[int] = Counter()
    for word, n in words.items():
        keys[get_string_id(word.lower() if vectors.attr == LOWER else word)] += n
    return word_cover(vectors, keys)


def entity_words(docs: Iterable[Doc], common: Collection[str]) -> list[str]:
    """Words that many entities of a task are.

    docs (Iterable[Doc]): Documents with entities.
    common (Collection[str]): Words that may be shown.
    RETURNS (List[str]): The most frequent ones, lower-cased.
    """
    numbers = Counter(ent.text.lower() for doc in docs for ent in doc.ents if len(ent) == 1 and ent.text.isalpha())
    shown = set(common)
    return [word for word, _ in sorted(numbers.items(), key=lambda item: (-item[1], item[0])) if word in shown][
        :N_WORDS
    ]


def neighbours(nlp: Language, words: Iterable[str], common: Sequence[str]) -> dict[str, list[str]]:
    """Find the words beside words.

    nlp (Language): Holds the vectors.
    words (Iterable[str]): The words; those that may not be shown are left out.
    common (Sequence[str]): Words that may be shown: no other is found.
    RETURNS (Dict[str, List[str]]): The nearest of them by word, by the angle between vectors, nearest first.
    """
    rows = WordRows(nlp.vocab.vectors, nlp.vocab.strings).get(list(common))
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    places = {word: place for place, word in enumerate(common)}
    found = {}
    for word in words:
        if (place := places.get(word.lower())) is not None:
            near = np.argsort(-(rows @ rows[place]), kind="stable")[: N_NEIGHBOURS + 1]
            found[word] = [common[i] for i in near.tolist() if i != place][:N_NEIGHBOURS]
    return found


def vectors_report(
    nlp: Language, beside: Language | None, reading: Reading, counts: WordCounts, docs: Sequence[Doc], words: list[str]
) -> str:
    """Tell what vectors were made of, how many words have one, and which lie beside which.

    nlp (Language): Holds the vectors.
    beside (Optional[Language]): Holds those that they were joined to.
    reading (Reading): What was read.
    counts (WordCounts): Its words.
    docs (Sequence[Doc]): Documents of the task; none: nothing is measured.
    words (List[str]): Words whose neighbours are shown; none: those of the task's entities.
    RETURNS (str): Markdown. It shows no word of fewer than five notes.
    """
    made = provenance()
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    tables = {name: one.vocab.vectors for name, one in (("beside", beside), ("these", nlp)) if one is not None}
    rows = [("rows", *(f"{table.shape[0]:,}" for table in tables.values()))]
    rows += [("width", *(str(table.shape[1]) for table in tables.values()))]
    rows += [("MB", *(f"{table.data.nbytes / 1e6:.1f}" for table in tables.values()))]
    if docs:
        covers = [cover(table, docs) for table in tables.values()]
        rows += [("the task's different words with one, %", *(f"{100 * one.different:.1f}" for one in covers))]
        rows += [("the task's words with one, %", *(f"{100 * one.words:.1f}" for one in covers))]
    common = counts.common_words
    near = neighbours(nlp, words or entity_words(docs, common), common)
    parts = [
        "# Word vectors",
        f"{reading.summary()}. {counts.tokens:,} tokens.",
        markdown_table(("", *tables), rows),
    ]
    if near:
        shown = [(word, str(counts.words[word.lower()]), ", ".join(found)) for word, found in near.items()]
        parts += [markdown_table(("word", "notes", "nearest"), shown)]
    parts += [
        f"No word of fewer than {FEWEST_NOTES} notes is shown.",
        f"`{made['command']}`, {made['date']}, {versions}",
    ]
    return "\n\n".join(parts) + "\n"
