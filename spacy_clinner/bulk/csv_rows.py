"""Notes that are rows of a CSV file: comma-separated or tab-separated, with names in the first row."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import Errors
from ..files import MARK, no_text
from .columns import Columns, find_columns, make_row_note
from .note import Note
from .records import iter_lines

# Characters of a cell: more than any note has, but a quote that nothing closes must not fill the memory.
LONGEST_CELL = 2**28
QUOTE = '"'


def open_csv(path: Path, name: str, columns: Columns, delimiter: str = ",") -> Iterator[tuple[str, Note]]:
    """Open a CSV file; what its first row says is checked at once, all others are read when it is their turn.

    path (Path): The file, in UTF-8; one that ends in .gz is unpacked.
    name (str): What places and errors call it.
    columns (Columns): The columns.
    delimiter (str): What is between two cells.
    RETURNS (Iterator[Tuple[str, Note]]): Place and note of each row that is not blank. They keep their texts; reading
        one that is none raises CE410.
    RAISES (ValueError): CE409 for a column that is missing; CE001 and CE300 for bytes that are no text in UTF-8, CE412
        for quotes that do not match and CE420 for a damaged .gz file, also later.
    """
    header = next(_iter_rows(path, name, delimiter), None)
    if header is None:
        return iter(())
    if isinstance(header, str):
        raise ValueError(Errors.CE412.format(file=name, line=1))
    numbers = find_columns(name, header, columns)
    return _iter_notes(path, name, columns, delimiter, len(header), numbers)


def _iter_notes(
    path: Path, name: str, columns: Columns, delimiter: str, n_cells: int, numbers: Mapping[str, int]
) -> Iterator[tuple[str, Note]]:
    rows = _iter_rows(path, name, delimiter)
    next(rows, None)
    for number, cells in enumerate(rows, start=1):
        yield make_row_note(f"{name}, row {number}", _values(cells, n_cells, numbers), columns)


def _values(cells: list[str] | str, n_cells: int, numbers: Mapping[str, int]) -> dict[str, Any] | str:
    """Values by column; or what is wrong."""
    if isinstance(cells, str):
        return cells
    if len(cells) != n_cells:
        return f"{len(cells)} cells, and the first row has {n_cells}"
    values = {name: cells[number] for name, number in numbers.items()}
    return "a NUL, which no text holds" if any("\0" in value for value in values.values()) else values


def _iter_rows(path: Path, name: str, delimiter: str) -> Iterator[list[str] | str]:
    """Cells of the rows that are not blank; of one that is damaged, but ends where its line does, what is wrong."""
    lines = _Lines(path, name)
    # strict: a quote that nothing closes would take the rows below it for one note
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        first = lines.number + 1
        # the limit is the interpreter's: others keep theirs
        limit = csv.field_size_limit(LONGEST_CELL)
        try:
            cells = next(rows, None)
        except csv.Error:
            # without a quote it is a lone carriage return, and the next line begins a row
            if lines.number > first or QUOTE in lines.last:
                raise ValueError(Errors.CE412.format(file=name, line=first)) from None
            yield f"a carriage return outside of quotes, or more than {LONGEST_CELL} characters in a cell"
            continue
        finally:
            csv.field_size_limit(limit)
        if cells is None:
            return
        if cells:
            yield cells


class _Lines:
    """Decoded lines of a file, as `csv.reader` wants them: it joins those of a quoted cell.

    number (int): That of the last line.
    last (str): The last line.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.number, self.last = 0, ""
        self._lines, self._name, self._start = iter_lines(path), name, 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        try:
            self.last = line.decode("utf8")
            byte = self.last.find("\0") if self.number == 1 else -1
        except UnicodeDecodeError as error:
            byte = error.start
        if byte >= 0:
            # UTF-16 and UTF-32 are known by their NUL bytes, in whole characters
            whole = line[: len(line) // 4 * 4] if 0 in line else line
            raise no_text(whole, f"{self._name}, line {self.number},", byte, self._start)
        self._start += len(line)
        return self.last.removeprefix(MARK) if self.number == 1 else self.last
