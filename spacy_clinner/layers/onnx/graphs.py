"""ONNX graphs of the layers that compute in torch, made of their weights.

Every graph reads a padded block, as `layers.buckets` lays it out, and nothing is packed: `index`, shape (L, B),
and `lengths`, shape (B,). In graphs of sequences, `index` points into `rows`, shape (N, nI); in those of words, into a
table of characters that is in the graph, and padding points one past it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from thinc.api import Model

from ..lstm.coupled import four_gates

# What all releases of ONNX Runtime since 2022 read.
OPSET, _IR_VERSION = 17, 8
# Rows of torch's stacked gates (input, forget, cell, output) in ONNX's order: input, output, forget, cell.
_GATE_ORDER = (0, 3, 1, 2)
_WAYS = ("forward", "backward")
# type and sizes of what graphs read
_INPUTS = {"rows": ("float32", ("N", "nI")), "index": ("int64", ("L", "B")), "lengths": ("int32", ("B",))}

Weights = dict[str, np.ndarray]


def make_graph(layer: Model) -> bytes:
    """Write a layer as an ONNX graph.

    layer (Model): one of `layers.lstm`, initialised; its name is among `GRAPHS`.
    RETURNS (bytes): the serialized graph.
    """
    weights = {name: layer.ops.to_numpy(layer.get_param(name)) for name in layer.param_names}
    return GRAPHS[layer.name](layer, weights)


def _bilstm(layer: Model, weights: Weights) -> bytes:
    stacked = [[f"{way}_{depth}" for way in _WAYS] for depth in range(layer.attrs["depth"])]
    return _rows_graph(layer, weights, stacked)


def _coupled_bilstm(layer: Model, weights: Weights) -> bytes:
    return _rows_graph(layer, _uncoupled(weights), [_WAYS])


def _char_lstm(layer: Model, weights: Weights) -> bytes:
    return _words_graph(weights, [f"{way}_0" for way in _WAYS])


def _coupled_char_lstm(layer: Model, weights: Weights) -> bytes:
    return _words_graph(_uncoupled(weights), _WAYS)


def _uncoupled(weights: Weights) -> Weights:
    import torch

    return {
        name: tensor.numpy() for name, tensor in four_gates({k: torch.tensor(v) for k, v in weights.items()}).items()
    }


def _char_cnn(layer: Model, weights: Weights) -> bytes:
    """A convolution of embeddings is a sum of rows of tables: those of embeddings times each part of the filters."""
    graph = _Graph("index", "lengths")
    table, filters = (weights[name].astype("float64") for name in ("char_table", "filters"))
    window = filters.shape[2]
    # the row of padding adds nothing beside a word, and as the filter's middle it is never the maximum
    beyond = [np.full(len(filters), -np.inf if offset == window // 2 else 0.0) for offset in range(window)]
    tables = [np.vstack([table @ filters[:, :, offset].T, row]) for offset, row in enumerate(beyond)]
    tables[window // 2] += weights["bias"]
    margin = graph.constant(np.array([window // 2, 0, window // 2, 0], dtype="int64"))
    padded = graph.add("Pad", "index", margin, graph.constant(np.array(len(table), dtype="int64")))
    zero = graph.constant(np.array([0], dtype="int64"))
    parts = []
    for offset, rows in enumerate(tables):
        # without the last `window - 1 - offset` steps
        end = np.array([offset - window + 1 or np.iinfo("int64").max], dtype="int64")
        seen = graph.add("Slice", padded, graph.constant(np.array([offset])), graph.constant(end), zero)
        parts.append(graph.add("Gather", graph.constant(rows.astype("f")), seen))
    return graph.serialize(graph.add("ReduceMax", graph.add("Sum", *parts), axes=[0], keepdims=0), "B", "nO")


def _rows_graph(layer: Model, weights: Weights, stacked: Sequence[Sequence[str]]) -> bytes:
    """LSTM layers over rows, one on the other. Shape of the output: (L, B, nO)"""
    graph = _Graph("rows", "index", "lengths")
    steps = graph.add("Gather", "rows", "index")
    merged = graph.constant(np.array([0, 0, layer.get_dim("nO")]))
    for ways in stacked:
        states, _ = graph.lstm(steps, weights, ways)
        steps = graph.add("Reshape", graph.add("Transpose", states, perm=[0, 2, 1, 3]), merged)
    return graph.serialize(steps, "L", "B", "nO")


def _words_graph(weights: Weights, ways: Sequence[str]) -> bytes:
    """The last states of both directions over characters. Shape of the output: (B, nO)"""
    graph = _Graph("index", "lengths")
    table = np.vstack([weights["char_table"], np.zeros((1, weights["char_table"].shape[1]), dtype="f")])
    _, last = graph.lstm(graph.add("Gather", graph.constant(table), "index"), weights, ways)
    width = sum(weights[f"{way}_recurrent"].shape[1] for way in ways)
    merged = graph.constant(np.array([0, width]))
    return graph.serialize(graph.add("Reshape", graph.add("Transpose", last, perm=[1, 0, 2]), merged), "B", "nO")


class _Graph:
    """A graph under construction; values are known by name."""

    def __init__(self, *inputs: str) -> None:
        """Begin with the inputs, some of `_INPUTS`."""
        self.inputs = inputs
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        return self._add(operator, inputs, 1, attributes)[0]

    def constant(self, value: np.ndarray) -> str:
        from onnx.numpy_helper import from_array

        name = f"constant_{len(self.constants)}"
        self.constants.append(from_array(np.ascontiguousarray(value), name))
        return name

    def lstm(self, steps: str, weights: Weights, ways: Sequence[str]) -> tuple[str, str]:
        """Both directions of a layer: states at every step, (L, 2, B, half), and the last ones, (2, B, half)."""
        half = weights[f"{ways[0]}_recurrent"].shape[1]

        def both(kind: str) -> np.ndarray:
            return np.stack([_in_onnx_order(weights[f"{way}_{kind}"]) for way in ways])

        bias = both("bias")
        constants = (both("input"), both("recurrent"), np.concatenate([bias, np.zeros_like(bias)], axis=1))
        names = [steps, *map(self.constant, constants), "lengths"]
        if f"{ways[0]}_hidden_start" in weights:
            # one start for each sequence of the block
            size = self.add("Concat", self.constant(np.array([2])), self.add("Shape", "lengths"), axis=0)
            shape = self.add("Concat", size, self.constant(np.array([half])), axis=0)
            for state in ("hidden", "cell"):
                start = np.stack([weights[f"{way}_{state}_start"] for way in ways])[:, None]
                names.append(self.add("Expand", self.constant(start), shape))
        states, last = self._add("LSTM", names, 2, {"direction": "bidirectional", "hidden_size": half})
        return states, last

    def serialize(self, output: str, *sizes: str) -> bytes:
        """Close the graph with its output, and check it."""
        from onnx import TensorProto, checker, helper

        values = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), of_input)
            for name, (kind, of_input) in _INPUTS.items()
            if name in self.inputs
        ]
        result = helper.make_tensor_value_info(output, TensorProto.FLOAT, sizes)
        graph = helper.make_graph(self.nodes, "layer", values, [result], self.constants)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, producer_name="spacy_clinner", opset_imports=[opset], ir_version=_IR_VERSION)
        checker.check_model(model)
        return model.SerializeToString()

    def _add(self, operator: str, inputs: Sequence[str], n_outputs: int, attributes: dict[str, Any]) -> list[str]:
        from onnx.helper import make_node

        outputs = [f"{operator}_{len(self.nodes)}_{i}" for i in range(n_outputs)]
        self.nodes.append(make_node(operator, list(inputs), outputs, **attributes))
        return outputs


def _in_onnx_order(gates: np.ndarray) -> np.ndarray:
    return gates.reshape(4, -1, *gates.shape[1:])[list(_GATE_ORDER)].reshape(gates.shape)


# how each layer is written, by its name
GRAPHS: dict[str, Callable[[Model, Weights], bytes]] = {
    "bilstm": _bilstm,
    "coupled_bilstm": _coupled_bilstm,
    "char_cnn": _char_cnn,
    "char_lstm": _char_lstm,
    "coupled_char_lstm": _coupled_char_lstm,
}
