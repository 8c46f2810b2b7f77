"""Word vectors for a task from unlabelled notes, alone or beside others."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import spacy
from spacy.language import Language

from ..corpora.importing import blank_pipeline
from ..errors import Errors
from ..progress import progress
from .joined import WordRows, join_tables, keyed_table
from .static import distil_words
from .subwords import FloretSettings, train_subwords
from .texts import UnlabelledNote
from .words import FEWEST_NOTES, WordCounts, tokenized_lines


@dataclass(frozen=True)
class VectorsPlan:
    """What vectors are to be made.

    lang (str): Language code.
    tokenizer (str): "clinical" or "spacy": as the corpora of the task are imported.
    floret (FloretSettings): What floret is to learn; of its `dim` are a transformer's vectors, too.
    transformer (Optional[Path]): Folder of a transformer whose vectors of the notes' words are taken in place of
        floret's.
    """

    lang: str = "en"
    tokenizer: str = "clinical"
    floret: FloretSettings = field(default_factory=FloretSettings)
    transformer: Path | None = None


def make_vectors(
    notes: Iterable[UnlabelledNote], plan: VectorsPlan, counts: WordCounts, beside: Language | None = None
) -> Language:
    """Make vectors of notes.

    Of floret alone they are floret's own table, which keeps no word and has a vector for each. Otherwise they are a
    table with keys: words that are in notes enough to be shown, and those of the table beside.

    notes (Iterable[UnlabelledNote]): The notes; gone through once.
    plan (VectorsPlan): What to make.
    counts (WordCounts): Gets the words.
    beside (Optional[Language]): Holds vectors that the new ones are to stand beside.
    RETURNS (Language): A pipeline without components that has the vectors.
    RAISES (ValueError): CE424 to CE427, CE460, and what reading the notes raises.
    """
    tokenizer = blank_pipeline(plan.lang, plan.tokenizer).tokenizer
    # text of notes: a folder of its own that only its owner may read
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.txt"
        with corpus.open("w", encoding="utf8", newline="") as file:
            file.writelines(tokenized_lines(progress(notes, unit="note", desc="Tokenize"), tokenizer, counts))
        # its vocabulary holds words of no note
        nlp = spacy.blank(plan.lang)
        if plan.transformer is None:
            nlp.vocab.vectors = train_subwords(corpus, plan.lang, plan.floret)
    words = counts.common_words
    if (plan.transformer or beside) and not words:
        raise ValueError(Errors.CE427.format(n=FEWEST_NOTES))
    new = None if plan.transformer is None else distil_words(plan.transformer, words, plan.floret.dim)
    if new is not None:
        nlp.vocab.vectors = keyed_table({word: row for row, word in enumerate(words)}, new, nlp.vocab.strings)
    if new is not None or beside:
        tables = [WordRows(found.vocab.vectors, found.vocab.strings) for found in (beside, nlp) if found]
        nlp = spacy.blank(plan.lang)
        nlp.vocab.vectors = join_tables([*words, *counts.common_forms], tables, nlp.vocab.strings)
    nlp.vocab.vectors.name = nlp.meta["vectors"]["name"] = f"{plan.lang}_{nlp.meta['name']}.vectors"
    return nlp


def read_vectors(path: Path) -> Language:
    """Read the vectors of a pipeline.

    path (Path): Its folder, as `paths.vectors` of a config names it.
    RETURNS (Language): The pipeline.
    RAISES (ValueError): CE428 if it is none, or has no vectors but zeros.
    """
    if not (path / "config.cfg").is_file():
        raise ValueError(Errors.CE428.format(path=path, problem="is no pipeline"))
    nlp = spacy.load(path, exclude=["lookups"])
    if not WordRows(nlp.vocab.vectors, nlp.vocab.strings).has_any():
        raise ValueError(Errors.CE428.format(path=path, problem="has no vectors of words, or only zeros"))
    return nlp
