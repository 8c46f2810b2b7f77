import numpy as np
import pytest
import torch
from thinc.api import fix_random_seed

from spacy_clinner.layers.lstm.bilstm import BiLSTM

from ...toys.gradients import assert_gradients, squares


def sequences(*lengths, width=5):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, width)).astype("f") for length in lengths]


@pytest.mark.parametrize("depth", [1, 2])
def test_equals_torch_module(depth):
    X = sequences(4, 1, 7, 2, 3, 7)
    model = BiLSTM(6, depth=depth)
    model.initialize(X)
    module = torch.nn.LSTM(5, 3, num_layers=depth, bidirectional=True)
    state = {}
    for layer in range(depth):
        for way, suffix in (("forward", ""), ("backward", "_reverse")):
            for ours, theirs in (("input", "weight_ih"), ("recurrent", "weight_hh"), ("bias", "bias_ih")):
                param = model.get_param(f"{way}_{layer}_{ours}")
                state[f"{theirs}_l{layer}{suffix}"] = torch.from_numpy(param.copy())
            state[f"bias_hh_l{layer}{suffix}"] = torch.zeros(12)
    module.load_state_dict(state)
    for x, y in zip(X, model.predict(X), strict=True):
        expected = module(torch.from_numpy(x)[:, None])[0][:, 0].detach().numpy()
        assert np.allclose(y, expected, atol=1e-6)


@pytest.mark.parametrize("lengths", [(0,), (1,), (2,), (3,), (3, 0, 1), (1, 2, 3, 4, 5, 6, 7, 8, 9, 30)])
def test_batch_equals_single_and_keeps_lengths(lengths):
    X = sequences(*lengths)
    model = BiLSTM(6, 5)
    model.initialize()
    batch = model.predict(X)
    assert [y.shape for y in batch] == [(length, 6) for length in lengths]
    for x, y in zip(X, batch, strict=True):
        assert np.allclose(model.predict([x])[0], y, atol=1e-6)


def test_gradients_of_parameters_and_input():
    X = sequences(4, 1, 0, 3)
    model = BiLSTM(6, depth=2)
    model.initialize(X)
    assert_gradients(model, X, squares, lambda Y: Y)
    Y, backprop = model(X, is_train=True)
    dX = backprop(Y)
    shifted = [x.copy() for x in X]
    shifted[0][2, 3] += 1e-2
    assert (squares(model.predict(shifted)) - squares(Y)) / 1e-2 == pytest.approx(dX[0][2, 3], rel=0.05)


def test_dropout_only_in_training_and_fixed_rate_stays():
    from thinc.api import set_dropout_rate

    X = sequences(5)
    free, fixed = BiLSTM(6, 5), BiLSTM(6, 5, dropout=0.0)
    for model in (free, fixed):
        model.initialize()
        set_dropout_rate(model, 0.9)
    assert (free(X, is_train=True)[0][0] == 0).any()
    assert not (free.predict(X)[0] == 0).any()
    assert not (fixed(X, is_train=True)[0][0] == 0).any()


def test_same_seed_same_weights_and_bytes_fill_an_uninitialised_twin():
    X = sequences(4, 2)
    models = []
    for _ in range(2):
        fix_random_seed(3)
        models.append(BiLSTM(6))
        models[-1].initialize(X)
    twin = BiLSTM(6).from_bytes(models[0].to_bytes())
    for model in (models[1], twin):
        assert all((a == b).all() for a, b in zip(model.predict(X), models[0].predict(X), strict=True))


@pytest.mark.parametrize(
    ("code", "sizes"), [("CE140", {"nO": 33}), ("CE140", {"nO": 0}), ("CE135", {"nO": 6, "depth": 0})]
)
def test_sizes_that_cannot_be(code, sizes):
    with pytest.raises(ValueError, match=code):
        BiLSTM(**sizes)
