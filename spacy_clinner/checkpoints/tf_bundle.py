"""Read the tensors of a TensorFlow checkpoint (a "V2 bundle") without TensorFlow.

`PREFIX.index` is a LevelDB table: blocks of sorted keys, each key without what it shares with the one before, then an
index of the blocks and a footer. The value of the empty key is a BundleHeaderProto, that of a tensor's name a
BundleEntryProto, which says where in `PREFIX.data-00000-of-00001` the numbers lie. Every block and tensor has a
checksum. Source: doc/table_format.md of LevelDB; tensor_bundle.proto of TensorFlow.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import Errors
from .crc32c import masked_crc32c

_MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
_FOOTER = 48
# after each block: kind of compression, checksum
_TRAILER = 5
_PLAIN = 0
# bytes that 64 bits take
_LONGEST_VARINT = 10
# TensorFlow's numbers of types
_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}


def read_bundle(prefix: Path) -> dict[str, NDArray]:
    """Read all tensors of a checkpoint.

    prefix (Path): path of the checkpoint without `.index` and `.data-00000-of-00001`.
    RETURNS (Dict[str, NDArray]): the tensors by name.
    RAISES (ValueError): CE050 if a file is missing; CE051 if one is cut off or of another format; CE052 if a checksum
        is wrong; CE053 if the bundle uses what is not read here: several files, big-endian numbers, compression,
        partitioned tensors, other types.
    """
    index = prefix.with_name(f"{prefix.name}.index")
    numbers = prefix.with_name(f"{prefix.name}.data-00000-of-00001")
    for path in (index, numbers):
        if not path.is_file():
            raise ValueError(Errors.CE050.format(file=path.name, folder=path.parent))
    try:
        entries = dict(_table(index))
        _check_header(entries.pop(b""), index)
        places = {key.decode("utf8"): dict(_fields(value)) for key, value in entries.items()}
        data = numbers.read_bytes()
        return {name: _tensor(name, fields, data, numbers) for name, fields in places.items()}
    except (LookupError, TypeError, UnicodeDecodeError):
        # what no writer of bundles leaves behind
        raise ValueError(Errors.CE051.format(file=index.name)) from None


def _table(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a LevelDB table; IndexError where it ends too early."""
    data = path.read_bytes()
    if len(data) < _FOOTER or data[-len(_MAGIC) :] != _MAGIC:
        raise IndexError
    footer = data[-_FOOTER:]
    _, position = _handle(footer, 0)
    (start, size), _ = _handle(footer, position)
    for _, value in _block(data, start, size, path):
        (start, size), _ = _handle(value, 0)
        yield from _block(data, start, size, path)


def _handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    """Offset and size of a block, and where the next thing begins."""
    start, position = _varint(data, position)
    size, position = _varint(data, position)
    return (start, size), position


def _block(data: bytes, start: int, size: int, path: Path) -> Iterator[tuple[bytes, bytes]]:
    stored = _take(data, start, size + _TRAILER)
    block, compression = stored[:size], stored[size]
    if masked_crc32c(stored[: size + 1]) != int.from_bytes(stored[size + 1 :], "little"):
        raise ValueError(Errors.CE052.format(file=path.name, what=f"the block at byte {start}"))
    if compression != _PLAIN:
        raise ValueError(Errors.CE053.format(file=path.name, what="compressed blocks"))
    # the block ends with the places where keys are written out, and their number, for binary search
    end = size - 4 * (1 + int.from_bytes(_take(block, size - 4, 4), "little"))
    key, position = b"", 0
    while position < end:
        shared, position = _varint(block, position)
        own, position = _varint(block, position)
        length, position = _varint(block, position)
        key = _take(key, 0, shared) + _take(block, position, own)
        yield key, _take(block, position + own, length)
        position += own + length


def _check_header(header: bytes, path: Path) -> None:
    fields = dict(_fields(header))
    if fields.get(1, 1) != 1:
        raise ValueError(Errors.CE053.format(file=path.name, what=f"{fields[1]} data files"))
    if fields.get(2, 0):
        raise ValueError(Errors.CE053.format(file=path.name, what="big-endian numbers"))


def _tensor(name: str, fields: dict[int, Any], data: bytes, path: Path) -> NDArray:
    """One tensor by its BundleEntryProto: dtype 1, shape 2, shard 3, offset 4, size 5, checksum 6, slices 7."""
    if 7 in fields:
        raise ValueError(Errors.CE053.format(file=path.name, what=f"the partitioned tensor {name!r}"))
    dtype = _DTYPES.get(fields.get(1, 0))
    if dtype is None:
        raise ValueError(Errors.CE053.format(file=path.name, what=f"type {fields.get(1, 0)} of tensor {name!r}"))
    # TensorShapeProto: a message for each dimension (2), which holds its size (1)
    shape = [dict(_fields(dim)).get(1, 0) for number, dim in _fields(fields.get(2, b"")) if number == 2]
    offset, size = fields.get(4, 0), fields.get(5, 0)
    stored = data[offset : offset + size]
    if len(stored) != size or size != math.prod(shape) * np.dtype(dtype).itemsize:
        raise ValueError(Errors.CE051.format(file=path.name))
    if masked_crc32c(stored) != fields.get(6):
        raise ValueError(Errors.CE052.format(file=path.name, what=f"tensor {name!r}"))
    return np.frombuffer(stored, dtype=dtype).reshape(shape)


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Numbers and values (integers or bytes) of a protocol buffer's fields."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        match tag & 7:
            case 0:
                value, position = _varint(message, position)
                yield tag >> 3, value
            case 1 | 5 as kind:
                length = 8 if kind == 1 else 4
                yield tag >> 3, int.from_bytes(_take(message, position, length), "little")
                position += length
            case 2:
                length, position = _varint(message, position)
                yield tag >> 3, _take(message, position, length)
                position += length
            case _:
                raise IndexError


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, and where the next thing begins; IndexError if it does not end."""
    value = shift = 0
    for byte in data[position : position + _LONGEST_VARINT]:
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise IndexError


def _take(data: bytes, start: int, size: int) -> bytes:
    if start < 0 or start + size > len(data):
        raise IndexError
    return data[start : start + size]
