import numpy as np
import pytest

from spacy_clinner.scoring.resampling import sign_flip_test


def test_all_signs_of_few_differences():
    assert sign_flip_test([1, 1, 1]) == 2 / 8
    assert sign_flip_test([1, 2, -1]) == 6 / 8
    assert sign_flip_test([0.0, 0.0]) == 1


def test_random_signs_of_many_differences():
    rng = np.random.default_rng(0)
    assert sign_flip_test(rng.normal(1, 1, 40)) == pytest.approx(1 / 10_001, abs=1e-4)
    p_values = [sign_flip_test(rng.normal(0, 1, 20), n_permutations=500) for _ in range(100)]
    assert 0.3 < np.mean(np.array(p_values) < 0.5) < 0.7 and np.mean(np.array(p_values) < 0.05) < 0.15
