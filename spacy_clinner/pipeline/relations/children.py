"""The children that are tried for each head: of the labels that relations have, and so many at most."""

from typing import NamedTuple

import numpy as np
from thinc.types import Ints1d

from ...layers.pairs.features import Entities
from .candidates import Ranges


class Children(NamedTuple):
    """The children of each head as a range of one list, in the order of their starts; a head may be in its own range.

    entities (Ints1d): Numbers of entities: for each label of a head those that may be its children.
    starts, ends (Ints1d): Range of each head, end exclusive. Shape: (m,)
    left_out (int): How many were near enough, but too many.
    """

    entities: Ints1d
    starts: Ints1d
    ends: Ints1d
    left_out: int


def find_children(entities: Entities, ranges: Ranges, allowed: np.ndarray, max_candidates: int) -> Children:
    """Narrow each head's range of entities down to those that may be its children.

    entities (Entities): the entities of a document.
    ranges (Ranges): what a generator gave for them.
    allowed (ndarray): whether relations of a head's label with a child's are known, by their numbers. Bool, square.
    max_candidates (int): most children of a head; of more, those are kept that are nearest by their order.
    RETURNS (Children): the children.
    """
    starts, ends = np.zeros((2, len(entities.labels)), dtype="int64")
    lists: list[Ints1d] = []
    offset = left_out = 0
    for label in np.unique(entities.labels):
        heads = np.flatnonzero(entities.labels == label)
        children = np.flatnonzero(allowed[label, entities.labels])
        first, last = np.searchsorted(children, ranges[heads].T)
        # half of them before the head, unless there are fewer
        start = np.searchsorted(children, heads) - max_candidates // 2
        start = np.clip(start, first, np.maximum(first, last - max_candidates))
        end = np.minimum(start + max_candidates, last)
        left_out += int(np.maximum(last - first, 0).sum() - np.maximum(end - start, 0).sum())
        starts[heads], ends[heads] = start + offset, end + offset
        lists.append(children)
        offset += len(children)
    return Children(np.concatenate([np.zeros(0, dtype="int64"), *lists]), starts, ends, left_out)
