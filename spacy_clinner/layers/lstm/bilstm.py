"""A bidirectional LSTM over ragged sequences, its weights Thinc parameters."""

import numpy as np
from thinc.api import Model
from thinc.types import Floats2d

from ..buckets import plan_buckets
from .dropout import dropout_attrs, get_dropout
from .sizes import check_depth, check_even
from .torch_bridge import call_torch

# torch's order of the gates in the stacked weights: input, forget, cell, output
_GATES = 4


def BiLSTM(nO: int, nI: int | None = None, *, depth: int = 1, dropout: float | None = None) -> Model:
    """Bidirectional LSTM layers, each sequence read in both directions from its own ends.

    Forget biases start at 1, input weights are Glorot-uniform and recurrent ones orthogonal.

    nO (int): width of the output, both directions together; even.
    nI (Optional[int]): width of the input; found at initialisation if None.
    depth (int): number of stacked layers.
    dropout (Optional[float]): rate on the output of every layer; None follows the rate of the training.
    RETURNS (Model[List[Floats2d], List[Floats2d]]): the layer.
    RAISES (ValueError): CE140 if nO is odd, CE135 if there is no layer.

    Shape: input (length_i, nI) for each sequence i, output (length_i, nO).
    Source: Hochreiter & Schmidhuber 1997; biases and rates as Ma & Hovy 2016, section 3.
    """
    check_even(nO)
    check_depth(depth)
    names = [f"{way}_{layer}" for layer in range(depth) for way in ("forward", "backward")]
    return Model(
        "bilstm",
        forward,
        init=init,
        dims={"nO": nO, "nI": nI},
        params={f"{name}_{kind}": None for name in names for kind in ("input", "recurrent", "bias")},
        attrs={"depth": depth, **dropout_attrs(dropout)},
    )


def init(model: Model, X: list[Floats2d] | None = None, Y: list[Floats2d] | None = None) -> None:
    """Set the width of the input from a sample and draw the weights."""
    if model.has_dim("nI") is None and X:
        model.set_dim("nI", X[0].shape[1])
    half = model.get_dim("nO") // 2
    xp = model.ops.xp
    for layer in range(model.attrs["depth"]):
        width = model.get_dim("nI") if layer == 0 else 2 * half
        for way in ("forward", "backward"):
            limit = (6.0 / (width + half)) ** 0.5
            bias = model.ops.alloc1f(_GATES * half)
            bias[half : 2 * half] = 1.0
            squares = [np.linalg.qr(np.random.normal(size=(half, half)))[0] for _ in range(_GATES)]
            inputs = np.random.uniform(-limit, limit, (_GATES * half, width))
            model.set_param(f"{way}_{layer}_input", xp.asarray(inputs, dtype="f"))
            model.set_param(f"{way}_{layer}_recurrent", xp.asarray(np.concatenate(squares), dtype="f"))
            model.set_param(f"{way}_{layer}_bias", bias)


def forward(model: Model, X: list[Floats2d], is_train: bool):
    lengths = [len(x) for x in X]
    if not sum(lengths):
        empty = [model.ops.alloc2f(0, model.get_dim("nO")) for _ in X]
        return empty, lambda dY: [model.ops.alloc2f(0, model.get_dim("nI")) for _ in dY]
    rate = get_dropout(model, is_train)
    flat, backprop_flat = call_torch(
        model, _run, model.param_names, model.ops.flatten(X), lengths, model.attrs["depth"], rate, is_train=is_train
    )

    def backprop(dY: list[Floats2d]) -> list[Floats2d]:
        return model.ops.unflatten(backprop_flat(model.ops.flatten(dY)), lengths)

    return model.ops.unflatten(flat, lengths), backprop


def _run(X, weights: dict, lengths: list[int], depth: int, rate: float):
    """All layers over flat rows. Shape: X (N, nI), result (N, nO)."""
    import torch

    buckets = plan_buckets(lengths)
    for layer in range(depth):
        # padding reads a row of zeros behind the last token
        padded = torch.cat([X, X.new_zeros(1, X.shape[1])])
        ways = [run_direction(padded, weights, f"{way}_{layer}", buckets) for way in ("forward", "backward")]
        X = torch.nn.functional.dropout(torch.cat(ways, dim=1), rate, training=rate > 0)
    return X


def run_direction(padded, weights: dict, name: str, buckets: list):
    """One direction over all buckets, rows back in the order of the input.

    padded (torch.Tensor): flat rows and a last one of zeros for the padding. Shape: (N + 1, width)
    weights (Dict[str, torch.Tensor]): holds `{name}_input`, `{name}_recurrent` and `{name}_bias`; sequences start from
        `{name}_hidden_start` and `{name}_cell_start` if it holds these, else from zeros.
    name (str): starts with "backward" to read the sequences from their ends.
    RETURNS (torch.Tensor): hidden states. Shape: (N, half)
    """
    import torch

    outputs, rows = [], []
    for bucket in buckets:
        index = torch.from_numpy(bucket.reverse if name.startswith("backward") else bucket.index).to(padded.device)
        steps = padded.index_select(0, index.flatten()).view(*index.shape, -1)
        outputs.append(_lstm(steps, weights, name).flatten(0, 1))
        rows.append(index.flatten())
    read = torch.cat(rows)
    # position of every row among the padded steps
    inside = read < len(padded) - 1
    where = torch.empty(len(padded) - 1, dtype=torch.long, device=padded.device)
    where[read[inside]] = inside.nonzero().squeeze(1)
    return torch.cat(outputs).index_select(0, where)


def _lstm(steps, weights: dict, name: str):
    """One LSTM layer over a padded block. Shape: steps (L, B, width), result (L, B, half)."""
    import torch

    recurrent, bias = weights[f"{name}_recurrent"], weights[f"{name}_bias"]
    zeros = steps.new_zeros(recurrent.shape[1])
    start = [
        weights.get(f"{name}_{state}_start", zeros).expand(1, steps.shape[1], -1).contiguous()
        for state in ("hidden", "cell")
    ]
    flat = [weights[f"{name}_input"], recurrent, bias, torch.zeros_like(bias)]
    return torch.lstm(steps, start, flat, True, 1, 0.0, False, False, False)[0]
