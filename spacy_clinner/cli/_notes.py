"""What commands say about the notes that they read."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option
from wasabi import msg

if TYPE_CHECKING:
    from ..bulk.columns import Columns
    from ..bulk.notes import Note

Notes = Annotated[
    list[Path],
    Argument(help="Text files, .jsonl, .csv, .tsv (also .gz), .parquet or .spacy files, or folders", exists=True),
]
IdColumn = Annotated[str, Option(help="Column of the ids, of .jsonl files the key")]
TextColumn = Annotated[str, Option(help="Column of the texts, of .jsonl files the key")]
SpreadsheetSafe = Annotated[
    bool, Option("--spreadsheet-safe", help="Of .csv: put an apostrophe before cells that begin like formulas")
]


def find(paths: list[Path], columns: "Columns | None" = None) -> "list[Note]":
    """Find notes, and say how many files are read, and which are not.

    paths (List[Path]): Files and folders.
    columns (Optional[Columns]): Columns of tables; None: id and text.
    RETURNS (List[Note]): The notes.
    RAISES (ValueError): Those of `bulk.notes.find_notes`.
    """
    from ..bulk.columns import BY_DEFAULT
    from ..bulk.notes import find_notes
    from ..corpora.audit import ImportAudit

    audit = ImportAudit()
    notes = find_notes(paths, audit, columns or BY_DEFAULT)
    (msg.warn if audit.left_out else msg.info)(audit.files_read())
    return notes


class Failures:
    """Reports notes that fail, at once, and ends the command with an error if there were any."""

    def __init__(self) -> None:
        self.n = 0

    def report(self, note_id: str, message: str) -> None:
        """Say that a note fails.

        note_id (str): The note's id.
        message (str): Why; it quotes nothing of the note.
        """
        from tqdm import tqdm

        self.n += 1
        # above the bar, if there is one
        tqdm.write(f"Note {note_id!r}: {message}", file=sys.stderr)

    def end(self) -> None:
        """End with status 1 if a note failed."""
        if self.n:
            msg.fail(f"{self.n} notes are missing: see above", exits=1)
