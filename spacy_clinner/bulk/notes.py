"""Notes to annotate: text files, rows and lines of others, documents of a `.spacy` file, and folders of files."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from ..annotations.documents import document_ids, read_docs
from ..corpora.audit import ImportAudit
from ..corpora.discovery import claim_id, find_files, leave_out, without_ending
from ..errors import Errors, Warnings
from ..files import read_text
from .columns import BY_DEFAULT, Columns
from .csv_rows import open_csv
from .note import Note
from .parquet_rows import open_parquet
from .records import iter_records

Notes = Iterator[tuple[str, Note]]

# How files of many notes are opened, by their endings; what is wrong with their columns is said then.
FORMATS: dict[str, Callable[[Path, str, Columns], Notes]] = {
    ".jsonl": iter_records,
    ".jsonl.gz": iter_records,
    ".csv": open_csv,
    ".csv.gz": open_csv,
    ".tsv": partial(open_csv, delimiter="\t"),
    ".tsv.gz": partial(open_csv, delimiter="\t"),
    ".parquet": open_parquet,
}
TEXT = ".txt"
# by Spark's convention, what begins so is no part of the data
NO_DATA = "_"


def find_notes(paths: Iterable[Path], audit: ImportAudit, columns: Columns = BY_DEFAULT) -> list[Note]:
    """Find notes, without reading the text files among them. Those of .csv, .tsv and .parquet files are held with
    their texts.

    paths (Iterable[Path]): Files and folders, as `iter_notes`.
    audit (ImportAudit): Gets the files, and a row for every one that is left out.
    columns (Columns): As for `iter_notes`.
    RETURNS (List[Note]): The notes.
    RAISES (ValueError): CE301 for two notes of one id, and those of `iter_notes`.
    """
    owners: dict[str, str] = {}
    notes: list[Note] = []
    for place, note in tell_unsaid(iter_notes(paths, audit, columns), columns):
        claim_id(note.id, place, owners)
        notes.append(note)
    return notes


def iter_notes(paths: Iterable[Path], audit: ImportAudit, columns: Columns = BY_DEFAULT) -> Notes:
    """Go through notes, whose ids may be the same, without reading the text files among them.

    What is wrong with a folder, or with the columns of a file, is said before the first note; all else in its turn.

    paths (Iterable[Path]): Text files, whose names without .txt are the ids; .jsonl files, with an object a line,
        .csv, .tsv (each of them also .gz) and .parquet files, with a note a row; .spacy files, of whose documents ids
        and texts are taken; folders, where all .txt files are read, those of sub-folders, too (ids folder/name), or,
        if they have nothing but .jsonl, .csv, .tsv and .parquet files, these in the order of their names.
    audit (ImportAudit): Gets the files, and a row for every one that is left out.
    columns (Columns): Which columns, or keys of a line, are id and text, and what is read beside them. Other files
        have nothing beside.
    YIELDS (Tuple[str, Note]): The place of each note, and the note. A line or row that is no note is one whose reading
        fails; its id is its place.
    RAISES (ValueError): CE005 for a folder without notes, CE302 for a file's name that can be no id, CE420 for a .gz
        file that is damaged, and those of `open_csv`, `open_parquet` and `read_docs`.
    """
    opened = [_open(path, columns) for path in paths]
    for found, sources in opened:
        audit.files += found.files
        audit.rows += found.rows
        for name, notes in sources:
            empty = True
            for place, note in notes:
                empty = False
                yield place, note
            if empty:
                leave_out([name], "holds no note", audit)


def tell_unsaid(notes: Notes, columns: Columns) -> Notes:
    """Go through notes, and warn (CW436), behind the last, of what is wished beside the texts and is there in none.

    notes (Iterator[Tuple[str, Note]]): Places and notes, as of `iter_notes`.
    columns (Columns): Whose `also` is wished.
    YIELDS (Tuple[str, Note]): The same.
    """
    unsaid = set(columns.also)
    for place, note in notes:
        if unsaid:
            unsaid -= {column for column, value in zip(columns.also, note.also, strict=True) if value is not None}
        yield place, note
    if unsaid:
        warnings.warn(Warnings.CW436.format(columns=", ".join(map(repr, sorted(unsaid)))), stacklevel=2)


def _open(path: Path, columns: Columns) -> tuple[ImportAudit, list[tuple[str, Notes]]]:
    """The files of a path, and names and notes of those that are read."""
    audit = ImportAudit()
    if path.is_dir():
        return audit, _open_folder(path, columns, audit)
    if path.suffix.lower() == ".spacy":
        audit.files.append(path.name)
        return audit, [(path.name, _documents(path, columns))]
    if (read := _format_of(path.name)) is not None:
        audit.files.append(path.name)
        return audit, [(path.name, read(path, path.name, columns))]
    return audit, [(path.name, _text_files(find_files(path, audit), columns))]


def _open_folder(path: Path, columns: Columns, audit: ImportAudit) -> list[tuple[str, Notes]]:
    """Text files win: a table beside them is likely of something else, such as their patients."""
    files = find_files(path, audit)
    texts = {name: file for name, file in files.items() if name.lower().endswith(TEXT)}
    if texts:
        leave_out(files.keys() - texts.keys(), f"does not end in {TEXT}", audit)
        return [(path.name, _text_files(texts, columns))]
    data = {name for name in files if not any(part.startswith(NO_DATA) for part in name.split("/"))}
    leave_out(files.keys() - data, f"its name begins with {NO_DATA}, as that of what is written beside data", audit)
    formats = {name: _format_of(name) for name in files if name in data}
    # nothing else: a saved pipeline has .jsonl files, too
    if not formats or None in formats.values():
        kinds = f"notes: neither {TEXT} files, nor such alone that end in {', '.join(FORMATS)}"
        raise ValueError(Errors.CE005.format(path=path.name, kind=kinds))
    return [(name, read(files[name], name, columns)) for name, read in formats.items() if read is not None]


def _format_of(name: str) -> Callable[[Path, str, Columns], Notes] | None:
    return next((read for ending, read in FORMATS.items() if name.lower().endswith(ending)), None)


def _text_files(files: dict[str, Path], columns: Columns) -> Notes:
    for name, file in files.items():
        note_id = without_ending(name, TEXT) or name
        yield str(file), Note(note_id, partial(read_text, file, name), also=columns.unsaid)


def _documents(path: Path, columns: Columns) -> Notes:
    docs = read_docs(path)
    for doc_id, doc in zip(document_ids(docs), docs, strict=True):
        yield path.name, Note(doc_id, partial(str, doc.text), also=columns.unsaid)
