"""What a threshold of relations is compared with."""

import numpy as np

from spacy_clinner.pipeline.relations.confidence import confidences


def test_odds_are_compared_with_the_best():
    probabilities = np.array([0.5, 0.8, 0.2])
    assert confidences(probabilities, relative=False) is probabilities
    assert np.allclose(confidences(probabilities, relative=True), [1 / 4, 1, 1 / 16])
    assert confidences(probabilities[:0], relative=True).shape == (0,)


def test_certain_relations_stay_comparable():
    ratios = confidences(np.array([[1.0, 0.0], [1.0, 0.5]]), relative=True)
    assert (ratios[:, 0] == 1).all() and 0 < ratios[0, 1] < ratios[1, 1] < 1e-6
    assert confidences(np.zeros(2), relative=True).tolist() == [1, 1]
