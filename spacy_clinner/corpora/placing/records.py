"""Corpora whose files hold many documents, a record each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from spacy.tokens import Doc, Span

from ...annotations.keys import DOC_ID_KEY
from ...errors import Errors
from ...files import read_text
from ..audit import ImportAudit
from ..discovery import claim_id, leave_out
from ..formats.brat import Textbound
from ..formats.brat_docs import report_texts
from .align import align_mentions
from .offsets import fit_offsets


class Record(Protocol):
    """A document as its file has it: identifier, text, mentions with the annotators' offsets (None: not annotated)."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def mentions(self) -> list[Textbound] | None: ...


AnyRecord = TypeVar("AnyRecord", bound=Record)


def place_mentions(record: Record, tokenizer: Callable[[str], Doc], audit: ImportAudit) -> tuple[Doc, list[Span]]:
    """Make a document of a record's text, and find its flat entities.

    record (Record): The record.
    tokenizer (Callable[[str], Doc]): Tokenizes its text, such as `nlp.tokenizer`.
    audit (ImportAudit): Gets the counts, and a row for everything that is changed or left out.
    RETURNS (Tuple[Doc, List[Span]]): The document with its id, without entities; and the entities.
    """
    doc = tokenizer(record.text)
    doc.user_data[DOC_ID_KEY] = record.id
    audit.documents += 1
    _, entities = align_mentions(doc, record.mentions, audit, record.id)
    report_texts(record.id, record.text, record.mentions, audit)
    return doc, entities


def read_records(
    path: Path,
    files: Mapping[str, Path],
    parse: Callable[[str, str], Iterable[AnyRecord]],
    kind: str,
    audit: ImportAudit,
    is_document: Callable[[AnyRecord], bool] = lambda record: True,
) -> Iterator[AnyRecord]:
    """Read the records of files.

    path (Path): What the user named.
    files (Mapping[str, Path]): The files in it by name, as of `select_files`.
    parse (Callable[[str, str], Iterable[Record]]): Finds the records in the contents of a file of a name.
    kind (str): What a record is, for the error.
    audit (ImportAudit): Gets a row for every file without a record, and for every record whose mentions are moved.
    is_document (Callable[[Record], bool]): Whether a record becomes a document, whose id must be its own.
    YIELDS (Record): The records, their mentions as of `fit_offsets`.
    RAISES (ValueError): CE005 if there is no record, CE301 for an id that is there twice, CE001 and CE300 for a file
        that is no text in UTF-8, and those of `parse`.
    """
    empty, owners = set(files), {}
    for name, file in files.items():
        for record in parse(read_text(file, name), name):
            empty.discard(name)
            if is_document(record):
                claim_id(record.id, name, owners)
            if record.mentions:
                record = replace(record, mentions=fit_offsets(record.id, record.text, record.mentions, audit))
            yield record
    if len(empty) == len(files):
        raise ValueError(Errors.CE005.format(path=path.name, kind=kind))
    leave_out(empty, f"holds no {kind}", audit)
