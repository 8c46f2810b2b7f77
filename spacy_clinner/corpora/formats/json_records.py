"""Files of JSON records: an object a line, or a list of objects. Whatever is wrong is an error with its place."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import Errors
from ...files import parse_json, split_lines
from ..audit import ImportAudit
from ..discovery import select_json, without_ending
from ..placing.records import read_records
from .annotated_text import AnnotatedText

ID = "doc_id"
_NOTHING = object()
_KINDS = {str: "text", int: "a whole number", list: "a list", dict: "an object"}


class BadRecord(ValueError):
    """What is wrong with a record, in words that hold nothing of its text."""


def read_json_records(
    path: Path, format: str, parse: Callable[[dict[str, Any], str], AnnotatedText], audit: ImportAudit
) -> Iterator[AnnotatedText]:
    """Read the records of a file, or of all `.json` and `.jsonl` files of a folder and its sub-folders.

    path (Path): A file or folder.
    format (str): The format, for errors.
    parse (Callable[[Dict[str, Any], str], AnnotatedText]): Makes a record of an object; it is also given an id for a
        document without one. It raises `BadRecord`.
    audit (ImportAudit): Gets a row for every file that is left out, for every record that an annotator rejected, and
        for every record whose mentions are moved.
    RETURNS (Iterator[AnnotatedText]): The records.
    RAISES (ValueError): CE335 for a record of another form, and those of `select_json` and `read_records`.
    """

    def parse_file(content: str, file: str) -> Iterator[AnnotatedText]:
        for place, number, record in _objects(content, file, format):
            problem = ""
            try:
                found = parse(record, f"{without_ending(file, '.json', '.jsonl') or file}#{number}")
            except BadRecord as error:
                problem = str(error)
            if problem:
                raise ValueError(_bad(file, place, number, format, problem))
            yield found

    kind = f"{format} record (.json or .jsonl)"
    return read_records(path, select_json(path, audit), parse_file, kind, audit)


def format_lines(records: Iterable[Mapping[str, Any]]) -> str:
    """Write records, an object a line. All is ASCII, so that no program can take it for another encoding.

    records (Iterable[Mapping[str, Any]]): The records.
    RETURNS (str): The file's content.
    """
    return "".join(f"{json.dumps(record)}\n" for record in records)


def field(record: Mapping[str, Any], name: str, kind: type, default: Any = _NOTHING) -> Any:
    """A field of a record.

    record (Mapping[str, Any]): The record.
    name (str): The field's name.
    kind (Type): What it must be: str, int, list or dict.
    default (Any): Its value if it is missing or null.
    RETURNS (Any): Its value.
    RAISES (BadRecord): If it is missing without a default, or something else.
    """
    if not isinstance(record, Mapping):
        raise BadRecord(f"{name} is wanted of something that is no object")
    value = record.get(name)
    if value is None and default is not _NOTHING:
        return default
    # bool is an int to Python, but no offset
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BadRecord(f"{name} is {'missing' if value is None else f'not {_KINDS[kind]}'}")
    return value


def name_of(record: Mapping[str, Any], name: str) -> str:
    """A field that names something, such as a label; as `field`, but the empty text is none."""
    if not (value := field(record, name, str)):
        raise BadRecord(f"{name} is empty")
    return value


def find_id(places: Iterable[Mapping[str, Any]], otherwise: str) -> str:
    """The identifier of a document: "doc_id", which we write, else "id", in the first place that has it.

    places (Iterable[Mapping[str, Any]]): Objects to look in.
    otherwise (str): Identifier if there is none.
    RETURNS (str): The identifier.
    RAISES (BadRecord): If it is neither text nor a number.
    """
    places = list(places)
    for name in (ID, "id"):
        for place in places:
            if place.get(name) not in (None, ""):
                value = place[name]
                if isinstance(value, bool) or not isinstance(value, str | int):
                    raise BadRecord(f"{name} is neither text nor a number")
                return str(value)
    return otherwise


def _objects(content: str, file: str, format: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The objects of a file, and where each is: on which line, or which of a list."""
    whole = _parse(content)
    if whole is _NOTHING:
        lines = enumerate(split_lines(content), start=1)
        found = (("line", number, _parse(line)) for number, line in lines if line.strip())
    else:
        items = enumerate(whole if isinstance(whole, list) else [whole], start=1)
        found = (("record", number, item) for number, item in items)
    for place, number, item in found:
        if not isinstance(item, dict):
            problem = "it is no JSON" if item is _NOTHING else "it is no object"
            raise ValueError(_bad(file, place, number, format, problem))
        yield place, number, item


def _parse(text: str) -> Any:
    """The data, or nothing if it is no JSON: the parser's own error carries the text."""
    try:
        return parse_json(text)
    except ValueError:
        return _NOTHING


def _bad(file: str, place: str, number: int, format: str, problem: str) -> str:
    return Errors.CE335.format(file=file, place=place, number=number, format=format, problem=problem)
