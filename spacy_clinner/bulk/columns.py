"""What is taken of a record: which of its columns or keys are a note's id and text, and what travels along."""

import datetime
import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from ..errors import Errors
from .note import Note

# flags notes of a labelled benchmark
BENCHMARK = "benchmark"
# The first row of a table without names is a note, whose text no message may show: there some cell begins with a
# digit (ids, dates), is long, or ends like a sentence. An index of pandas' has no name.
NAME = re.compile(r"([^\W\d][\w .:/()#%-]{0,39}(?<!\.))?")


class Columns(NamedTuple):
    """Names of the columns of a table, or of the keys of a line of JSON.

    id (str): That of the id.
    text (str): That of the text.
    also (Tuple[str, ...]): Those of what else travels along, such as patient and date.
    """

    id: str = "id"
    text: str = "text"
    also: tuple[str, ...] = ()

    @property
    def unsaid(self) -> tuple[None, ...]:
        """`Note.also` of a note that says nothing of it."""
        return (None,) * len(self.also)


BY_DEFAULT = Columns()


class Record(NamedTuple):
    """What a record says: as of `Note`, but with its text."""

    id: str
    text: str
    benchmark: bool
    also: tuple[str | None, ...]


def parse_record(values: Any, columns: Columns) -> Record:
    """Take what is wanted of a record.

    values (Any): Its values by column or key.
    columns (Columns): The names.
    RETURNS (Record): What it says.
    RAISES (ValueError): If it is no note; the message tells why in a few words, for a coded one, and quotes nothing.
    """
    if not isinstance(values, Mapping):
        raise ValueError("no object with keys")
    if missing := [name for name in (columns.id, columns.text) if values.get(name) is None]:
        raise ValueError(f"without {missing[0]!r}")
    doc_id, text = values[columns.id], values[columns.text]
    if not isinstance(doc_id, str | int | Decimal) or isinstance(doc_id, bool) or not isinstance(text, str):
        raise ValueError(f"{columns.id!r} or {columns.text!r} is of another type")
    if doc_id == "":
        raise ValueError(f"{columns.id!r} is empty")
    flagged = str(values.get(BENCHMARK)).lower() == "true"
    return Record(str(doc_id), text, flagged, tuple(_shown(values.get(name)) for name in columns.also))


def _shown(value: Any) -> str | None:
    """A value as a string: text as it is, times as of ISO 8601, everything else as JSON writes it."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Decimal | datetime.timedelta):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def make_note(
    place: str, parse: Callable[[], Record], columns: Columns, read: Callable[[], str] | None = None
) -> tuple[str, Note]:
    """Make the note of a record. If it is none, the note says so when it is its turn: it fails alone.

    place (str): Where the record is; the id of one that is no note.
    parse (Callable[[], Record]): Parses the record; raises coded errors.
    columns (Columns): The names.
    read (Optional[Callable[[], str]]): Reads the text, or fails, again; None: the note keeps its text.
    RETURNS (Tuple[str, Note]): The place and the note.
    """
    try:
        record = parse()
    except ValueError as error:
        return place, Note(place, read or partial(_fail, str(error)), also=columns.unsaid)
    return place, Note(record.id, read or partial(str, record.text), record.benchmark, record.also)


def make_row_note(place: str, row: Mapping[str, Any] | str, columns: Columns) -> tuple[str, Note]:
    """Make the note of a table's row, which keeps its text.

    place (str): Where the row is.
    row (Union[Mapping[str, Any], str]): Its values by column; or in a few words why it has none.
    columns (Columns): The names.
    RETURNS (Tuple[str, Note]): As `make_note`; reading a note that is none raises CE410.
    """
    return make_note(place, partial(_parse_row, place, row, columns), columns)


def _parse_row(place: str, row: Mapping[str, Any] | str, columns: Columns) -> Record:
    problem = row
    if not isinstance(row, str):
        try:
            return parse_record(row, columns)
        except ValueError as error:
            problem = str(error)
    raise ValueError(Errors.CE410.format(place=place, problem=problem, id=columns.id, text=columns.text))


def _fail(message: str) -> str:
    raise ValueError(message)


def find_columns(file: str, known: Sequence[str], columns: Columns) -> dict[str, int]:
    """Find the columns of a table that are read.

    file (str): Name of the file.
    known (Sequence[str]): Names of its columns.
    columns (Columns): Those that are wanted. One that flags notes of benchmarks is read if it is there.
    RETURNS (Dict[str, int]): Their numbers by name.
    RAISES (ValueError): CE409 for one that is not there, or there twice.
    """
    wanted = (columns.id, columns.text, *columns.also, *(name for name in known if name == BENCHMARK))
    for name in wanted:
        if (n := known.count(name)) != 1:
            raise ValueError(Errors.CE409.format(file=file, column=name, n=n or "none", known=_names(known)))
    return {name: known.index(name) for name in wanted}


def _names(known: Sequence[str]) -> str:
    if all(NAME.fullmatch(name) for name in known):
        return ", ".join(map(repr, known))
    return f"{len(known)}, not shown as they do not look like names"
