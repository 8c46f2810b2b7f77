"""Corpora whose files hold many documents, a record each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ...errors import Errors
from ...files import read_text
from ...progress import progress
from ..audit import ImportAudit
from ..discovery import claim_id, leave_out
from .offsets import fit_offsets
from .record import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)


def read_records(
    path: Path,
    files: Mapping[str, Path],
    parse: Callable[[str, str], Iterable[AnyRecord]],
    kind: str,
    audit: ImportAudit,
) -> Iterator[AnyRecord]:
    """Read the records of files, showing progress.

    path (Path): What the user named.
    files (Mapping[str, Path]): The files in it by name, as of `select_files`.
    parse (Callable[[str, str], Iterable[Record]]): Finds the records in the contents of a file of a name.
    kind (str): What a record is, for the error.
    audit (ImportAudit): Gets a row for every file without a record, for every record that is to be no document, and for
        every record whose mentions are moved.
    YIELDS (Record): The others, their mentions as of `fit_offsets`.
    RAISES (ValueError): CE005 if there is no record, CE301 for an id that is there twice, CE001 and CE300 for a file
        that is no text in UTF-8, and those of `parse`.
    """
    empty = set(files)
    owners: dict[str, str] = {}
    parsed = ((name, record) for name, file in files.items() for record in parse(read_text(file, name), name))
    for name, record in progress(parsed, unit="doc", desc="Read"):
        empty.discard(name)
        if record.left_out:
            audit.add("left out", f"not imported: {record.left_out}", doc_id=record.id)
            continue
        claim_id(record.id, name, owners)
        if record.mentions:
            record = replace(record, mentions=fit_offsets(record.id, record.text, record.mentions, audit))
        yield record
    if len(empty) == len(files):
        raise ValueError(Errors.CE005.format(path=path.name, kind=kind))
    leave_out(empty, f"holds no {kind}", audit)
