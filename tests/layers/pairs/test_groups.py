"""Pooled scores are log-sums of exponentials, and their gradient is that of finite differences."""

import numpy as np
import pytest
from thinc.api import NumpyOps

from spacy_clinner.layers.pairs.groups import pool_groups

OPS = NumpyOps()
GROUPS = np.array([1, 0, 1, 2, 0, 1])
SCORES = np.random.default_rng(0).normal(size=(6, 2)).astype("f")


def test_pooled_scores():
    pooled, _ = pool_groups(OPS, SCORES, GROUPS)
    wanted = [np.log(np.exp(SCORES[GROUPS == group]).sum(axis=0)) for group in range(3)]
    assert np.allclose(pooled, wanted, atol=1e-6)


def test_gradient():
    pooled, backprop = pool_groups(OPS, SCORES, GROUPS)
    d_pooled = np.random.default_rng(1).normal(size=pooled.shape).astype("f")
    gradient = backprop(d_pooled)
    for index in np.ndindex(SCORES.shape):
        moved = [SCORES.astype("float64") for _ in range(2)]
        moved[0][index] += 1e-3
        moved[1][index] -= 1e-3
        high, low = (float((pool_groups(OPS, scores, GROUPS)[0] * d_pooled).sum()) for scores in moved)
        assert gradient[index] == pytest.approx((high - low) / 2e-3, abs=1e-3)


def test_large_scores_do_not_overflow():
    pooled, backprop = pool_groups(OPS, np.array([[500.0], [-500.0]], dtype="f"), np.array([0, 0]))
    assert pooled.tolist() == [[500.0]] and backprop(np.ones((1, 1), dtype="f")).tolist() == [[1.0], [0.0]]
