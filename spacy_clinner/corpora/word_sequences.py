"""Texts as numbers that can be compared: their words, and the sequences of words in them."""

import re
import unicodedata
from collections.abc import Iterable

import numpy as np
from spacy.strings import get_string_id
from thinc.types import Ints1d

WORDS = re.compile(r"[^\W_]+")
# of characters that are no part of a word by themselves: accents, soft hyphens, joiners
SKIPPED = ("Mn", "Cf")
# odd, so that no word is lost in the product of 64 bits, and with ones and zeros throughout
_FACTOR = 0x9E3779B97F4A7C15


def words_of(text: str) -> list[str]:
    """Find the words of a text, whatever its case, accents, punctuation, white space and form of Unicode.

    text (str): The text.
    RETURNS (List[str]): Its words.
    """
    letters = [char for char in unicodedata.normalize("NFKD", text) if unicodedata.category(char) not in SKIPPED]
    return WORDS.findall("".join(letters).casefold())


def hash_words(words: Iterable[str]) -> Ints1d:
    """RETURNS (Ints1d): A number of 64 bits for each word, the same in every process."""
    return np.array([get_string_id(word) for word in words], dtype="uint64")


def hash_sequences(words: Ints1d, n_words: int) -> Ints1d:
    """Number all sequences of so many words.

    words (Ints1d): The words, as of `hash_words`.
    n_words (int): Length of a sequence.
    RETURNS (Ints1d): A number for each, by its first word; none if there are fewer words.
    """
    size = max(len(words) - n_words + 1, 0)
    found = np.zeros(size, dtype="uint64")
    for i in range(n_words):
        found = found * np.uint64(_FACTOR) + words[i : i + size]
    return found
