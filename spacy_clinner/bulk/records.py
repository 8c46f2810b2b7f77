"""Notes that are lines of JSON, in files that may be compressed."""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from ..encodings import likely_encoding
from ..errors import Errors
from ..files import parse_json
from .columns import Columns, Record, make_note, parse_record
from .note import Note

GZIP = ".gz"


def iter_records(path: Path, name: str, columns: Columns) -> Iterator[tuple[str, Note]]:
    """Go through the lines of a file. They are read again when their notes are wanted, so that it may be larger than
    the memory; those of a compressed file are kept, compressed: to read one again, all before it had to be unpacked.

    path (Path): The file, .jsonl or .jsonl.gz.
    name (str): What places and errors call it.
    columns (Columns): Keys of the objects.
    YIELDS (Tuple[str, Note]): Place and note of each line that is not blank; reading one that is none raises CE341,
        and one whose file has been changed since, CE435.
    RAISES (ValueError): CE420 as `iter_lines`.
    """
    packed, start = _is_packed(path), 0
    for number, line in enumerate(iter_lines(path), start=1):
        if line.strip():
            again: Callable[[], bytes]
            if packed:
                again = partial(zlib.decompress, zlib.compress(line, 1))
            else:
                again = partial(_read_line, path, start, _digest(line), f"{name}, line {number}")
            parse = partial(_parse_line, name=name, number=number, columns=columns)
            yield make_note(f"{name}, line {number}", partial(parse, line), columns, partial(_text_of, again, parse))
        start += len(line)


def iter_lines(path: Path) -> Iterator[bytes]:
    """Go through the lines of a file, with their ends.

    path (Path): The file; one that ends in .gz is unpacked.
    YIELDS (bytes): The lines.
    RAISES (ValueError): CE420 if it is damaged.
    """
    try:
        with gzip.open(path) if _is_packed(path) else path.open("rb") as file:
            yield from file
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(Errors.CE420.format(path=path.name, error=type(error).__name__)) from None


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == GZIP


def _read_line(path: Path, start: int, digest: bytes, place: str) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        line = file.readline()
    if _digest(line) != digest:
        # another note's text may be there now
        raise ValueError(Errors.CE435.format(place=place))
    return line


def _digest(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=8).digest()


def _text_of(read: Callable[[], bytes], parse: Callable[[bytes], Record]) -> str:
    return parse(read()).text


def _parse_line(line: bytes, name: str, number: int, columns: Columns) -> Record:
    try:
        return parse_record(_load(line), columns)
    except ValueError as error:
        problem = str(error)
    raise ValueError(Errors.CE341.format(file=name, line=number, problem=problem, id=columns.id, text=columns.text))


def _load(line: bytes) -> object:
    """The object of a line. What is wrong is told in words of ours: others could quote the line."""
    try:
        return parse_json(line.decode("utf8"))
    except UnicodeDecodeError:
        encoding = likely_encoding(line)
        problem = f"likely in {encoding[0]}" if encoding else "no text"
    except ValueError as error:
        problem = type(error).__name__
    raise ValueError(problem)
