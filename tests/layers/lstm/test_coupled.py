import numpy as np
import pytest

from spacy_clinner.layers.lstm.coupled import CoupledBiLSTM, CoupledCharLSTM

from ...toys.gradients import assert_gradients, squares
from .coupled_reference import run_both
from .test_bilstm import sequences


def direction(model, way):
    """One direction's parameters in TensorFlow's layout, in double precision."""
    params = {kind: model.get_param(f"{way}_{kind}").astype("float64") for kind in ("input", "recurrent", "bias")}
    starts = [model.get_param(f"{way}_{state}_start") for state in ("hidden", "cell")]
    return np.concatenate([params["input"], params["recurrent"]], axis=1).T, params["bias"], *starts


def with_biases(model):
    """Biases start at zero; draw them, so that a test sees where they go."""
    for way in ("forward", "backward"):
        model.set_param(f"{way}_bias", np.random.normal(size=model.get_param(f"{way}_bias").shape).astype("f"))
    return model


def test_equals_its_definition_step_by_step():
    X = sequences(4, 1, 0, 7, 2)
    model = CoupledBiLSTM(6)
    model.initialize(X)
    with_biases(model)
    Y = model.predict(X)
    assert [y.shape for y in Y] == [(len(x), 6) for x in X]
    for x, y in zip(X, Y, strict=True):
        if len(x):
            expected = run_both(x, direction(model, "forward"), direction(model, "backward"))
            assert np.allclose(y, expected, atol=1e-6)


def test_words_are_the_last_states_of_both_directions():
    model = CoupledCharLSTM(6, n_rows=9, width=5)
    model.initialize()
    with_biases(model)
    chars, lengths = np.array([3, 1, 2, 8, 5, 5, 4]), np.array([3, 0, 1, 3])
    Y = model.predict((chars, lengths))
    assert (Y[1] == 0).all()
    table = model.get_param("char_table")
    for word, rows in ((0, [3, 1, 2]), (2, [8]), (3, [5, 5, 4])):
        states = run_both(table[rows], direction(model, "forward"), direction(model, "backward"))
        assert np.allclose(Y[word], np.concatenate([states[-1, :3], states[0, 3:]]), atol=1e-6)


@pytest.mark.parametrize("lengths", [(0,), (1,), (2,), (3, 0, 1), (1, 2, 3, 9, 30)])
def test_batch_equals_single(lengths):
    X = sequences(*lengths)
    model = CoupledBiLSTM(6, 5)
    model.initialize()
    for x, y in zip(X, model.predict(X), strict=True):
        assert np.allclose(model.predict([x])[0], y, atol=1e-6)


def test_gradients_of_all_parameters_and_the_input():
    X = sequences(4, 1, 0, 3)
    model = CoupledBiLSTM(6)
    model.initialize(X)
    # step and tolerance of single precision; the start states are among the parameters
    assert_gradients(with_biases(model), X, squares, lambda Y: Y)
    Y, backprop = model(X, is_train=True)
    dX = backprop(Y)
    shifted = [x.copy() for x in X]
    shifted[0][2, 3] += 1e-2
    assert (squares(model.predict(shifted)) - squares(Y)) / 1e-2 == pytest.approx(dX[0][2, 3], rel=0.05)


def test_gradients_of_the_character_layer():
    model = CoupledCharLSTM(6, n_rows=9, width=5)
    model.initialize()
    chars = np.array([3, 1, 2, 8, 5, 5, 4]), np.array([3, 0, 1, 3])
    assert_gradients(with_biases(model), chars, lambda Y: squares([Y]), lambda Y: Y)


def test_gates_stay_coupled_in_training_and_bytes_fill_a_twin():
    X = sequences(4, 2)
    model = CoupledBiLSTM(6)
    model.initialize(X)
    Y, backprop = model(X, is_train=True)
    backprop(Y)
    # three gates, not four: nothing there could let the input gate go its own way
    assert model.get_grad("forward_input").shape == model.get_param("forward_input").shape == (9, 5)
    twin = CoupledBiLSTM(6).from_bytes(model.to_bytes())
    assert all((a == b).all() for a, b in zip(twin.predict(X), model.predict(X), strict=True))


@pytest.mark.parametrize("build", [CoupledBiLSTM, lambda width: CoupledCharLSTM(width, n_rows=3)])
def test_an_odd_width_is_an_error(build):
    with pytest.raises(ValueError, match="CE140"):
        build(7)
