"""Word vectors of character n-grams, learned by floret: every word has one, whether it was ever seen or not."""

import sys
from dataclasses import dataclass
from pathlib import Path

import spacy
from spacy.training.initialize import convert_vectors
from spacy.vectors import Vectors

from ..errors import Errors
from ..extras import require
from ..progress import on_terminal


@dataclass(frozen=True)
class FloretSettings:
    """What decides the vectors, besides the texts; learning rate, window and negative samples are floret's own.

    dim (int): Width of a vector.
    buckets (int): Rows of the table; an n-gram is the sum of two.
    epochs (int): How often the texts are read.
    min_count (int): Rarer words are skipped in training.
    """

    dim: int = 100
    buckets: int = 50000
    epochs: int = 8
    min_count: int = 3


def train_subwords(corpus: Path, lang: str, settings: FloretSettings) -> Vectors:
    """Train vectors in one thread: the result is the same every time.

    corpus (Path): Lines of tokens.
    lang (str): Language code.
    settings (FloretSettings): The settings.
    RETURNS (Vectors): A floret table that looks words up by their lower case.
    RAISES (ImportError): CE358 if floret is missing. (ValueError): CE424 if no word is frequent enough.
    """
    require("floret", "Training of vectors")
    import floret

    saved = corpus.with_suffix(".floret")
    is_terminal = on_terminal()
    if not is_terminal and sys.stderr is not None:
        told = f"floret reads them {settings.epochs} times, in one thread: some two minutes for a million words"
        print(told, file=sys.stderr, flush=True)
    try:
        model = floret.train_unsupervised(
            str(corpus),
            model="skipgram",
            mode="floret",
            dim=settings.dim,
            minn=3,
            maxn=6,
            bucket=settings.buckets,
            hashCount=2,
            epoch=settings.epochs,
            minCount=settings.min_count,
            thread=1,
            # its bar redraws a line, which a log would keep every time
            verbose=2 if is_terminal else 0,
        )
    except ValueError as error:
        if "Empty vocabulary" not in str(error):
            raise
        raise ValueError(Errors.CE424.format(n=settings.min_count)) from None
    model.save_floret_vectors(str(saved))
    nlp = spacy.blank(lang)
    convert_vectors(nlp, saved, truncate=0, prune=-1, mode="floret", attr="LOWER")
    return nlp.vocab.vectors
