"""Candidate pairs a portion at a time, so that memory does not grow with the number of pairs."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from thinc.types import Floats2d, Ints2d

from ...errors import Warnings
from ...layers.pairs.features import Entities, between, inner_entities, neighbour_labels, pair_features
from ...layers.pairs.scores import Pairs
from .candidates import Candidates
from .children import Children, find_children

# Numbers of documents, and head and child of candidate pairs of each by the numbers of its entities.
Portion = list[tuple[int, Ints2d]]


class Window(NamedTuple):
    """A part of a document: a range of its entities, and the tokens from the first one's start to the last end."""

    entities: slice
    tokens: slice


def portions(
    all_entities: Sequence[Entities], candidates: Candidates, allowed: np.ndarray, max_pairs: int, max_candidates: int
) -> Iterator[Portion]:
    """Go through the candidate pairs of documents.

    all_entities (Sequence[Entities]): the entities of each document.
    candidates (Candidates): the generator.
    allowed (ndarray): whether relations of a head's label with a child's are known, by their numbers. Bool, square.
    max_pairs (int): most pairs in a portion, unless a single head has more.
    max_candidates (int): most children of a head.
    YIELDS (Portion): the pairs, in order; documents without any do not occur.
    """
    portion: Portion = []
    size = 0
    for number, entities in enumerate(all_entities):
        if len(entities.starts) < 2:
            continue
        children = find_children(entities, candidates(entities), allowed, max_candidates)
        if children.left_out:
            message = Warnings.CW365.format(n=children.left_out, entities=len(entities.starts), limit=max_candidates)
            warnings.warn(message, stacklevel=2)
        for pairs in candidate_pairs(children, max_pairs):
            if portion and size + len(pairs) > max_pairs:
                yield portion
                portion, size = [], 0
            portion.append((number, pairs))
            size += len(pairs)
    if portion:
        yield portion


def candidate_pairs(children: Children, max_pairs: int) -> Iterator[Ints2d]:
    """Write out the pairs of a document, so many at a time.

    children (Children): the children of each head.
    max_pairs (int): most pairs in a portion, unless a single head has more: its pairs stay together.
    YIELDS (Ints2d): head and child of each pair; portions without any are left out. Shape: (p, 2)
    """
    counts = np.maximum(children.ends - children.starts, 0)
    portion = (counts.cumsum() - 1) // max(max_pairs - counts.max(initial=0), 1)
    for heads in np.split(np.arange(len(counts)), np.flatnonzero(np.diff(portion)) + 1):
        repeated = np.repeat(heads, counts[heads])
        nth = np.arange(len(repeated)) - np.repeat(counts[heads].cumsum() - counts[heads], counts[heads])
        pairs = np.stack([repeated, children.entities[children.starts[repeated] + nth]], axis=1)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        if len(pairs):
            yield pairs


def documents_of(portion: Portion) -> list[int]:
    """The numbers of a portion's documents, each once."""
    return list(dict.fromkeys(number for number, _ in portion))


def find_windows(portion: Portion, all_entities: Sequence[Entities]) -> dict[int, Window]:
    """Find what a portion's scores depend on: in a long document that is little of it.

    portion (Portion): the pairs.
    all_entities (Sequence[Entities]): the entities of all documents.
    RETURNS (Dict[int, Window]): a window of each document, by its number.
    """
    windows: dict[int, Window] = {}
    for number in documents_of(portion):
        starts, ends = all_entities[number].starts, all_entities[number].ends
        pairs = np.concatenate([pairs for other, pairs in portion if other == number])
        # a head's rivals lie as far from the child as the head, on its other side, too
        reach = np.abs(starts[pairs[:, 0]] - starts[pairs[:, 1]]).max()
        first = np.searchsorted(starts, starts[pairs.min()] - reach)
        last = np.searchsorted(starts, starts[pairs.max()] + reach, side="right")
        # and each entity's neighbours count
        entities = slice(max(int(first) - 1, 0), int(last) + 1)
        windows[number] = Window(entities, slice(int(starts[entities][0]), int(ends[entities].max())))
    return windows


def join_portion(
    portion: Portion,
    all_entities: Sequence[Entities],
    windows: dict[int, Window],
    allowed: np.ndarray,
    rows: Sequence[Floats2d],
    xp: Any,
) -> Pairs:
    """Put the windows of a portion one behind the other.

    portion (Portion): the pairs.
    all_entities (Sequence[Entities]): the entities of all documents.
    windows (Dict[int, Window]): what `find_windows` found.
    allowed (ndarray): as for `portions`.
    rows (Sequence[Floats2d]): the encoder's rows of all documents.
    xp (Any): the array module of the rows.
    RETURNS (Pairs): what `PairScores` takes; rows in the order of the windows.
    """
    cut = {number: _cut(all_entities[number], window) for number, window in windows.items()}
    portion = [(number, pairs - windows[number].entities.start) for number, pairs in portion]
    entities = list(cut.values())
    tokens = _offsets(list(cut), [window.tokens.stop - window.tokens.start for window in windows.values()])
    counts = _offsets(list(cut), [len(of_one.starts) for of_one in entities])
    spans = [np.stack([of_one.starts, of_one.ends], axis=1) + tokens[number] for number, of_one in cut.items()]
    gaps = [between(cut[number], pairs) + tokens[number] for number, pairs in portion]
    features = [pair_features(cut[number], pairs, allowed) for number, pairs in portion]
    return Pairs(
        rows=xp.concatenate([rows[number][window.tokens] for number, window in windows.items()]),
        spans=xp.asarray(np.concatenate(spans)),
        labels=xp.asarray(np.concatenate([of_one.labels for of_one in entities])),
        neighbours=xp.asarray(np.concatenate([neighbour_labels(of_one) for of_one in entities])),
        pairs=xp.asarray(np.concatenate([pairs + counts[number] for number, pairs in portion])),
        between=xp.asarray(np.concatenate(gaps)),
        inner=xp.asarray(np.concatenate([inner_entities(pairs) + counts[number] for number, pairs in portion])),
        features=xp.asarray(np.concatenate(features)),
    )


def _cut(entities: Entities, window: Window) -> Entities:
    of_window = Entities(*(None if values is None else values[window.entities] for values in entities))
    first = window.tokens.start
    return of_window._replace(starts=of_window.starts - first, ends=of_window.ends - first)


def _offsets(numbers: Sequence[int], lengths: Sequence[int]) -> dict[int, int]:
    return dict(zip(numbers, np.cumsum([0, *lengths]).tolist(), strict=False))
