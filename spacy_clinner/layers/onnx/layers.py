"""Layers that an ONNX graph computes, in place of those that torch does: the same input and output, no training."""

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import numpy as np
from thinc.api import Model
from thinc.types import Floats2d

from ...errors import Errors
from ..buckets import plan_buckets
from ..lstm.chars import Chars
from .session import OnnxShim

_OF_ROWS = ("bilstm", "coupled_bilstm")
_OF_CHARS = ("char_cnn", "char_lstm", "coupled_char_lstm")
REPLACED = _OF_ROWS + _OF_CHARS


def onnx_twin(layer: Model, graph: bytes | None = None) -> Model:
    """Make the layer that takes another one's place.

    layer (Model): one of `layers.lstm`, named in `REPLACED`.
    graph (Optional[bytes]): what it computes, as of `make_graph`; None: it is to be loaded.
    RETURNS (Model): the layer. Training or initialising it raises CE400, using it without a graph CE401.
    """
    kept = ("nO", "nI") if layer.name in _OF_ROWS else ("nO", "nV")
    return Model(
        f"onnx_{layer.name}",
        _forward_rows if layer.name in _OF_ROWS else _forward_chars,
        init=_refuse,
        dims={dim: layer.maybe_get_dim(dim) for dim in kept},
        shims=[OnnxShim(graph)],
    )


def _graph_of(model: Model) -> Any:
    return model.shims[0]


def _refuse(model: Model, X=None, Y=None) -> NoReturn:
    raise ValueError(Errors.CE400.format(layer=model.name))


def _forward_rows(
    model: Model, X: list[Floats2d], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Floats2d]]]:
    if is_train:
        _refuse(model)
    ops = model.ops
    lengths = np.array([len(x) for x in X], dtype="int32")
    total = int(lengths.sum())
    Y = np.zeros((total, model.get_dim("nO")), dtype="f")
    if total:
        rows = ops.to_numpy(ops.flatten(X))
        for bucket in plan_buckets(lengths):
            # padding may read any row; another number than those of the rows could stretch what int8 has to cover
            index = np.minimum(bucket.index, total - 1)
            inside = bucket.index < total
            states = _graph_of(model).run(rows=rows, index=index, lengths=lengths[bucket.sequences])
            Y[bucket.index[inside]] = states[inside]
    return ops.unflatten(ops.asarray2f(Y), lengths), partial(_refuse, model)


def _forward_chars(model: Model, X: Chars, is_train: bool) -> tuple[Floats2d, Callable[[Floats2d], Chars]]:
    if is_train:
        _refuse(model)
    chars, lengths = X
    Y = np.zeros((len(lengths), model.get_dim("nO")), dtype="f")
    rows = np.append(chars, model.get_dim("nV"))
    lengths = lengths.astype("int32")
    for bucket in plan_buckets(lengths):
        Y[bucket.sequences] = _graph_of(model).run(index=rows[bucket.index], lengths=lengths[bucket.sequences])
    return model.ops.asarray2f(Y), partial(_refuse, model)
