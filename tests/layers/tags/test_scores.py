import numpy as np
import pytest

from spacy_clinner.layers.tags.scores import TagScores

from ...toys.gradients import assert_gradients, squares


@pytest.fixture
def model():
    model = TagScores(nO=13, nI=4)
    model.initialize()
    return model


def test_weights_of_a_tag_are_its_own_its_kinds_and_its_labels(model):
    X = np.random.default_rng(0).normal(size=(5, 4)).astype("f")
    tags, kinds, labels = (model.get_param(name) for name in ("tags", "kinds", "labels"))
    model.set_param("bias", np.arange(13, dtype="f"))
    # three labels: O, B-0 B-1 B-2, I-0 ..., S-2
    rows = [tags[0] + kinds[0]]
    rows += [tags[1 + 3 * kind + label] + kinds[1 + kind] + labels[label] for kind in range(4) for label in range(3)]
    assert np.allclose(model.predict(X), X @ np.array(rows).T + np.arange(13), atol=1e-5)


def test_gradients(model):
    X = np.random.default_rng(0).normal(size=(5, 4)).astype("f")
    assert_gradients(model, X, lambda Y: squares([Y]), lambda Y: Y)


def test_sizes_from_a_sample():
    model = TagScores()
    model.initialize(X=np.zeros((2, 3), dtype="f"), Y=np.zeros((2, 9), dtype="f"))
    assert model.get_param("tags").shape == (9, 3) and model.get_param("labels").shape == (2, 3)
