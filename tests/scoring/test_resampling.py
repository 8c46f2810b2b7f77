from itertools import product

import numpy as np
import pytest

from spacy_clinner.scoring.counts import micro
from spacy_clinner.scoring.resampling import bootstrap_interval, permutation_test


def random_counts(rng, n, accuracy, n_labels=2):
    """Counts of n documents whose entities are found with a probability."""
    support = rng.integers(1, 20, size=(n, n_labels))
    matched = rng.binomial(support, accuracy)
    return np.stack([matched, support, matched, support], -1).astype(float)


def f1(counts):
    return micro(counts)[..., 2]


def test_interval_is_reproducible_by_seed():
    counts = random_counts(np.random.default_rng(0), 30, 0.7)
    one, same, other = (bootstrap_interval(counts, f1, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    usual = {"n_resamples": 1000, "level": 0.95, "seed": 0}
    assert np.array_equal(bootstrap_interval(counts, f1), bootstrap_interval(counts, f1, **usual))
    assert one[0] < f1(counts.sum(0)) < one[1]


def test_interval_covers_the_truth():
    rng = np.random.default_rng(0)
    intervals = [bootstrap_interval(random_counts(rng, 50, 0.7), f1, n_resamples=200, seed=i) for i in range(200)]
    covered = np.mean([lower <= 0.7 <= upper for lower, upper in intervals])
    assert 0.88 <= covered <= 0.99


def test_interval_has_the_shape_of_the_statistic():
    counts = random_counts(np.random.default_rng(0), 10, 0.5)
    assert bootstrap_interval(counts, micro, n_resamples=20).shape == (2, 3)


def test_interval_of_one_document_is_a_point():
    counts = random_counts(np.random.default_rng(0), 1, 0.5)
    assert bootstrap_interval(counts, f1, n_resamples=20).tolist() == [f1(counts[0])] * 2


def test_interval_is_that_of_documents_drawn_again_and_again():
    counts, rng = random_counts(np.random.default_rng(0), 12, 0.6), np.random.default_rng(7)
    drawn = [f1(counts[rng.integers(12, size=12)].sum(0)) for _ in range(150)]
    found = bootstrap_interval(counts, f1, n_resamples=150, level=0.8, seed=7)
    assert found.tolist() == pytest.approx(np.quantile(drawn, [0.1, 0.9]).tolist())


def test_identical_models_do_not_differ():
    counts = random_counts(np.random.default_rng(0), 20, 0.7)
    assert permutation_test(counts, counts.copy()) == permutation_test(counts, counts.copy(), n_permutations=999) == 1.0


def test_very_different_models_do():
    rng = np.random.default_rng(0)
    one = random_counts(rng, 40, 0.9)
    other = one.copy()
    other[..., [0, 2]] = np.floor(one[..., [0, 2]] / 2)
    p = permutation_test(one, other, n_permutations=999)
    assert p == pytest.approx(1 / 1000)
    assert permutation_test(other, one, n_permutations=999) == p


def test_permutation_agrees_with_exact_enumeration():
    rng = np.random.default_rng(3)
    one, other = random_counts(rng, 8, 0.7), random_counts(rng, 8, 0.6)
    other[..., [1]] = one[..., [1]]  # same gold
    observed = abs(f1(one.sum(0)) - f1(other.sum(0)))
    differences = []
    for swaps in product([False, True], repeat=8):
        swap = np.array(swaps)[:, None, None]
        first, second = np.where(swap, other, one), np.where(swap, one, other)
        differences.append(abs(f1(first.sum(0)) - f1(second.sum(0))))
    exact = np.mean(np.array(differences) >= observed - 1e-12)
    assert permutation_test(one, other, n_permutations=20_000) == pytest.approx(exact, abs=0.01)


def test_permutation_is_reproducible_by_seed():
    rng = np.random.default_rng(0)
    one, other = random_counts(rng, 30, 0.7), random_counts(rng, 30, 0.68)
    assert permutation_test(one, other, seed=1) == permutation_test(one, other, seed=1)
    assert permutation_test(one, other) == permutation_test(one, other, n_permutations=10_000, seed=0)
    assert permutation_test(one, other, seed=1) != permutation_test(one, other, seed=2)


def test_different_numbers_of_documents_are_refused():
    counts = random_counts(np.random.default_rng(0), 3, 0.7)
    with pytest.raises(ValueError, match=r"CE063.*\(3 and 2 of them\)"):
        permutation_test(counts, counts[:2])
