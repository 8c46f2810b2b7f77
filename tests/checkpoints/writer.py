"""Write small TensorFlow bundles and NeuroNER models, of random weights, for tests of their readers."""

import pickle
import struct
import sys
import types
from collections import OrderedDict

import numpy as np

from spacy_clinner.checkpoints.crc32c import masked_crc32c

MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
DTYPES = {"float32": 1, "float64": 2, "int32": 3, "int64": 9}
SETTINGS = """[ann]
use_character_lstm = True
use_crf = True
[advanced]
tagging_format = bioes
tokenizer = spacy
check_for_lowercase = True
check_for_digits_replaced_with_zeros = True
"""


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def entry(array, offset, checksum, *, dtype=None, extra=b""):
    shape = b"".join(field(2, field(1, size)) for size in array.shape)
    proto = field(1, DTYPES[array.dtype.name] if dtype is None else dtype) + field(2, shape)
    proto += field(4, offset) + field(5, array.nbytes)
    return proto + varint(6 << 3 | 5) + struct.pack("<I", checksum) + extra


def block(pairs, compression=0):
    body, last = b"", b""
    for key, value in pairs:
        shared = 0
        while shared < min(len(last), len(key)) and last[shared] == key[shared]:
            shared += 1
        body += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    body += struct.pack("<II", 0, 1) + bytes([compression])
    return body + struct.pack("<I", masked_crc32c(body))


def table(pairs, per_block=3, **kwargs):
    """A LevelDB table with several blocks."""
    data, index = b"", []
    for start in range(0, len(pairs), per_block):
        stored = block(pairs[start : start + per_block], **kwargs)
        last = pairs[start : start + per_block][-1][0]
        index.append((last, varint(len(data)) + varint(len(stored) - 5)))
        data += stored
    handles = b""
    for content in (block([]), block(index)):
        handles += varint(len(data)) + varint(len(content) - 5)
        data += content
    return data + handles.ljust(40, b"\0") + MAGIC


def write_bundle(prefix, tensors, *, header=None, per_block=3, dtype=None, extra=b"", **kwargs):
    header = field(1, 1) + field(3, field(1, 1)) if header is None else header
    data, pairs = b"", [(b"", header)]
    for name, array in sorted(tensors.items()):
        checksum = masked_crc32c(array.tobytes())
        pairs.append((name.encode(), entry(array, len(data), checksum, dtype=dtype, extra=extra)))
        data += array.tobytes()
    prefix.with_name(prefix.name + ".index").write_bytes(table(pairs, per_block, **kwargs))
    prefix.with_name(prefix.name + ".data-00000-of-00001").write_bytes(data)


def random_tensors(n_tags, n_rows, char=3, char_units=2, vector=4, units=5, hidden=6):
    rng = np.random.default_rng(0)
    shapes = {
        "character_embedding/character_embedding_weights": (n_rows, char),
        "token_embedding/token_embedding_weights": (1, vector),
        "feedforward_after_lstm/W": (2 * units, hidden),
        "feedforward_after_lstm/bias": (hidden,),
        "feedforward_before_crf/W": (hidden, n_tags),
        "feedforward_before_crf/bias": (n_tags,),
        "crf/transitions": (n_tags + 2, n_tags + 2),
    }
    for scope, nI, H in (("character", char, char_units), ("token", 2 * char_units + vector, units)):
        base = f"{scope}_lstm/bidirectional_LSTM"
        for way, short in (("forward", "fw"), ("backward", "bw")):
            cell = f"{base}/bidirectional_rnn/{short}/coupled_input_forget_gate_lstm_cell"
            shapes |= {f"{cell}/W_0": (nI + H, 3 * H), f"{cell}/B": (3 * H,)}
            shapes |= {f"{base}/{way}/initial_{state}_state": (1, H) for state in ("cell", "output")}
    tensors = {name: rng.normal(size=shape).astype("f") for name, shape in shapes.items()}
    return tensors | {"global_step": np.array(7, dtype="int32")}


def dump_dataset(path, attributes):
    """A pickle of an object of the class `dataset.Dataset`, as NeuroNER writes it."""
    module = types.ModuleType("dataset")
    module.Dataset = type("Dataset", (), {"__module__": "dataset"})
    dataset = module.Dataset()
    dataset.__dict__.update(attributes)
    sys.modules["dataset"] = module
    try:
        path.write_bytes(pickle.dumps(dataset, protocol=3))
    finally:
        del sys.modules["dataset"]


def write_checkpoint(folder, labels=("NAME", "DATE"), characters="eatz19", settings=SETTINGS, **tensors):
    """A NeuroNER model with all its files; its tags are numbered alphabetically, as in the published ones."""
    tags = sorted(["O", *(f"{kind}-{label}" for kind in "BIES" for label in labels)])
    folder.mkdir(parents=True, exist_ok=True)
    maps = {
        "label_to_index": OrderedDict((tag, number) for number, tag in enumerate(tags)),
        "character_to_index": OrderedDict((char, row) for row, char in enumerate(characters, 1)),
        "token_to_index": {"UNK": 0},
        "unique_labels": tags,
        "verbose": False,
        "UNK": "UNK",
        "name": None,
    }
    dump_dataset(folder / "dataset.pickle", maps)
    (folder / "parameters.ini").write_text(settings)
    weights = random_tensors(len(tags), 1 + len(characters)) | tensors
    write_bundle(folder / "model.ckpt", weights)
    return tags, weights
