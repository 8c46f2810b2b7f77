import random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from nervaluate import Evaluator
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.scoring.counts import (
    MATCHED_GOLD,
    MATCHED_PREDICTED,
    PREDICTED,
    SUPPORT,
    macro,
    micro,
    prf,
    weighted,
)
from spacy_clinner.scoring.entities import ENTITY_MODES, align_entities, count_entities
from spacy_clinner.scoring.tokens import project

from .strategies import LABELS, TOKENS, any_entities, collections, flat_entities


def count(documents, mode, labels=LABELS):
    return count_entities([align_entities(gold, predicted) for gold, predicted in documents], labels, mode)


def micro_of(gold, predicted, mode):
    return micro(count([(gold, predicted)], mode).total).tolist()


@pytest.mark.parametrize(
    "predicted, credits",
    [
        (Entity(10, 20, "A"), {"strict": 1, "exact": 1, "partial": 1, "partial_type": 1, "type": 1}),
        (Entity(10, 20, "B"), {"strict": 0, "exact": 1, "partial": 1, "partial_type": 0, "type": 0}),
        (Entity(12, 25, "A"), {"strict": 0, "exact": 0, "partial": 0.5, "partial_type": 0.5, "type": 1}),
        (Entity(12, 25, "B"), {"strict": 0, "exact": 0, "partial": 0.5, "partial_type": 0, "type": 0}),
        (Entity(20, 25, "A"), {"strict": 0, "exact": 0, "partial": 0, "partial_type": 0, "type": 0}),
    ],
)
def test_credit_of_each_mode(predicted, credits):
    assert credits.keys() == ENTITY_MODES.keys()
    for mode, credit in credits.items():
        assert micro_of({Entity(10, 20, "A")}, {predicted}, mode) == [credit] * 3


def test_each_entity_is_used_once():
    gold, predicted = {Entity(0, 10, "A")}, {Entity(0, 4, "A"), Entity(5, 10, "A")}
    assert micro_of(gold, predicted, "type") == pytest.approx([1 / 2, 1, 2 / 3])
    assert micro_of(predicted, gold, "type") == pytest.approx([1, 1 / 2, 2 / 3])


def test_identical_before_same_offsets_before_same_label_before_largest_overlap():
    gold = [Entity(0, 10, "A"), Entity(20, 30, "A"), Entity(40, 50, "A")]
    predicted = [
        *(Entity(0, 10, "A"), Entity(0, 10, "B")),
        *(Entity(20, 30, "B"), Entity(20, 29, "A")),
        *(Entity(40, 42, "A"), Entity(43, 50, "B")),
    ]
    pairs = {one: other for one, other in align_entities(gold, predicted) if one}
    assert pairs == {gold[0]: predicted[0], gold[1]: predicted[2], gold[2]: predicted[4]}


@pytest.mark.parametrize("large, small", [((0, 6), (7, 10)), ((3, 10), (0, 2))])
def test_the_largest_overlap_is_paired(large, small):
    gold, large, small = (Entity(*offsets, "A") for offsets in ((0, 10), large, small))
    assert align_entities([gold], [small, large]) == [(gold, large), (None, small)]
    assert align_entities([small, large], [gold]) == [(large, gold), (small, None)]


def test_duplicates_count_once():
    entity = Entity(0, 5, "A")
    assert align_entities([entity], [entity, entity]) == [(entity, entity)]


def test_labels_of_exact_matches_earn_their_own_credit():
    counts = count([({Entity(0, 5, "A")}, {Entity(0, 5, "B")})], "exact").total
    a, b = counts[:2].tolist()
    assert (a[MATCHED_GOLD], a[SUPPORT], a[MATCHED_PREDICTED], a[PREDICTED]) == (1, 1, 0, 0)
    assert (b[MATCHED_GOLD], b[SUPPORT], b[MATCHED_PREDICTED], b[PREDICTED]) == (0, 0, 1, 1)


def test_nothing_to_score_is_zero():
    assert micro_of(set(), set(), "strict") == [0, 0, 0]
    assert count([], "strict").total.tolist() == [[0] * 4] * len(LABELS)
    assert micro(count([(set(), set())], "strict", labels=[]).total).tolist() == [0, 0, 0]


@settings(deadline=None)
@given(any_entities())
def test_perfect_prediction(entities):
    for mode in ENTITY_MODES:
        assert micro_of(entities, entities, mode) == [float(bool(entities))] * 3


@settings(deadline=None)
@given(any_entities(), any_entities())
def test_swapping_gold_and_prediction_swaps_precision_and_recall(gold, predicted):
    for mode in ENTITY_MODES:
        p, r, f = micro_of(gold, predicted, mode)
        assert micro_of(predicted, gold, mode) == pytest.approx([r, p, f])


@settings(deadline=None)
@given(any_entities(), any_entities())
def test_every_entity_is_paired_exactly_once(gold, predicted):
    pairs = align_entities(gold, predicted)
    assert sorted(one for one, _ in pairs if one) == sorted(gold)
    assert sorted(other for _, other in pairs if other) == sorted(predicted)
    assert all(one.start < other.end and other.start < one.end for one, other in pairs if one and other)
    left_gold = [one for one, other in pairs if not other]
    left_predicted = [other for one, other in pairs if not one]
    assert not any(one.start < other.end and other.start < one.end for one in left_gold for other in left_predicted)


@settings(max_examples=50, deadline=None)
@given(collections(flat_entities()))
def test_strict_equals_seqeval(documents):
    assume(any(document.gold for document in documents))  # seqeval's averages of nothing are NaN
    gold = [project(document.gold, TOKENS) for document in documents]
    predicted = [project(document.predicted, TOKENS) for document in documents]
    total = count([(document.gold, document.predicted) for document in documents], "strict").total
    for name, average in {"micro": micro, "macro": macro, "weighted": weighted}.items():
        *theirs, _ = precision_recall_fscore_support(gold, predicted, average=name, zero_division=0)
        assert average(total).tolist() == pytest.approx(theirs)
    *theirs, support = precision_recall_fscore_support(gold, predicted, average=None, zero_division=0)
    occurs = (total[:, SUPPORT] + total[:, PREDICTED]) > 0
    assert prf(total)[occurs].T == pytest.approx(np.array(theirs))
    assert total[occurs, SUPPORT].tolist() == list(support)


def random_pair(rng):
    """Gold and prediction of which at most one each overlap: there, every alignment is the same."""
    gold, predicted = set(), set()
    for block in range(0, 200, 20):
        for entities in (gold, predicted):
            if rng.random() < 0.8:
                start = block + rng.choice([5, 5, 5, 8])
                entities.add(Entity(start, start + rng.choice([6, 6, 6, 9]), rng.choice("AAB")))
    return gold, predicted


@pytest.mark.parametrize("mode, theirs", [(m, m) for m in ("strict", "exact", "partial")] + [("type", "ent_type")])
def test_equals_nervaluate(mode, theirs):
    rng = random.Random(0)
    documents = [random_pair(rng) for _ in range(30)]

    def as_dicts(side):
        # nervaluate's ends are inclusive
        return [[dict(start=e.start, end=e.end - 1, label=e.label) for e in sorted(pair[side])] for pair in documents]

    result = Evaluator(as_dicts(0), as_dicts(1), tags=LABELS, loader="dict").evaluate()["overall"][theirs]
    assert micro(count(documents, mode).total).tolist() == pytest.approx([result.precision, result.recall, result.f1])
