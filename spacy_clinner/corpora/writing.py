"""What every writer asks of a document: an id that can name its files, entities that hold characters, plain names."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from spacy.tokens import Doc, Span

from ..annotations.keys import DOC_ID_KEY
from ..errors import Errors

# What ends a line for any program: more than `files.LINE_END`, by which we read.
_LINE_ENDS = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
# From a line's first character that is no white space to its last.
_PIECE = re.compile(rf"\S(?:[^{_LINE_ENDS}]*\S)?")
_UNFIT_FOR_FILES = re.compile(r"[\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# What names no file on Windows, whatever its ending; folders of notes travel.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
# Bytes: file systems allow 255, and a writer adds its ending.
_LONGEST_NAME = 200


def check_id(doc_id: str) -> None:
    """See that a document's id can name its files: a name, or a path below the folder that they are written to.

    doc_id (str): The id.
    RAISES (ValueError): CE012 if it is empty, leads out of the folder, is hidden, is a name that Windows keeps for
        devices (con), holds control characters or is too long.
    """
    plain = all(
        part and not part.startswith(".") and Path(part).name == part and not _RESERVED.fullmatch(part)
        for part in doc_id.split("/")
    )
    if not plain or _UNFIT_FOR_FILES.search(doc_id) or len(doc_id.encode("utf8")) > _LONGEST_NAME:
        raise ValueError(Errors.CE012.format(doc=ascii(doc_id)[1:-1][:_LONGEST_NAME]))


def check_ids(doc_ids: Iterable[str], endings: Sequence[str]) -> None:
    """See that the ids of documents can name their files beside each other.

    doc_ids (Iterable[str]): The ids.
    endings (Sequence[str]): Endings of the files of each.
    RAISES (ValueError): CE012 as `check_id`, and for an id with a folder that is a file of another document.
    """
    doc_ids = list(doc_ids)
    files = {f"{doc_id}{ending}" for doc_id in doc_ids for ending in endings}
    for doc_id in doc_ids:
        check_id(doc_id)
        if any(str(folder) in files for folder in PurePosixPath(doc_id).parents):
            raise ValueError(Errors.CE012.format(doc=doc_id))


def check_name(doc: Doc, format: str, kind: str, name: str, unfit: str = "") -> None:
    """See that a name can be written.

    doc (Doc): The document, for the error.
    format (str): The format, for the error.
    kind (str): What it names, for the error: "label".
    name (str): The name.
    unfit (str): Pattern of characters that it may not hold.
    RAISES (ValueError): CE330 if it is empty or holds such a character.
    """
    if not name or (unfit and re.search(unfit, name)):
        doc_id = doc.user_data.get(DOC_ID_KEY, "")
        raise ValueError(Errors.CE330.format(doc=doc_id, format=format, kind=kind, name=name))


def pieces_of(entity: Span) -> tuple[tuple[int, int], ...]:
    """The characters of an entity line by line, without the white space at either end of a line.

    entity (Span): The entity.
    RETURNS (Tuple[Tuple[int, int], ...]): Start and end of each piece; only white space is between them.
    RAISES (ValueError): CE331 for an entity of nothing but white space.
    """
    offset = entity.start_char
    pieces = tuple((offset + found.start(), offset + found.end()) for found in _PIECE.finditer(entity.text))
    if not pieces:
        place = {"start": offset, "end": entity.end_char, "label": entity.label_}
        raise ValueError(Errors.CE331.format(doc=entity.doc.user_data.get(DOC_ID_KEY, ""), **place))
    return pieces


def trimmed(entity: Span) -> tuple[int, int]:
    """Where the characters of an entity start and end without its outer white space.

    entity (Span): The entity.
    RETURNS (Tuple[int, int]): Start and end.
    RAISES (ValueError): CE331 for an entity of nothing but white space.
    """
    pieces = pieces_of(entity)
    return pieces[0][0], pieces[-1][1]
