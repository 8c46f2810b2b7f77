"""One vector a word from its characters: a convolution or a bidirectional LSTM over ragged character rows."""

from collections.abc import Callable

import numpy as np
from thinc.api import Model
from thinc.types import Floats2d, Ints1d

from ..buckets import plan_buckets
from .bilstm import BiLSTM, run_direction
from .bilstm import init as init_bilstm
from .dropout import dropout_attrs, get_dropout
from .sizes import check_window
from .torch_bridge import call_torch

# Words x characters: the input of both layers. Flat character rows, and the number of characters of each word.
Chars = tuple[Ints1d, Ints1d]


def CharCNN(nO: int, *, n_rows: int, width: int = 30, window: int = 3) -> Model:
    """Convolution over a word's character embeddings, maximum over its positions.

    nO (int): number of filters.
    n_rows (int): rows of the character table.
    width (int): width of a character embedding.
    window (int): characters that a filter sees; odd.
    RETURNS (Model[Chars, Floats2d]): the layer.
    RAISES (ValueError): CE135 if the window is even.

    Shape: input (n_chars,) and (n_words,), output (n_words, nO).
    Source: Ma & Hovy 2016, section 2.1 (width 30, 30 filters, window 3, dropout before the convolution).
    """
    check_window(window)
    return Model(
        "char_cnn",
        _forward_cnn,
        init=_init_cnn,
        dims={"nO": nO, "nV": n_rows, "nM": width, "kernel": window},
        params={"char_table": None, "filters": None, "bias": None},
        attrs=dropout_attrs(None),
    )


def CharLSTM(nO: int, *, n_rows: int, width: int = 25) -> Model:
    """Bidirectional LSTM over a word's character embeddings, the last state of each direction.

    nO (int): width of the output, both directions together; even.
    n_rows (int): rows of the character table.
    width (int): width of a character embedding.
    RETURNS (Model[Chars, Floats2d]): the layer.
    RAISES (ValueError): CE140 if nO is odd.

    Shape: input (n_chars,) and (n_words,), output (n_words, nO).
    Source: Lee, Dernoncourt & Szolovits 2017 (character embeddings of 25, 25 units a direction).
    """
    lstm = BiLSTM(nO, width)
    return Model(
        "char_lstm",
        _forward_lstm,
        init=_init_lstm,
        dims={"nO": nO, "nV": n_rows, "nI": width},
        params={"char_table": None, **dict.fromkeys(lstm.param_names)},
        attrs={"depth": 1},
    )


def draw_table(model: Model, width: int) -> None:
    """Set the table of character embeddings of a layer (`char_table`) to uniform draws.

    model (Model): the layer, with the number of rows as its dimension nV.
    width (int): width of a character embedding.
    """
    limit = (3.0 / width) ** 0.5
    table = np.random.uniform(-limit, limit, (model.get_dim("nV"), width))
    model.set_param("char_table", model.ops.asarray2f(table.astype("f")))


def _init_cnn(model: Model, X=None, Y=None) -> None:
    width, window, nO = model.get_dim("nM"), model.get_dim("kernel"), model.get_dim("nO")
    draw_table(model, width)
    limit = (6.0 / (width * window + nO)) ** 0.5
    filters = np.random.uniform(-limit, limit, (nO, width, window)).astype("f")
    model.set_param("filters", model.ops.xp.asarray(filters))
    model.set_param("bias", model.ops.alloc1f(nO))


def _init_lstm(model: Model, X=None, Y=None) -> None:
    draw_table(model, model.get_dim("nI"))
    init_bilstm(model)


def _forward_cnn(model: Model, X: Chars, is_train: bool):
    return run_on_chars(model, X, is_train, _convolve, get_dropout(model, is_train))


def _forward_lstm(model: Model, X: Chars, is_train: bool):
    return run_on_chars(model, X, is_train, _last_states)


def run_on_chars(
    model: Model, X: Chars, is_train: bool, function: Callable, *args
) -> tuple[Floats2d, Callable[[Floats2d], Chars]]:
    """Run a torch function from words' characters to words' vectors inside a layer.

    model (Model): the layer that owns the parameters.
    X (Chars): flat character rows, and the number of characters of each word.
    is_train (bool): whether to record what the backward pass needs.
    function (Callable): takes None, the weights by name, `chars`, `lengths` and `args`; returns a tensor (n_words, nO).
    RETURNS (Tuple[Floats2d, Callable]): the vectors, and their backprop callback.
    """
    chars, lengths = X
    if not len(chars):
        return model.ops.alloc2f(len(lengths), model.get_dim("nO")), lambda dY: X
    Y, backprop_params = call_torch(model, function, model.param_names, None, chars, lengths, *args, is_train=is_train)

    def backprop(dY: Floats2d) -> Chars:
        backprop_params(dY)
        return X

    return Y, backprop


def _convolve(_, weights: dict, chars: Ints1d, lengths: Ints1d, rate: float):
    import torch
    from torch.nn.functional import conv1d, dropout, embedding

    filters = weights["filters"]
    device = filters.device
    rows = torch.from_numpy(np.append(chars, 0)).to(device)
    outputs, words = [], []
    for bucket in plan_buckets(lengths):
        index = torch.from_numpy(bucket.index).to(device)
        inside = (index < len(chars)).unsqueeze(-1)
        vectors = dropout(embedding(rows[index], weights["char_table"]), rate, training=rate > 0) * inside
        conv = conv1d(vectors.permute(1, 2, 0), filters, weights["bias"], padding=filters.shape[2] // 2)
        conv = conv.masked_fill(~inside.permute(1, 2, 0), float("-inf"))
        outputs.append(conv.amax(dim=2))
        words.append(bucket.sequences)
    return _in_order(outputs, words, len(lengths))


def _last_states(_, weights: dict, chars: Ints1d, lengths: Ints1d):
    return last_states(weights["char_table"], weights, ("forward_0", "backward_0"), chars, lengths)


def last_states(table, weights: dict, names: tuple[str, str], chars: Ints1d, lengths: Ints1d):
    """Read words forwards and backwards and keep the last state of each direction.

    table (torch.Tensor): character embeddings. Shape: (n_rows, width)
    weights (Dict[str, torch.Tensor]), names (Tuple[str, str]): the two directions, as for `run_direction`.
    chars (Ints1d), lengths (Ints1d): flat character rows, and the number of characters of each word.
    RETURNS (torch.Tensor): vectors, zeros for a word without characters. Shape: (n_words, nO)
    """
    import torch
    from torch.nn.functional import embedding

    vectors = embedding(torch.from_numpy(chars).to(table.device), table)
    padded = torch.cat([vectors, vectors.new_zeros(1, vectors.shape[1])])
    buckets = plan_buckets(lengths)
    ends = torch.from_numpy(np.cumsum(lengths)).to(table.device)
    filled = torch.from_numpy(np.flatnonzero(lengths)).to(table.device)
    last = run_direction(padded, weights, names[0], buckets).index_select(0, (ends - 1)[filled])
    first = run_direction(padded, weights, names[1], buckets).index_select(
        0, (ends - torch.from_numpy(np.asarray(lengths)).to(table.device))[filled]
    )
    return _in_order([torch.cat([last, first], dim=1)], [filled.cpu().numpy()], len(lengths))


def _in_order(outputs: list, words: list, n_words: int):
    """Rows of all words in their order; a word without characters has zeros."""
    import torch

    rows = torch.cat(outputs)
    where = torch.from_numpy(np.concatenate(words)).to(rows.device)
    return rows.new_zeros(n_words, rows.shape[1]).index_copy(0, where, rows)
