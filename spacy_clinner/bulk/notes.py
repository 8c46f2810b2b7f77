"""Notes to annotate: text files, folders of them, lines of a JSONL file, documents of a `.spacy` file."""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..annotations.documents import document_ids, read_docs
from ..corpora.audit import ImportAudit
from ..corpora.discovery import claim_id, leave_out, select_files, without_ending
from ..encodings import likely_encoding
from ..errors import Errors
from ..files import parse_json, read_text

JSON_LINES, GZIP = ".jsonl", ".gz"


class Note(NamedTuple):
    """A note that has not been read yet.

    id (str): Its id.
    read (Callable[[], str]): Reads its text; raises coded errors if that cannot be read.
    benchmark (bool): Whether its record says that it is of a labelled benchmark: `"benchmark": true`.
    """

    id: str
    read: Callable[[], str]
    benchmark: bool = False


def find_notes(paths: Iterable[Path], audit: ImportAudit) -> list[Note]:
    """Find notes, without reading the text files among them.

    paths (Iterable[Path]): Files and folders, as `iter_notes`.
    audit (ImportAudit): Gets the files, and a row for every one that is left out.
    RETURNS (List[Note]): The notes.
    RAISES (ValueError): CE301 for two notes of one id, and those of `iter_notes`.
    """
    owners: dict[str, str] = {}
    notes: list[Note] = []
    for place, note in iter_notes(paths, audit):
        claim_id(note.id, place, owners)
        notes.append(note)
    return notes


def iter_notes(paths: Iterable[Path], audit: ImportAudit) -> Iterator[tuple[str, Note]]:
    """Go through notes, whose ids may be the same, without reading the text files among them.

    paths (Iterable[Path]): Text files, whose names without .txt are the ids; folders, where all .txt files are read,
        those of sub-folders, too (ids folder/name); .jsonl files, with an object a line that has an "id" and a "text",
        or .jsonl.gz, whose notes hold their compressed lines; .spacy files, of whose documents ids and texts are taken.
    audit (ImportAudit): Gets the files, and a row for every one that is left out.
    YIELDS (Tuple[str, Note]): The place of each note, and the note.
    RAISES (ValueError): CE005 for a folder without notes, CE302 for a file's name that can be no id, CE420 for a .gz
        file that is damaged, and those of `read_docs`.
    """
    for path in paths:
        empty = True
        for found in _notes_of(path, audit):
            empty = False
            yield found
        if empty:
            leave_out([path.name], "holds no note", audit)


def _notes_of(path: Path, audit: ImportAudit) -> Iterator[tuple[str, Note]]:
    """The notes of a file or folder, each with the place where it is."""
    endings = [] if path.is_dir() else [ending.lower() for ending in path.suffixes]
    if endings[-1:] == [JSON_LINES]:
        audit.files.append(path.name)
        yield from _records(path)
    elif endings[-2:] == [JSON_LINES, GZIP]:
        audit.files.append(path.name)
        yield from _packed_records(path)
    elif endings[-1:] == [".spacy"]:
        audit.files.append(path.name)
        docs = read_docs(path)
        for doc_id, doc in zip(document_ids(docs), docs, strict=True):
            yield path.name, Note(doc_id, partial(str, doc.text))
    else:
        files = select_files(path, lambda name: name.endswith(".txt"), "does not end in .txt", audit)
        if not files:
            raise ValueError(Errors.CE005.format(path=path.name, kind="notes (.txt files)"))
        for name, file in files.items():
            yield str(file), Note(without_ending(name, ".txt") or name, partial(read_text, file, name))


def _records(path: Path) -> Iterator[tuple[str, Note]]:
    """Lines are read again when their notes are wanted, so that a file may be larger than the memory."""
    with path.open("rb") as file:
        start = 0
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _record(path, number, line, partial(_read_record, path, number, start))
            start += len(line)


def _packed_records(path: Path) -> Iterator[tuple[str, Note]]:
    """Lines are kept, compressed: to read one again, gzip would have to unpack all before it."""
    try:
        with gzip.open(path) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _record(path, number, line, partial(_unpack_record, path, number, zlib.compress(line, 1)))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(Errors.CE420.format(path=path.name, error=type(error).__name__)) from None


def _record(path: Path, number: int, line: bytes, read: Callable[[], str]) -> tuple[str, Note]:
    """The note of a line, and its place."""
    place = f"{path.name}, line {number}"
    try:
        doc_id, _, benchmark = _parse_record(line, path, number)
    except ValueError:
        # read again, and reported, when it is this note's turn
        return place, Note(place, read)
    return place, Note(doc_id, read, benchmark)


def _read_record(path: Path, number: int, start: int) -> str:
    with path.open("rb") as file:
        file.seek(start)
        return _parse_record(file.readline(), path, number)[1]


def _unpack_record(path: Path, number: int, line: bytes) -> str:
    return _parse_record(zlib.decompress(line), path, number)[1]


def _parse_record(line: bytes, path: Path, number: int) -> tuple[str, str, bool]:
    """Id, text, and whether it is flagged as of a benchmark."""
    try:
        record = parse_json(line.decode("utf8"))
        doc_id, text = record["id"], record["text"]
        if isinstance(doc_id, str | int) and not isinstance(doc_id, bool) and isinstance(text, str):
            return str(doc_id), text, record.get("benchmark") is True
        problem = "id or text is of another type"
    except UnicodeDecodeError:
        encoding = likely_encoding(line)
        problem = f"likely in {encoding[0]}" if encoding else "no text"
    except (ValueError, TypeError, KeyError) as error:
        # its message could quote the line
        problem = type(error).__name__
    raise ValueError(Errors.CE341.format(file=path.name, line=number, problem=problem))
