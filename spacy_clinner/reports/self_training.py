"""What rounds of self-training were worth on dev."""

from collections.abc import Mapping, Sequence
from typing import Any

from .markdown import markdown_table

HEADER = ("round", "precision", "recall", "F1 on dev", "notes", "tokens taught", "entities, expected", "kept")


def rounds_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Show each round, and which of the models is kept.

    rows (Sequence[Mapping[str, Any]]): As `self_train` returns them.
    RETURNS (str): A Markdown table.
    """
    lines = []
    for row in rows:
        notes = row["notes"]
        told = [str(notes["read"]), f"{notes['taught']:.0%}", f"{notes['entities']:.0f}"] if notes else ["", "", ""]
        scores = [f"{100 * row[measure]:.1f}" for measure in "prf"]
        lines.append([str(row["round"]), *scores, *told, "yes" if row["kept"] else ""])
    return markdown_table(HEADER, lines)
