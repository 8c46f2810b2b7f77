"""How many words of a corpus a table of word vectors knows."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from spacy.vectors import Mode, Vectors


class WordCover(NamedTuple):
    """Shares of a corpus's words that have a vector.

    words (float): Of all words.
    different (float): Of the different words.
    """

    words: float
    different: float


def word_cover(vectors: Vectors, counts: Mapping[int, int]) -> WordCover:
    """Measure how many words have a vector.

    vectors (Vectors): The vectors.
    counts (Mapping[int, int]): How often each word is there, by its hash of the attribute that the vectors are looked
        up by.
    RETURNS (WordCover): The shares.
    """
    keys, n_times = np.array([*counts], dtype="uint64"), np.array([*counts.values()])
    known = np.ones(len(keys), bool) if vectors.mode == Mode.floret else vectors.find(keys=keys) >= 0
    return WordCover(float(n_times[known].sum() / n_times.sum()), float(known.mean()))
