"""Tables as files that a spreadsheet or a data base takes."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..cells import no_formula
from ..errors import Errors
from ..extras import require
from ..files import write_atomically
from .annotations import show_probability

SEPARATOR = "; "
SUFFIXES = (".csv", ".parquet")


class Table(NamedTuple):
    """Rows by column; the names of the columns with their Arrow types."""

    columns: dict[str, str]
    rows: list[dict[str, Any]]


def join(values: Sequence[str]) -> str | None:
    """Put several values into one cell.

    values (Sequence[str]): The values.
    RETURNS (Optional[str]): The cell; None if there are none.
    """
    return SEPARATOR.join(values) if any(values) else None


def write_table(path: Path, table: Table, *, spreadsheet_safe: bool = False) -> None:
    """Write a table as comma-separated values or Parquet, whole or not at all.

    path (Path): A file that ends in .csv or .parquet.
    table (Table): The table.
    spreadsheet_safe (bool): As for `format_csv`; a Parquet file needs none of it.
    RAISES: CE086 for another ending, CE358 if Parquet is wanted and pyarrow is missing.
    """
    check_output(path)
    write_atomically(path, table_content(table, path.suffix[1:], spreadsheet_safe), private=True)


def table_content(table: Table, format: str, spreadsheet_safe: bool = False) -> bytes:
    """What a file holds that holds a table.

    table (Table): The table.
    format (str): "csv" or "parquet".
    spreadsheet_safe (bool): As for `write_table`.
    RETURNS (bytes): The content of the file.
    """
    if format == "csv":
        return format_csv(table.columns, table.rows, safe=spreadsheet_safe).encode("utf8")
    return _to_parquet(table)


def check_output(path: Path) -> None:
    """See that a table can be written; better known before the notes are annotated than after.

    path (Path): The file.
    RAISES: CE086 for an unknown ending, CE358 if Parquet is wanted and pyarrow is missing.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(Errors.CE086.format(path=path.name, known=" or ".join(SUFFIXES)))
    if path.suffix == ".parquet":
        require("pyarrow", "A Parquet file")


def format_csv(
    columns: Iterable[str], rows: Iterable[dict[str, Any]], *, header: bool = True, safe: bool = False
) -> str:
    """Write rows as comma-separated values; probabilities, the only fractions of a table, with three digits.

    columns (Iterable[str]): Names of the columns.
    rows (Iterable[Dict[str, Any]]): The rows.
    header (bool): Whether the names come first.
    safe (bool): Whether an apostrophe keeps spreadsheet programs from taking text of a note for a formula.
    RETURNS (str): The lines.
    """
    file = io.StringIO(newline="")
    # line ends as in RFC 4180: with others, a lone carriage return in a cell would not be quoted
    writer = csv.DictWriter(file, list(columns))
    if header:
        writer.writerow({name: _cell(name, safe) for name in writer.fieldnames})
    writer.writerows({name: _cell(value, safe) for name, value in row.items()} for row in rows)
    return file.getvalue()


def _cell(value: Any, safe: bool) -> Any:
    if isinstance(value, float):
        return show_probability(value)
    return no_formula(value) if safe else value


def _to_parquet(table: Table) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in table.columns.items()])
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(table.rows, schema=schema), file)
    return file.getvalue()
