"""Markdown tables."""

from collections.abc import Sequence

from ..cells import one_line


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are figures.

    head (Sequence[str]): Headings.
    rows (Sequence[Sequence[str]]): The cells.
    RETURNS (str): Markdown; a bar in a cell is escaped, and a line end a space.
    """
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(cell: str) -> str:
    return one_line(cell).replace("|", "\\|")
