import numpy as np
import pytest

from spacy_clinner.calibration.threshold import TRIED, best_threshold, f1, least_sure, same_decisions


def test_the_best_threshold_is_where_f1_is_best_on_most_resamples():
    counts = np.zeros((40, len(TRIED), 3))
    counts[..., 2] = 10
    counts[..., 1] = 10
    counts[..., 0] = 5 - np.abs(np.arange(len(TRIED)) - 6) * 0.5
    assert best_threshold(counts) == TRIED[6]
    # one lucky document does not move it, though all of its sum is there
    counts[0, 15] = [10, 10, 10]
    counts[1:, 15, 0] = 4.8
    assert f1(counts.sum(axis=0)).argmax() == 6 and best_threshold(counts) == TRIED[6]


def test_f1():
    assert f1(np.array([[2, 4, 4], [0, 0, 0], [3, 3, 3]])).tolist() == [0.5, 0.0, 1.0]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_relations_are_decided_as_before(temperature):
    logits = np.random.default_rng(0).normal(scale=3, size=200)
    before, after = (1 / (1 + np.exp(-logits / t)) for t in (1.0, temperature))
    for threshold in (0.05, 0.5, 0.8):
        new = same_decisions(threshold, temperature, relative=False)
        assert ((before >= threshold) == (after >= new)).all()
        odds = [p / (1 - p) / (p / (1 - p)).max() for p in (before, after)]
        new = same_decisions(threshold, temperature, relative=True)
        assert ((odds[0] >= threshold) == (odds[1] >= new)).all()
    assert same_decisions(0.0, temperature, False) == 0.0 and same_decisions(1.0, temperature, False) == 1.0


def test_least_sure():
    assert least_sure([]) is None
    p = np.linspace(0, 1, 101)
    assert (p < least_sure(p)).mean() == pytest.approx(0.2, abs=0.01)
