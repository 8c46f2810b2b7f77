"""Entity-level modes: how much credit a predicted entity earns for the gold entity it is aligned with.

One alignment serves all modes: each gold and each predicted entity is used at most once, so that in every mode
matched and missed add up to the support. Entities are character offsets, hence gold and prediction may come
from different tokenisations. Exact duplicates count once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence

import numpy as np

from ..annotations.entity import Entity
from .counts import MATCHED_GOLD, MATCHED_PREDICTED, PREDICTED, SUPPORT, Counts

# A gold entity and the predicted one that answers to it; None: missed, or spurious.
Pair = tuple[Entity | None, Entity | None]


def strict(gold: Entity, predicted: Entity) -> float:
    """Same offsets and same label: the conlleval score.

    Source: Tjong Kim Sang & De Meulder 2003 (CoNLL); used by Ma & Hovy 2016, by La-DTL (Wang et al. 2018), by
    NeuroNER's `conll` mode, and as "exact" by the i2b2 challenges.
    """
    return float(gold == predicted)


def exact(gold: Entity, predicted: Entity) -> float:
    """Same offsets, whatever the label.

    Source: SemEval-2013 task 9.1, "exact boundary matching".
    """
    return float(gold[:2] == predicted[:2])


def partial(gold: Entity, predicted: Entity) -> float:
    """Same offsets 1, other overlaps 0.5, whatever the label.

    Source: MUC-5 scoring (Chinchor & Sundheim 1993); SemEval-2013 task 9.1, "partial boundary matching".
    """
    return 1.0 if gold[:2] == predicted[:2] else 0.5


def partial_type(gold: Entity, predicted: Entity) -> float:
    """As `partial`, but only between entities of the same label."""
    return partial(gold, predicted) if gold.label == predicted.label else 0.0


def overlap_type(gold: Entity, predicted: Entity) -> float:
    """Any overlap with the same label counts fully.

    Source: SemEval-2013 task 9.1, "type matching"; the nearest entity-level relative of the i2b2 challenges' inexact
    score that Gligic et al. 2019 report (the official i2b2 2009 script measures the overlap in tokens).
    """
    return float(gold.label == predicted.label)


ENTITY_MODES: dict[str, Callable[[Entity, Entity], float]] = {
    "strict": strict,
    "exact": exact,
    "partial": partial,
    "partial_type": partial_type,
    "type": overlap_type,
}


def align_entities(gold: Collection[Entity], predicted: Collection[Entity]) -> list[Pair]:
    """Pair gold and predicted entities one to one.

    Identical entities are paired first, then those with the same offsets, then overlapping ones of the same label, then
    the other overlapping ones, within each rank the largest overlap first. Swapping the arguments swaps the pairs.

    gold (Collection[Entity]): Gold entities of a document, in any order.
    predicted (Collection[Entity]): Predicted entities of the same document.
    RETURNS (List[Pair]): Each entity exactly once, with None where it has no partner.
    """
    identical = set(gold) & set(predicted)
    open_gold, open_predicted = set(gold) - identical, set(predicted) - identical
    pairs: list[Pair] = [(entity, entity) for entity in sorted(identical)]
    for one, other in sorted(_overlapping(open_gold, open_predicted), key=_preference):
        if one in open_gold and other in open_predicted:
            open_gold.remove(one)
            open_predicted.remove(other)
            pairs.append((one, other))
    pairs.extend((entity, None) for entity in sorted(open_gold))
    pairs.extend((None, entity) for entity in sorted(open_predicted))
    return pairs


def count_entities(documents: Sequence[list[Pair]], labels: Sequence[str], mode: str) -> Counts:
    """Count an entity-level mode.

    documents (Sequence[List[Pair]]): Aligned entities of each document.
    labels (Sequence[str]): All labels that occur.
    mode (str): A key of `ENTITY_MODES`.
    RETURNS (Counts): Per document and label.
    """
    credit, row = ENTITY_MODES[mode], {label: i for i, label in enumerate(labels)}
    values = np.zeros((len(documents), len(labels), 4))
    for i, pairs in enumerate(documents):
        counts = [[0.0] * 4 for _ in labels]  # adding to a list is faster than to an array, cell by cell
        for gold, predicted in pairs:
            earned = credit(gold, predicted) if gold and predicted else 0.0
            if gold:
                counts[row[gold.label]][MATCHED_GOLD] += earned
                counts[row[gold.label]][SUPPORT] += 1
            if predicted:
                counts[row[predicted.label]][MATCHED_PREDICTED] += earned
                counts[row[predicted.label]][PREDICTED] += 1
        if labels:
            values[i] = counts
    return Counts(tuple(labels), values)


def _overlapping(gold: Collection[Entity], predicted: Collection[Entity]) -> list[tuple[Entity, Entity]]:
    """All pairs that share a character."""
    ordered = sorted(gold)
    starts = [entity.start for entity in ordered]
    longest = max((entity.end - entity.start for entity in ordered), default=0)
    return [
        (one, other)
        for other in predicted
        for one in ordered[bisect_right(starts, other.start - longest) : bisect_left(starts, other.end)]
        if one.end > other.start
    ]


def _preference(pair: tuple[Entity, Entity]) -> tuple:
    """Sorts the best pair first; does not tell gold from predicted, or swapping them would change the alignment."""
    one, other = sorted(pair)
    overlap = min(one.end, other.end) - max(one.start, other.start)
    return one[:2] != other[:2], one.label != other.label, -overlap, one, other
