"""The LSTM whose input gate is what its forget gate leaves over, with learned start states: NeuroNER's cell.

    j, f, o = [x; h] W + b;  f = sigmoid(f + 1);  c = f * c + (1 - f) * tanh(j);  h = sigmoid(o) * tanh(c)

As 1 - sigmoid(z) = sigmoid(-z), this is an ordinary LSTM whose input gate has minus the weights of the forget gate. So
torch's kernel computes it from three gates written out as four, and autograd keeps the two gates coupled in training.
"""

import numpy as np
from thinc.api import Model
from thinc.types import Floats2d

from ..buckets import plan_buckets
from .bilstm import run_direction
from .chars import Chars, draw_table, last_states, run_on_chars
from .sizes import check_even
from .torch_bridge import call_torch

# order of the gates in the stacked weights: cell, forget, output
_GATES = 3
# added to the forget gate whenever the cell runs; not part of its bias
_FORGET_BIAS = 1.0
_WAYS = ("forward", "backward")
_KINDS = ("input", "recurrent", "bias", "hidden_start", "cell_start")
_PARAMS = tuple(f"{way}_{kind}" for way in _WAYS for kind in _KINDS)


def CoupledBiLSTM(nO: int, nI: int | None = None) -> Model[list[Floats2d], list[Floats2d]]:
    """One bidirectional layer of coupled LSTM cells, with learned start states.

    nO (int): width of the output, both directions together; even.
    nI (Optional[int]): width of the input; found at initialisation if None.
    RETURNS (Model[List[Floats2d], List[Floats2d]]): the layer.
    RAISES (ValueError): CE140 if nO is odd.

    Shape: input (length_i, nI) for each sequence i, output (length_i, nO). Parameters of each direction, H = nO / 2:
    input (3H, nI), recurrent (3H, H), bias (3H,), hidden_start (H,), cell_start (H,).
    Source: CoupledInputForgetGateLSTMCell of TensorFlow 1 (after Greff et al. 2015) without peepholes, as NeuroNER
    uses it (Dernoncourt, Lee & Szolovits 2017).
    """
    check_even(nO)
    return Model("coupled_bilstm", _forward, init=_init, dims={"nO": nO, "nI": nI}, params=dict.fromkeys(_PARAMS))


def CoupledCharLSTM(nO: int, *, n_rows: int, width: int = 25) -> Model[Chars, Floats2d]:
    """Coupled LSTM cells over a word's character embeddings, the last state of each direction.

    nO (int): width of the output, both directions together; even.
    n_rows (int): rows of the character table.
    width (int): width of a character embedding.
    RETURNS (Model[Chars, Floats2d]): the layer.
    RAISES (ValueError): CE140 if nO is odd.

    Shape: input (n_chars,) and (n_words,), output (n_words, nO). Parameters: char_table (n_rows, width) and those of
    `CoupledBiLSTM`.
    Source: Dernoncourt, Lee & Szolovits 2017 (character embeddings of 25, 25 units a direction).
    """
    check_even(nO)
    return Model(
        "coupled_char_lstm",
        _forward_chars,
        init=_init_chars,
        dims={"nO": nO, "nV": n_rows, "nI": width},
        params={"char_table": None, **dict.fromkeys(_PARAMS)},
    )


def _init(model: Model, X: list[Floats2d] | None = None, Y=None) -> None:
    """Draw weights and start states Glorot-uniformly, as NeuroNER does; biases start at zero."""
    if model.has_dim("nI") is None and X:
        model.set_dim("nI", X[0].shape[1])
    nI, half = model.get_dim("nI"), model.get_dim("nO") // 2
    limit, start = (6.0 / (nI + half + _GATES * half)) ** 0.5, (6.0 / (1 + half)) ** 0.5
    for way in _WAYS:
        drawn = {
            "input": np.random.uniform(-limit, limit, (_GATES * half, nI)),
            "recurrent": np.random.uniform(-limit, limit, (_GATES * half, half)),
            "bias": np.zeros(_GATES * half),
            "hidden_start": np.random.uniform(-start, start, half),
            "cell_start": np.random.uniform(-start, start, half),
        }
        for kind, array in drawn.items():
            model.set_param(f"{way}_{kind}", model.ops.xp.asarray(array, dtype="f"))


def _init_chars(model: Model, X=None, Y=None) -> None:
    draw_table(model, model.get_dim("nI"))
    _init(model)


def _forward(model: Model, X: list[Floats2d], is_train: bool):
    lengths = [len(x) for x in X]
    if not sum(lengths):
        empty = [model.ops.alloc2f(0, model.get_dim("nO")) for _ in X]
        return empty, lambda dY: [model.ops.alloc2f(0, model.get_dim("nI")) for _ in dY]
    flat, backprop_flat = call_torch(model, _run, _PARAMS, model.ops.flatten(X), lengths, is_train=is_train)

    def backprop(dY: list[Floats2d]) -> list[Floats2d]:
        return model.ops.unflatten(backprop_flat(model.ops.flatten(dY)), lengths)

    return model.ops.unflatten(flat, lengths), backprop


def _run(X, weights: dict, lengths: list[int]):
    import torch

    padded = torch.cat([X, X.new_zeros(1, X.shape[1])])
    buckets = plan_buckets(lengths)
    four = four_gates(weights)
    return torch.cat([run_direction(padded, four, way, buckets) for way in _WAYS], dim=1)


def _forward_chars(model: Model, X: Chars, is_train: bool):
    return run_on_chars(model, X, is_train, _run_chars)


def _run_chars(_, weights: dict, chars, lengths):
    return last_states(weights["char_table"], four_gates(weights), _WAYS, chars, lengths)


def four_gates(weights: dict) -> dict:
    """Write three gates out as torch's four.

    weights (Dict[str, torch.Tensor]): parameters of a layer of coupled cells.
    RETURNS (Dict[str, torch.Tensor]): the same, those of the cells with input, forget, cell and output gate.
    """
    import torch

    four = dict(weights)
    for way in _WAYS:
        for kind in ("input", "recurrent", "bias"):
            cell, forget, output = weights[f"{way}_{kind}"].chunk(_GATES)
            if kind == "bias":
                forget = forget + _FORGET_BIAS
            four[f"{way}_{kind}"] = torch.cat([-forget, forget, cell, output])
    return four
