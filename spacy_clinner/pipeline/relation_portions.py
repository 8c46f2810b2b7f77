"""Candidate pairs a portion at a time, so that memory does not grow with the number of pairs."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from thinc.types import Floats2d, Ints2d

from ..layers.pair_features import Entities, between, inner_entities, neighbour_labels, pair_features
from ..layers.pair_scores import Pairs
from .relation_candidates import Candidates, Ranges

# Numbers of documents, and head and child of candidate pairs of each by the numbers of its entities.
Portion = list[tuple[int, Ints2d]]


def portions(
    all_entities: Sequence[Entities], candidates: Candidates, allowed: np.ndarray, max_pairs: int
) -> Iterator[Portion]:
    """Go through the candidate pairs of documents.

    all_entities (Sequence[Entities]): the entities of each document.
    candidates (Candidates): the generator.
    allowed (ndarray): whether relations of a head's label with a child's are known, by their numbers. Bool, square.
    max_pairs (int): about the number of pairs in a portion.
    YIELDS (Portion): the pairs, in order; documents without any do not occur.
    """
    portion: Portion = []
    size = 0
    for number, entities in enumerate(all_entities):
        if len(entities.starts) < 2:
            continue
        for pairs in candidate_pairs(entities, candidates(entities), allowed, max_pairs):
            if portion and size + len(pairs) > max_pairs:
                yield portion
                portion, size = [], 0
            portion.append((number, pairs))
            size += len(pairs)
    if portion:
        yield portion


def candidate_pairs(entities: Entities, ranges: Ranges, allowed: np.ndarray, max_pairs: int) -> Iterator[Ints2d]:
    """Write out the pairs of labels that relations have, so many at a time.

    entities (Entities): the entities of a document.
    ranges (Ranges): what a generator gave for them.
    allowed (ndarray): whether relations of a head's label with a child's are known, by their numbers. Bool, square.
    max_pairs (int): bound on the pairs of a portion before those of other labels are left out.
    YIELDS (Ints2d): head and child of each pair; portions without any are left out. Shape: (p, 2)
    """
    counts = np.maximum(ranges[:, 1] - ranges[:, 0], 0)
    portion = (counts.cumsum() - 1) // max_pairs
    for heads in np.split(np.arange(len(counts)), np.flatnonzero(np.diff(portion)) + 1):
        repeated = np.repeat(heads, counts[heads])
        nth = np.arange(len(repeated)) - np.repeat(counts[heads].cumsum() - counts[heads], counts[heads])
        children = ranges[repeated, 0] + nth
        keep = allowed[entities.labels[repeated], entities.labels[children]] & (repeated != children)
        if keep.any():
            yield np.stack([repeated[keep], children[keep]], axis=1)


def documents_of(portion: Portion) -> list[int]:
    """The numbers of a portion's documents, each once."""
    return list(dict.fromkeys(number for number, _ in portion))


def join_portion(
    portion: Portion, all_entities: Sequence[Entities], allowed: np.ndarray, rows: Sequence[Floats2d], xp: Any
) -> Pairs:
    """Put the documents of a portion one behind the other.

    portion (Portion): the pairs.
    all_entities (Sequence[Entities]): the entities of all documents.
    allowed (ndarray): as for `portions`.
    rows (Sequence[Floats2d]): the encoder's rows of all documents.
    xp (Any): the array module of the rows.
    RETURNS (Pairs): what `PairScores` takes; rows in the order of `documents_of`.
    """
    numbers = documents_of(portion)
    entities = [all_entities[number] for number in numbers]
    tokens = _offsets(numbers, [len(rows[number]) for number in numbers])
    counts = _offsets(numbers, [len(of_one.starts) for of_one in entities])
    spans = [
        np.stack([of_one.starts, of_one.ends], axis=1) + tokens[n] for n, of_one in zip(numbers, entities, strict=True)
    ]
    gaps = [between(all_entities[number], pairs) + tokens[number] for number, pairs in portion]
    features = [pair_features(all_entities[number], pairs, allowed) for number, pairs in portion]
    return Pairs(
        rows=xp.concatenate([rows[number] for number in numbers]),
        spans=xp.asarray(np.concatenate(spans)),
        labels=xp.asarray(np.concatenate([of_one.labels for of_one in entities])),
        neighbours=xp.asarray(np.concatenate([neighbour_labels(of_one) for of_one in entities])),
        pairs=xp.asarray(np.concatenate([pairs + counts[number] for number, pairs in portion])),
        between=xp.asarray(np.concatenate(gaps)),
        inner=xp.asarray(np.concatenate([inner_entities(pairs) + counts[number] for number, pairs in portion])),
        features=xp.asarray(np.concatenate(features)),
    )


def _offsets(numbers: Sequence[int], lengths: Sequence[int]) -> dict[int, int]:
    return dict(zip(numbers, np.cumsum([0, *lengths]).tolist(), strict=False))
