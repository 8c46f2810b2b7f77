"""Weights of a graph as 8-bit integers."""

import tempfile
from pathlib import Path


def to_int8(graph: bytes, operator: str = "LSTM") -> bytes:
    """Compute the LSTMs of a graph, or its products of matrices, in 8-bit integers; all else stays as it is.

    Weights have a scale for each gate of each direction, or for each column. Inputs and states get theirs when they are
    there, from the smallest and the largest number of a block, so that a sequence's states depend a little on those it
    is read with.

    graph (bytes): the serialized graph.
    operator (str): "LSTM" or "MatMul".
    RETURNS (bytes): the graph; the same if it has no such operator.
    """
    import onnx

    model = onnx.load_from_string(graph)
    if all(node.op_type != operator for node in model.graph.node):
        return graph
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    # else it warns that the graph should be simplified before: there is nothing to simplify
    add_pre_process_metadata(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.onnx"
        quantize_dynamic(model, path, op_types_to_quantize=[operator], weight_type=QuantType.QInt8, per_channel=True)
        return path.read_bytes()
