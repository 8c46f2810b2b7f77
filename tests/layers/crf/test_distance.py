"""The bound that heads are tied by: KL of two CRFs' conditionals against the distance of their weights.

The derivation is in `spacy_clinner.pipeline.tagger.tying`; here it meets the enumeration of all paths.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_clinner.layers.crf import CRFParams
from spacy_clinner.layers.tags.layout import count_tags

from .brute_force import all_paths, random_params


def norm(array):
    return float(np.sqrt((array**2).sum()))


def bound(rows, weights, bias, params):
    """2 D and 2 C ||d theta|| of the derivation, from the differences of the weights."""
    length, total = len(rows), float(np.sqrt((rows**2).sum(axis=1)).sum())
    moves = norm(np.concatenate([params.between.ravel(), params.within.ravel()]))
    parts = np.array([norm(weights), norm(bias), moves, norm(params.start), norm(params.end)])
    factors = np.array([total, length, max(length - 1, 0), 1, 1])
    return 2 * float(parts @ factors), 2 * norm(factors) * norm(parts)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000), st.sampled_from([(1, 1), (1, 4), (2, 3), (3, 2)]), st.sampled_from([1e-3, 0.1, 1.0, 5.0])
)
def test_divergence_is_bounded_by_the_distance_of_weights(seed, sizes, distance):
    n_labels, length = sizes
    rng = np.random.default_rng(seed)
    n_tags, width = count_tags(n_labels), 3
    rows = rng.normal(size=(length, width))
    weights, bias = rng.normal(size=(n_tags, width)), rng.normal(size=n_tags)
    source = random_params(rng, n_labels)
    d_weights, d_bias = distance * rng.normal(size=weights.shape), distance * rng.normal(size=bias.shape)
    d_params = random_params(rng, n_labels, distance)
    target = CRFParams(*(old + change for old, change in zip(source, d_params, strict=True)))
    one = all_paths(source, rows @ weights.T + bias)
    other = all_paths(target, rows @ (weights + d_weights).T + bias + d_bias)
    # the same paths in one order
    order = [np.lexsort(paths.tags.T) for paths in (one, other)]
    log_one, log_other = ((paths.scores - paths.log_z)[index] for paths, index in zip((one, other), order, strict=True))
    sharp, plain = bound(rows, d_weights, d_bias, d_params)
    assert np.abs(log_one - log_other).max() <= sharp + 1e-9 <= plain + 2e-9
    for left, right in ((log_one, log_other), (log_other, log_one)):
        divergence = float((np.exp(left) * (left - right)).sum())
        assert -1e-9 <= divergence <= sharp + 1e-9


def test_equal_weights_have_no_divergence():
    zeros = CRFParams(np.zeros((3, 3)), np.zeros((4, 1)), np.zeros(3), np.zeros(3))
    assert bound(np.ones((2, 3)), np.zeros((5, 3)), np.zeros(5), zeros) == pytest.approx((0, 0))
