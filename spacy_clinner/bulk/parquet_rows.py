"""Notes that are rows of a Parquet file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Errors
from ..extras import require
from .columns import Columns, find_columns, make_row_note
from .note import Note

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

# rows that are unpacked at once: each may be a long note
ROWS = 256
# bytes that are read at once; without it all of a column's in a row group, which may be all of the file
BUFFER = 2**20
UNREADABLE = object()


def open_parquet(path: Path, name: str, columns: Columns) -> Iterator[tuple[str, Note]]:
    """Open a Parquet file; its columns are checked at once, its rows are read when it is their turn.

    path (Path): The file.
    name (str): What places and errors call it.
    columns (Columns): The columns.
    RETURNS (Iterator[Tuple[str, Note]]): Place and note of each row. They keep their texts; reading one that is none
        raises CE410.
    RAISES (ImportError): CE358 if pyarrow is missing.
    RAISES (ValueError): CE409 for a column that is missing, CE411 for one of a type that it cannot have; CE413 if the
        file is damaged, also later.
    """
    require("pyarrow", "A Parquet file")
    from pyarrow.types import is_dictionary

    with _open(path, name) as file:
        schema = file.schema_arrow
    numbers = find_columns(name, schema.names, columns)
    fit = {"id": _is_id, "text": _is_text, "string": _is_plain}
    for column, wanted in (
        (columns.id, "id"),
        (columns.text, "text"),
        *((column, "string") for column in columns.also),
    ):
        found = schema.field(numbers[column]).type
        if not fit[wanted](found.value_type if is_dictionary(found) else found):
            raise ValueError(Errors.CE411.format(file=name, column=column, type=found, wanted=wanted))
    return _iter_rows(path, name, columns, list(numbers))


@contextmanager
def _open(path: Path, name: str) -> "Iterator[ParquetFile]":
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    with path.open("rb") as file:
        try:
            # times of Spark's, which have no unit, in one that holds all years
            yield ParquetFile(file, pre_buffer=False, buffer_size=BUFFER, coerce_int96_timestamp_unit="us")
        except (pa.ArrowException, OSError) as error:
            raise ValueError(Errors.CE413.format(file=name, error=type(error).__name__)) from None


def _iter_rows(path: Path, name: str, columns: Columns, names: list[str]) -> Iterator[tuple[str, Note]]:
    number = 0
    with _open(path, name) as file:
        for batch in file.iter_batches(batch_size=ROWS, columns=names, use_threads=False):
            for values in zip(*(_values(batch.column(column)) for column in names), strict=True):
                number += 1
                row = "a value that cannot be read" if UNREADABLE in values else dict(zip(names, values, strict=True))
                yield make_row_note(f"{name}, row {number}", row, columns)


def _values(column: Any) -> list[Any]:
    """Values of a column as Python has them; what it has not, such as the year 10,000, is `UNREADABLE`."""
    column = _without_nanoseconds(column)
    try:
        return column.to_pylist()
    except (ValueError, OverflowError):
        return [_value(cell) for cell in column]


def _value(cell: Any) -> Any:
    try:
        return cell.as_py()
    except (ValueError, OverflowError):
        return UNREADABLE


def _without_nanoseconds(column: Any) -> Any:
    """Python's times have microseconds; pyarrow asks for pandas if there is more."""
    import pyarrow as pa

    kind = column.type
    if getattr(kind, "unit", None) != "ns":
        return column
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    return column.cast(pa.time64("us") if pa.types.is_time(kind) else pa.duration("us"), safe=False)


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    # a part of a table may know nothing of a column
    return any(check(kind) for check in (types.is_string, types.is_large_string, types.is_string_view, types.is_null))


def _is_id(kind: Any) -> bool:
    from pyarrow import types

    # numbers of databases are decimals, whole ones among them
    return _is_text(kind) or types.is_integer(kind) or (types.is_decimal(kind) and kind.scale == 0)


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    binary = (types.is_binary, types.is_large_binary, types.is_binary_view, types.is_fixed_size_binary)
    return not types.is_nested(kind) and not any(check(kind) for check in binary)
