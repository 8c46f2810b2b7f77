"""AIONER's scheme (Luo et al. 2023) on our encoder and CRF, as a baseline of `one_tag_space.py`.

Each sentence stands between two marks that name the type which its corpus was annotated for, and what is outside is
"outside of this type": a tag of its own for each type. A text is tagged once for each type, between its marks.
Our own code after the paper's description; a mark is a word of its own, and "outside of X" an entity of one token.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from spacy import registry
from spacy.language import Language
from spacy.pipeline import Sentencizer
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Config

from spacy_clinner.annotations.keys import DOMAIN_KEY, LABELS_KEY
from spacy_clinner.multitask.config import compose_multitask
from spacy_clinner.multitask.corpora_file import Corpora
from spacy_clinner.scoring.ner_scorer import ner_score

OUTSIDE = "outside of "
SENTENCES = Sentencizer()


class Marked(NamedTuple):
    """A document between marks, and which of its tokens each token of the original is."""

    doc: Doc
    tokens: list[int]


def mark(doc: Doc, kind: str) -> Marked:
    """Put each sentence between the marks of a type.

    doc (Doc): The document; its entities are not copied.
    kind (str): The type.
    RETURNS (Marked): The marked document.
    """
    word = f"xx{kind.lower()}"
    words, spaces, tokens = [], [], []
    for start, end in _sentences(doc):
        words.append(f"{word}begin")
        spaces.append(True)
        for token in doc[start:end]:
            tokens.append(len(words))
            words.append(token.text)
            # a mark touches no word
            spaces.append(bool(token.whitespace_) or token.i == end - 1)
        words.append(f"{word}end")
        spaces.append(True)
    marked = Doc(doc.vocab, words=words, spaces=spaces)
    marked.user_data.update({name: value for name, value in doc.user_data.items() if isinstance(name, str)})
    return Marked(marked, tokens)


def mark_gold(reference: Doc, kind: str) -> Doc:
    """Mark a gold document, and give each token that is in no entity the tag "outside of this type"."""
    marked, tokens = mark(reference, kind)
    entities = [Span(marked, tokens[ent.start], tokens[ent.end - 1] + 1, label=ent.label_) for ent in reference.ents]
    inside = {i for span in entities for i in range(span.start, span.end)}
    free = [token.i for token in marked if token.i not in inside and not token.is_space]
    marked.set_ents([*entities, *(Span(marked, i, i + 1, label=OUTSIDE + kind) for i in free)])
    return marked


def tag_marked(nlp: Language, doc: Doc, kind: str) -> Iterator[tuple[int, int, float]]:
    """Tag a document between the marks of a type.

    nlp (Language): The pipeline.
    doc (Doc): The document.
    kind (str): The type.
    YIELDS (Tuple[int, int, float]): Tokens of an entity of the type, and its probability.
    """
    marked, tokens = mark(doc, kind)
    back = {there: here for here, there in enumerate(tokens)}
    found = nlp(marked).spans["clinner_ents"]
    for span, probability in zip(found, found.attrs["scores"].tolist(), strict=True):
        own = [back[i] for i in range(span.start, span.end) if i in back]
        if span.label_ == kind and own:
            yield own[0], own[-1] + 1, probability


@registry.readers("aio_corpus.v1")
def create_corpus(corpus: Callable[[Language], Iterable[Example]], kinds: dict[str, str]) -> Callable:
    """Mark the examples of a corpus of several domains, each annotated for one type."""

    def read(nlp: Language) -> Iterator[Example]:
        for example in corpus(nlp):
            reference = mark_gold(example.reference, kinds[example.reference.user_data[DOMAIN_KEY]])
            predicted = Doc(
                reference.vocab, words=[t.text for t in reference], spaces=[bool(t.whitespace_) for t in reference]
            )
            predicted.user_data.update(reference.user_data)
            yield Example(predicted, reference)

    return read


@registry.scorers("aio_scorer.v1")
def create_scorer() -> Callable[..., dict[str, Any]]:
    """Score entities; what is outside is no entity."""

    def score(examples: Iterable[Example], **settings: Any) -> dict[str, Any]:
        examples = list(examples)
        kinds = [label for label in settings["labels"] if not label.startswith(OUTSIDE)]
        for example in examples:
            example.reference.user_data[LABELS_KEY] = kinds
        scores = ner_score(examples, **{**settings, "gold_labels": kinds})
        for example in examples:
            del example.reference.user_data[LABELS_KEY]
        return scores

    return score


def compose_aio(corpora: Corpora) -> Config:
    """Make the config of a training by this scheme.

    corpora (Corpora): Corpora of one type each.
    RETURNS (Config): As of `compose_multitask`, with marked documents.
    """
    config = compose_multitask(corpora)
    kinds = {}
    for name, corpus in corpora.corpora.items():
        (kinds[name],) = corpus.annotated
    for part in ("train", "dev"):
        plain = {**config["corpora"][part], "annotated": None}
        config["corpora"][part] = {"@readers": "aio_corpus.v1", "corpus": plain, "kinds": kinds}
    labels = list(dict.fromkeys(kinds.values()))
    config["components"]["ner"]["scorer"] = {"@scorers": "aio_scorer.v1"}
    config["initialize"]["components"]["ner"]["labels"] = [*labels, *(OUTSIDE + label for label in labels)]
    return config


def _sentences(doc: Doc) -> Iterator[tuple[int, int]]:
    (starts,) = SENTENCES.predict([doc])
    bounds = [i for i, starts_here in enumerate(starts) if starts_here] + [len(doc)]
    return zip(bounds[:-1], bounds[1:], strict=True)
