"""What lies between two entities, in buckets: the categorical features of a candidate pair."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from thinc.types import Ints1d, Ints2d

Bools2d = NDArray[np.bool_]

# Lower bounds of the buckets.
_DISTANCES = np.array([0, 1, 2, 3, 4, 5, 7, 10, 15, 25, 50, 100])
_COUNTS = np.array([0, 1, 2, 3, 4, 6, 10])

# Features of a pair and how many values each has: `distance` in tokens, twice because it is signed by direction;
# `entities` between them, and those of the head's and of the child's label; `nearer_heads`: how many entities, on both
# sides, are nearer to the child and could be its head as well; line or sentence `breaks` between them.
SIZES = {
    "distance": 2 * len(_DISTANCES),
    "entities": len(_COUNTS),
    "head_rivals": len(_COUNTS),
    "child_rivals": len(_COUNTS),
    "nearer_heads": len(_COUNTS),
    "breaks": len(_COUNTS),
}


class Entities(NamedTuple):
    """Entities of a document, in the order of their starts.

    starts, ends (Ints1d): Token offsets, end exclusive.
    labels (Ints1d): Number of each one's label.
    units (Ints1d): Number of the line or sentence in which each starts.
    concepts (Optional[Ints1d]): Number of the concept that each mentions, where pairs are grouped by them.
    """

    starts: Ints1d
    ends: Ints1d
    labels: Ints1d
    units: Ints1d
    concepts: Ints1d | None = None


def pair_features(entities: Entities, pairs: Ints2d, allowed: Bools2d) -> Ints2d:
    """Describe candidate pairs.

    entities (Entities): The entities of a document, m of them.
    pairs (Ints2d): Numbers of head and child. Shape: (p, 2)
    allowed (Bools2d): Whether a head's label may have a child's, by their numbers. Shape: (labels, labels)
    RETURNS (Ints2d): A column for each feature of `SIZES`. Shape: (p, 6)
    """
    first, second = pairs.min(axis=1), pairs.max(axis=1)
    distance = _bucket(between(entities, pairs) @ [-1, 1], _DISTANCES)
    backwards = pairs[:, 1] < pairs[:, 0]
    seen = _running_counts(entities.labels, len(allowed))
    columns = [
        distance + backwards * len(_DISTANCES),
        _bucket(second - first - 1, _COUNTS),
        *(_bucket(_between_of_label(seen, first, second, entities.labels[side]), _COUNTS) for side in pairs.T),
        _bucket(_count_nearer_heads(entities, pairs, seen @ allowed), _COUNTS),
        _bucket(entities.units[second] - entities.units[first], _COUNTS),
    ]
    return np.stack(columns, axis=1)


def neighbour_labels(entities: Entities) -> Ints2d:
    """Find the labels of the entities before and after each.

    entities (Entities): The entities of a document, m of them.
    RETURNS (Ints2d): Numbers of labels, 0 where there is none. Shape: (m, 2)
    """
    padded = np.concatenate([[0], entities.labels, [0]])
    return np.stack([padded[:-2], padded[2:]], axis=1)


def inner_entities(pairs: Ints2d) -> Ints2d:
    """Find the entities between head and child, by their starts.

    pairs (Ints2d): Numbers of head and child. Shape: (p, 2)
    RETURNS (Ints2d): The first, and the one after the last. Shape: (p, 2)
    """
    return np.stack([pairs.min(axis=1) + 1, pairs.max(axis=1)], axis=1)


def between(entities: Entities, pairs: Ints2d) -> Ints2d:
    """Find the tokens between head and child.

    entities (Entities): The entities of a document.
    pairs (Ints2d): Numbers of head and child. Shape: (p, 2)
    RETURNS (Ints2d): Start and end, end exclusive; empty if the two touch or overlap. Shape: (p, 2)
    """
    start = entities.ends[pairs].min(axis=1)
    return np.stack([start, np.maximum(start, entities.starts[pairs].max(axis=1))], axis=1)


def _running_counts(labels: Ints1d, n_labels: int) -> Ints2d:
    """How many entities of each label come before each. Shape: (m + 1, number of labels)"""
    counts = np.zeros((len(labels) + 1, n_labels), dtype="int64")
    counts[np.arange(1, len(labels) + 1), labels] = 1
    return counts.cumsum(axis=0)


def _between_of_label(seen: Ints2d, first: Ints1d, second: Ints1d, labels: Ints1d) -> Ints1d:
    return seen[second, labels] - seen[first + 1, labels]


def _count_nearer_heads(entities: Entities, pairs: Ints2d, possible: Ints2d) -> Ints1d:
    """How many possible heads of each pair's child are nearer to it than its head, by where they start.

    possible (Ints2d): How many possible heads of a child of each label come before each entity. Shape: (m + 1, labels)
    """
    heads, children = pairs.T
    starts, labels = entities.starts, entities.labels[children]
    reach = np.abs(starts[heads] - starts[children])
    low = np.searchsorted(starts, starts[children] - reach, side="right")
    high = np.searchsorted(starts, starts[children] + reach, side="left")
    itself = possible[children + 1, labels] - possible[children, labels]
    return np.maximum(possible[high, labels] - possible[low, labels] - itself, 0)


def _bucket(values: Ints1d, lower_bounds: Ints1d) -> Ints1d:
    return np.searchsorted(lower_bounds, values, side="right") - 1
