import numpy as np
import pytest

from spacy_clinner.scoring.counts import macro, micro, prf, weighted


@pytest.mark.parametrize("average", [prf, micro, macro, weighted])
def test_many_at_once_are_averaged_as_each_alone(average):
    """As the resamples of an interval are."""
    rng = np.random.default_rng(0)
    support, predicted = rng.integers(0, 4, (2, 20, 3, 5))
    matched = rng.integers(0, np.minimum(support, predicted) + 1)
    counts = np.stack([matched, support, matched, predicted], -1).astype(float)
    assert average(counts).tolist() == [[average(one).tolist() for one in row] for row in counts]
