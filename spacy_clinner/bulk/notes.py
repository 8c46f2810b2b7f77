"""Notes to annotate: text files, folders of them, lines of a JSONL file, documents of a `.spacy` file."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..annotations.documents import document_ids, read_docs
from ..corpora.audit import ImportAudit
from ..corpora.discovery import claim_id, leave_out, select_files, without_ending
from ..errors import Errors
from ..files import parse_json, read_text


class Note(NamedTuple):
    """A note that has not been read yet.

    id (str): Its id.
    read (Callable[[], str]): Reads its text; raises coded errors if that cannot be read.
    """

    id: str
    read: Callable[[], str]


def find_notes(paths: Iterable[Path], audit: ImportAudit) -> list[Note]:
    """Find notes, without reading the text files among them.

    paths (Iterable[Path]): Text files, whose names without .txt are the ids; folders, where all .txt files are read,
        those of sub-folders, too (ids folder/name); .jsonl files, with an object a line that has an "id" and a "text";
        .spacy files, of whose documents ids and texts are taken.
    audit (ImportAudit): Gets the files, and a row for every one that is left out.
    RETURNS (List[Note]): The notes.
    RAISES (ValueError): CE301 for two notes of one id, CE005 for a folder without notes, CE302 for a file's name that
        can be no id, and those of `read_docs`.
    """
    owners: dict[str, str] = {}
    notes: list[Note] = []
    for path in paths:
        known = len(notes)
        for place, note in _notes_of(path, audit):
            claim_id(note.id, place, owners)
            notes.append(note)
        if len(notes) == known:
            leave_out([path.name], "holds no note", audit)
    return notes


def _notes_of(path: Path, audit: ImportAudit) -> Iterator[tuple[str, Note]]:
    """The notes of a file or folder, each with the place where it is."""
    ending = "" if path.is_dir() else path.suffix.lower()
    if ending == ".jsonl":
        audit.files.append(path.name)
        yield from _records(path)
    elif ending == ".spacy":
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
        number, start = 0, 0
        for number, line in enumerate(file, start=1):
            place = f"{path.name}, line {number}"
            if line.strip():
                read = partial(_read_record, path, number, start)
                try:
                    doc_id = _parse_record(line, path, number)[0]
                except ValueError:
                    # read again, and reported, when it is this note's turn
                    doc_id = place
                yield place, Note(doc_id, read)
            start += len(line)


def _read_record(path: Path, number: int, start: int) -> str:
    with path.open("rb") as file:
        file.seek(start)
        return _parse_record(file.readline(), path, number)[1]


def _parse_record(line: bytes, path: Path, number: int) -> tuple[str, str]:
    try:
        record = parse_json(line.decode("utf8"))
        doc_id, text = record["id"], record["text"]
        if isinstance(doc_id, str | int) and not isinstance(doc_id, bool) and isinstance(text, str):
            return str(doc_id), text
        problem = "id or text is of another type"
    except (ValueError, TypeError, KeyError) as error:
        # its message could quote the line
        problem = type(error).__name__
    raise ValueError(Errors.CE341.format(file=path.name, line=number, problem=problem))
