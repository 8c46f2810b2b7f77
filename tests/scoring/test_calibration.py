"""How far probabilities can be believed: by hand, by brute force, and by what must hold of any spans."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_clinner.scoring.calibration import (
    NEAREST,
    JudgedSpans,
    equal_mass_edges,
    error_by_chance,
    measure_calibration,
)
from spacy_clinner.scoring.evaluation import Bootstrap

NO_INTERVALS = Bootstrap(resamples=0)


def judged(probability, right, document=None):
    document = range(len(right)) if document is None else document
    return JudgedSpans.of((p, r, d, "A", "") for p, r, d in zip(probability, right, document, strict=True))


def of(rng, n=400, truth=lambda p: p):
    probability = rng.uniform(size=n)
    return judged(probability, rng.uniform(size=n) < truth(probability), rng.integers(20, size=n))


spans = st.lists(
    st.tuples(st.sampled_from([0, 0.05, 0.3, 0.5, 0.7, 0.95, 1]) | st.floats(0, 1), st.booleans(), st.integers(0, 4)),
    min_size=1,
    max_size=40,
).map(lambda rows: judged(*zip(*rows, strict=True)))


def test_a_small_example():
    found = measure_calibration(judged([0.2, 0.4, 0.6, 1.0], [False, True, False, True]), NO_INTERVALS, n_bins=2)
    assert [(one.n, one.low, one.high, one.right, one.interval) for one in found.bins] == [
        (2, 0.2, 0.4, 0.5, None),
        (2, 0.6, 1.0, 0.5, None),
    ]
    assert [one.probability for one in found.bins] == pytest.approx([0.3, 0.8])
    assert found.intervals is None and found.n == 4
    assert found.values == pytest.approx(
        {
            "probability": 0.55,
            "right": 0.5,
            # half of the spans are 0.2 too unsure, half of them 0.3 too sure
            "ece": 0.25,
            "brier": (0.04 + 0.36 + 0.36 + 0) / 4,
            "log_likelihood": (log(0.8) + log(0.4) + log(0.4) + log(1 - NEAREST)) / 4,
        }
    )


def test_spans_of_one_probability_are_one_bin_and_few_spans_few_bins():
    assert [one.n for one in measure_calibration(judged([0.5] * 30, [True] * 30), NO_INTERVALS).bins] == [30]
    assert [one.n for one in measure_calibration(judged([0.1, 0.2, 0.2], [True] * 3), NO_INTERVALS).bins] == [1, 2]
    # the fifth of the lowest would be cut among equal ones
    tied = [0.1] * 3 + [0.2] * 4 + [0.9] * 3
    assert [one.n for one in measure_calibration(judged(tied, [True] * 10), NO_INTERVALS, n_bins=5).bins] == [3, 4, 3]


def test_a_certain_error_is_as_bad_as_single_precision_can_tell():
    found = measure_calibration(judged([1.0, 0.0], [False, True]), NO_INTERVALS).values
    assert found["log_likelihood"] == pytest.approx(log(np.finfo("f").eps)) and found["brier"] == 1


@given(spans, st.integers(1, 12))
def test_the_bins_hold_all_spans_and_equal_ones_together(some, n_bins):
    found = measure_calibration(some, NO_INTERVALS, n_bins=n_bins)
    ordered = np.sort(some.probability).tolist()
    assert sum(one.n for one in found.bins) == len(ordered) == sum(found.spread) and len(found.bins) <= n_bins
    for before, after in zip(found.bins, found.bins[1:], strict=False):
        assert before.high < after.low
    # without equal ones no two bins differ by more than one span
    if len(set(ordered)) == len(ordered):
        sizes = [one.n for one in found.bins]
        assert max(sizes) - min(sizes) <= 1 and len(sizes) == min(n_bins, len(ordered))


@given(spans)
def test_the_measures_are_those_of_brute_force(some):
    found = measure_calibration(some, NO_INTERVALS)
    edges = [-1.0, *equal_mass_edges(some.probability).tolist(), 2.0]
    rows = list(zip(some.probability.tolist(), some.right.tolist(), strict=True))
    error = 0.0
    for low, high in zip(edges, edges[1:], strict=False):
        inside = [(p, right) for p, right in rows if low <= p < high]
        mean, share = (sum(part) / len(inside) for part in zip(*inside, strict=True))
        error += abs(mean - share) * len(inside) / len(rows)
    assert found.values["ece"] == pytest.approx(error, abs=1e-12)
    assert found.values["brier"] == pytest.approx(sum((p - right) ** 2 for p, right in rows) / len(rows), abs=1e-12)
    logs = [log(min(max(p if right else 1 - p, NEAREST), 1 - NEAREST)) for p, right in rows]
    assert found.values["log_likelihood"] == pytest.approx(sum(logs) / len(rows), abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(spans, st.randoms(use_true_random=False))
def test_the_order_of_spans_decides_nothing(some, random):
    order = list(range(len(some.right)))
    random.shuffle(order)
    one, other = (measure_calibration(each, Bootstrap(resamples=20)) for each in (some, some.where(order)))
    assert one.values == pytest.approx(other.values, abs=1e-12)
    for name, bounds in one.intervals.items():
        assert other.intervals[name] == pytest.approx(bounds, abs=1e-12)


def test_intervals_are_those_of_whole_samples_that_are_resampled():
    """Copies of documents are measured from their spans, in the bins of the whole."""
    some, draws = of(np.random.default_rng(1)), 60
    found = measure_calibration(some, Bootstrap(resamples=draws, seed=3))
    edges, rng, errors = equal_mass_edges(some.probability), np.random.default_rng(3), []
    for _ in range(draws):
        drawn = np.concatenate([np.flatnonzero(some.document == d) for d in rng.integers(20, size=20)])
        bins = np.searchsorted(edges, some.probability[drawn], side="right")
        off = np.bincount(bins, weights=some.probability[drawn] - some.right[drawn])
        errors.append(abs(off).sum() / len(drawn))
    assert found.intervals["ece"] == pytest.approx(np.quantile(errors, [0.025, 0.975]))


def test_a_document_without_spans_of_a_bin_does_not_empty_it():
    rows = judged([0.1, 0.1, 0.9, 0.9], [False, True, True, True], document=[0, 0, 1, 2])
    found = measure_calibration(rows, Bootstrap(resamples=50))
    assert [one.interval for one in found.bins] == [(0.5, 0.5), (1.0, 1.0)]


def test_true_probabilities_err_as_chance_does():
    rng = np.random.default_rng(0)
    true, vain = of(rng, 2000), of(rng, 2000, lambda p: p**3)
    one, other = measure_calibration(true, NO_INTERVALS), measure_calibration(vain, NO_INTERVALS)
    assert one.values["ece"] == pytest.approx(one.by_chance, rel=0.5) and other.values["ece"] > 8 * other.by_chance
    # of one span that is right in half of all cases
    assert error_by_chance(np.array([0.5]), np.array([0])) == 0.5
    assert error_by_chance(np.array([1.0, 0.0]), np.array([0, 0])) == 0
