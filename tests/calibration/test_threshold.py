import numpy as np
import pytest

from spacy_clinner.calibration.threshold import TRIED, f1, least_sure, new_threshold, same_decisions


def curve(best, height, n_documents=40):
    """Counts of like documents: the higher the threshold, the fewer are found; but for one, F1 is the same."""
    counts = np.zeros((n_documents, len(TRIED), 3))
    counts[..., 2] = 50
    counts[..., 1] = 80 - np.arange(len(TRIED))
    counts[..., 0] = (counts[..., 1] + counts[..., 2]) / 4
    counts[:, best, 0] += height
    return counts


def test_as_many_entities_as_before():
    counts = curve(best=20, height=0)
    assert new_threshold(counts, counts[:, 12], 0.5) == TRIED[12]
    # more than any threshold finds
    assert new_threshold(counts, counts[:, 0] + 7, 0.5) == TRIED[0]


def test_another_threshold_if_it_is_surely_better():
    counts = curve(best=20, height=10)
    assert new_threshold(counts, counts[:, 12], 0.5) == TRIED[20]
    # better on half of the documents and worse on the others, which is a matter of chance
    counts = curve(best=20, height=0)
    counts[::2, 20, 0] += 12
    counts[1::2, 20, 0] -= 11
    assert new_threshold(counts, counts[:, 20 - 1], 0.5) == TRIED[19]


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_of_thresholds_that_do_as_well_the_nearest(threshold):
    # nothing lies between them: all find the same
    counts = np.full((5, len(TRIED), 3), 10.0)
    assert new_threshold(counts, counts[:, 0], threshold) == threshold
    # those below find less that is right
    counts[:, :12, 0] = 5
    assert new_threshold(counts, counts[:, 0], threshold) == max(threshold, TRIED[12])


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
    assert least_sure(np.array([])) is None
    p = np.linspace(0, 1, 101)
    assert (p < least_sure(p)).mean() == pytest.approx(0.2, abs=0.01)
