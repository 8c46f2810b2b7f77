"""What a review of the least sure entities finds."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_clinner.scoring.calibration import JudgedSpans
from spacy_clinner.scoring.evaluation import Bootstrap
from spacy_clinner.scoring.review import SHARES, review_least_sure

NO_INTERVALS = Bootstrap(resamples=0)


def judged(rows):
    return JudgedSpans.of((p, right, document, "A", "") for document, (p, right) in enumerate(rows))


def test_a_small_example():
    rows = [(0.1, False), (0.2, True), (0.3, False), (0.4, True), *((p / 100, True) for p in range(90, 96))]
    found = review_least_sure(judged(rows), NO_INTERVALS)
    assert (found.n, found.wrong) == (10, 2)
    by_share = {row.share: row for row in found.rows}
    assert set(by_share) == set(SHARES)
    assert (by_share[0.1].found, by_share[0.1].up_to) == (0.5, 0.1)
    assert (by_share[0.3].found, by_share[0.3].up_to, by_share[0.3].rest_right) == (1, 0.3, 1)
    # half of the first one is reviewed
    assert (by_share[0.05].found, by_share[0.05].up_to) == (0.25, 0.1)
    assert by_share[0.2].rest_right == pytest.approx(7 / 8) and by_share[0.2].interval is None
    # one wrong one found from 0.1 to 0.2, two from 0.3 on, and on the way as many as to expect
    assert found.area == pytest.approx(0.1 * 0.25 + 0.1 * 0.5 + 0.1 * 0.75 + 0.7)
    assert found.best_area == pytest.approx(0.2 * 0.5 + 0.8)
    assert found.curve[0] == 0 and found.curve[-1] == 1 and found.curve[20] == pytest.approx(0.5)
    assert found.at(0.3) == by_share[0.3] and found.at(0.33) is None


def test_probabilities_that_say_nothing_find_what_chance_does():
    found = review_least_sure(judged([(0.7, number % 4 > 0) for number in range(40)]), NO_INTERVALS)
    assert [row.found for row in found.rows] == pytest.approx(SHARES) and found.area == pytest.approx(0.5)


def test_where_nothing_is_wrong_nothing_can_be_found():
    found = review_least_sure(judged([(0.7, True), (0.9, True)]), Bootstrap(resamples=10))
    assert found.to_dict() == {
        "entities": 2, "wrong": 0, "area": None, "best_area": None, "reviewed": [], "curve": [],
    }  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from([0.2, 0.5, 0.9]), st.booleans()), min_size=1, max_size=6))
def test_equal_ones_count_as_what_to_expect(rows):
    """The mean over all orders that the probabilities allow."""
    rows = [*rows, (0.5, False)]
    found = review_least_sure(judged(rows), NO_INTERVALS)
    orders = [order for order in permutations(rows) if [p for p, _ in order] == sorted(p for p, _ in rows)]
    at = np.arange(len(rows) + 1) / len(rows)
    curves = [np.cumsum([0] + [not right for _, right in order]) for order in orders]
    mean = np.mean(curves, axis=0) / curves[0][-1]
    assert [row.found for row in found.rows] == pytest.approx(np.interp(SHARES, at, mean).tolist())


def test_intervals_resample_documents():
    rng = np.random.default_rng(0)
    probability = rng.uniform(size=300)
    right = rng.uniform(size=300) < probability
    spans = JudgedSpans(probability, right, rng.integers(15, size=300), np.array(["A"] * 300), np.array([""] * 300))
    found = review_least_sure(spans, Bootstrap(resamples=40, seed=2))
    rng, drawn = np.random.default_rng(2), []
    for _ in range(40):
        rows = np.concatenate([np.flatnonzero(spans.document == d) for d in rng.integers(15, size=15)])
        sample = review_least_sure(spans.where(rows), NO_INTERVALS)
        drawn.append([row.found for row in sample.rows])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    assert [row.interval for row in found.rows] == [pytest.approx(pair) for pair in zip(low, high, strict=True)]


def test_resamples_without_a_wrong_entity_tell_nothing():
    spans = judged([(0.1, False), (0.9, True)])
    found = review_least_sure(spans, Bootstrap(resamples=200))
    # of two documents with the wrong one in it, it is the first half or the whole
    assert found.at(0.5).interval == (0.5, 1.0)
