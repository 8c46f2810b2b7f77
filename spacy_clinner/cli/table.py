"""`python -m spacy clinner table`: drugs with their fields as a spreadsheet."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import clinner_cli
from ._coded import coded_errors


@clinner_cli.command("table")
def table_cli(
    source: Annotated[str, Argument(help="Pipeline (path or name), or a .spacy file of annotated documents")],
    notes: Annotated[list[Path] | None, Argument(help="For a pipeline: text files (UTF-8), or folders of .txt")] = None,
    output: Annotated[Path, Argument(help="File to write, .csv or .parquet; it holds text of the notes")] = ...,
    head_labels: Annotated[str | None, Option(help="Labels that get a row, with commas; default: the heads'")] = None,
    spans_key: Annotated[str | None, Option(help="Span group of the entities; default: doc.ents")] = None,
    show: Annotated[bool, Option("--show", help="Print the table, too: it holds text of the notes")] = False,
    gpu_id: Annotated[int, Option("--gpu-id", "-g", help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Write a table: a row for each entity that has relations, with its fields.

    The file holds text of the notes, by purpose: keep it where the notes may be kept.
    """
    from spacy.cli._util import setup_gpu
    from wasabi import msg

    from ..reports.relation_table import check_output, relation_table, write_table
    from ..reports.tables import field_table

    with coded_errors():
        check_output(output)
        setup_gpu(gpu_id, silent=True)
        table = relation_table(_documents(source, notes or []), spans_key, head_labels and head_labels.split(","))
        write_table(output, table)
        if show:
            print(field_table(table))
        msg.good(f"Wrote {len(table.rows)} rows to {output}; they hold text of the notes")


def _documents(source: str, notes: list[Path]) -> list:
    """The documents of a file, or those that a pipeline makes of notes."""
    import spacy

    from ..constants import DOC_ID_KEY
    from ..errors import Errors
    from ..files import read_text
    from ..progress import progress
    from ..scoring.documents import read_docs

    if source.endswith(".spacy") == bool(notes):
        raise ValueError(Errors.CE088.format(source=Path(source).name))
    if not notes:
        return read_docs(Path(source))
    files = [file for path in notes for file in (sorted(path.glob("*.txt")) if path.is_dir() else [path])]
    if not files:
        raise ValueError(Errors.CE005.format(path=notes[0].name, kind="notes (.txt files)"))
    docs = []
    annotated = spacy.load(source).pipe(map(read_text, files))
    for file, doc in zip(files, progress(annotated, total=len(files), unit="note", desc="Annotate"), strict=True):
        doc.user_data[DOC_ID_KEY] = file.stem
        docs.append(doc)
    return docs
