"""One table of word vectors from several: the words of all, with the rows of all side by side."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from spacy.attrs import ORTH
from spacy.strings import StringStore, get_string_id
from spacy.vectors import Mode, Vectors
from thinc.types import Floats2d


class WordRows:
    """Vectors of words by their spelling; a floret table computes those of any word."""

    def __init__(self, vectors: Vectors, strings: StringStore) -> None:
        """Wrap a table of vectors.

        vectors (Vectors): The table.
        strings (StringStore): The strings of its keys.
        """
        self.width = vectors.shape[1]
        self._vectors = vectors
        # of a key alone no word can be told
        self.words = [] if vectors.mode == Mode.floret else [strings[key] for key in vectors.key2row if key in strings]

    def find(self, word: str) -> str | None:
        """RETURNS (Optional[str]): What to look up for a word: itself, or its lower case; None: it has no vector."""
        if self._vectors.mode == Mode.floret:
            return word if self._vectors.attr == ORTH else word.lower()
        return next((form for form in (word, word.lower()) if get_string_id(form) in self._vectors), None)

    def has_any(self) -> bool:
        """RETURNS (bool): Whether a word has a vector that is not zeros."""
        if self._vectors.mode == Mode.floret:
            return bool(self._vectors.data.any())
        return any(self._vectors[word].any() for word in self.words)

    def get(self, words: Sequence[str | None]) -> Floats2d:
        """RETURNS (Floats2d): Rows of words as of `find`; zeros for None."""
        rows = np.zeros((len(words), self.width), dtype="f")
        known = [i for i, word in enumerate(words) if word is not None]
        if known:
            rows[known] = self._vectors.get_batch([words[i] for i in known])
        return rows


def join_tables(words: Iterable[str], tables: Sequence[WordRows], strings: StringStore) -> Vectors:
    """Join tables into one with a key for each spelling of a word, of which the first letter may be a capital one or
    all: spaCy does not save by which attribute a table of keys is looked up, so it is by the word as it stands.

    Tables are scaled to the mean length of the first one's rows, so that none drowns another. What only one of them
    knows has zeros in the others' place; what is no key has no vector.

    words (Iterable[str]): Words to have, besides those of tables with keys.
    tables (Sequence[WordRows]): The tables, each with vectors that are not zeros.
    strings (StringStore): Gets the keys.
    RETURNS (Vectors): The table.
    """
    rows: dict[tuple[str | None, ...], int] = {}
    keys: dict[str, int] = {}
    for word in dict.fromkeys([*words, *(word for table in tables for word in table.words)]):
        for spelling in (word, word.capitalize(), word.upper()):
            found = tuple(table.find(spelling) for table in tables)
            if spelling not in keys and any(name is not None for name in found):
                keys[spelling] = rows.setdefault(found, len(rows))
    parts = [table.get(names) for table, names in zip(tables, zip(*rows, strict=True), strict=True)]
    scaled = [part * (_mean_length(parts[0]) / _mean_length(part)) for part in parts]
    return keyed_table(keys, np.concatenate(scaled, axis=1), strings)


def keyed_table(keys: Mapping[str, int], data: Floats2d, strings: StringStore) -> Vectors:
    """Make a table of vectors.

    keys (Mapping[str, int]): Number of each word's row.
    data (Floats2d): The rows.
    strings (StringStore): Gets the words.
    RETURNS (Vectors): The table.
    """
    vectors = Vectors(strings=strings, data=data)
    for word, row in keys.items():
        vectors.add(strings.add(word), row=row)
    return vectors


def _mean_length(rows: Floats2d) -> float:
    """Of rows that are not zeros."""
    lengths = np.linalg.norm(rows, axis=1)
    return float(lengths[lengths > 0].mean())
