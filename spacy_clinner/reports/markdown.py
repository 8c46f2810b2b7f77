"""Markdown tables."""

from collections.abc import Sequence


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are figures.

    head (Sequence[str]): Headings.
    rows (Sequence[Sequence[str]]): The cells.
    RETURNS (str): Markdown.
    """
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
