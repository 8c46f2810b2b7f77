import numpy as np
import pytest

from spacy_clinner.scoring.resampling import sign_flip_test


def test_all_signs_of_few_differences():
    assert sign_flip_test([1, 1, 1]) == 2 / 8
    assert sign_flip_test([1, 2, -1]) == 6 / 8
    assert sign_flip_test([0.0, 0.0]) == 1
    # differences of F1 are small
    assert sign_flip_test([0.001, 0.002, -0.001]) == 6 / 8


def test_signs_are_drawn_if_there_are_too_many():
    drawn = np.random.default_rng(0).choice((-1, 1), size=(7, 3))
    by_chance = (abs(drawn.sum(1)) == 3).sum()
    # those observed are among them
    assert sign_flip_test([1, 1, 1], n_permutations=7) == (by_chance + 1) / 8
    assert sign_flip_test([1, 1, 1], n_permutations=8) == 2 / 8
    assert len({sign_flip_test([1, 2, 3, 4, 5, 6], n_permutations=50, seed=seed) for seed in range(5)}) > 1


def test_random_signs_of_many_differences():
    rng = np.random.default_rng(0)
    assert sign_flip_test(rng.normal(1, 1, 40)) == pytest.approx(1 / 10_001, abs=1e-4)
    p_values = [sign_flip_test(rng.normal(0, 1, 20), n_permutations=500) for _ in range(100)]
    assert 0.3 < np.mean(np.array(p_values) < 0.5) < 0.7 and np.mean(np.array(p_values) < 0.05) < 0.15
