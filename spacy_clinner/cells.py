"""Cells of tables that are written by hand: what would end a cell or a row, or would be run, is written otherwise."""

import re
from collections.abc import Iterable
from typing import Any

_ENDS = re.compile(r"[\t\r\n]")
# by these a spreadsheet program knows a formula; white space before them does not hide it
_FORMULA = re.compile(r"[=+\-@\t\r\n]|\s+[=+\-@]")


def format_tsv(rows: Iterable[Iterable[Any]]) -> str:
    """Write rows as tab-separated values; a tab or line end in a cell becomes a space.

    rows (Iterable[Iterable[Any]]): The rows, the header's first; None is an empty cell.
    RETURNS (str): The lines.
    """
    return "".join("\t".join("" if cell is None else one_line(str(cell)) for cell in row) + "\n" for row in rows)


def one_line(cell: str) -> str:
    """RETURNS (str): The cell with a space for each tab and line end."""
    return _ENDS.sub(" ", cell)


def printable(cell: Any) -> Any:
    """Take out of text what would break a table on a terminal, or steer the terminal.

    cell (Any): The cell.
    RETURNS (Any): The same; in text, a space for each control character.
    """
    if not isinstance(cell, str):
        return cell
    return "".join(letter if letter.isprintable() else " " for letter in cell)


def no_formula(cell: Any) -> Any:
    """Mark a cell as text that a spreadsheet program would take for a formula.

    cell (Any): The cell.
    RETURNS (Any): The same; if it is text that begins like a formula, behind an apostrophe.
    """
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell
