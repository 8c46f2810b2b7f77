"""`python -m spacy clinner table`: entities, or drugs with their fields, as a spreadsheet."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from ._app import clinner_cli
from ._coded import coded_errors
from ._gpu import GpuId, use_gpu

if TYPE_CHECKING:
    from ..reports.annotations import AnnotatedNote
    from ..reports.relation_table import Known


@clinner_cli.command("table")
def table_cli(
    source: Annotated[str, Argument(help="Pipeline (path or name), or a .spacy file of annotated documents")],
    notes: Annotated[list[Path] | None, Argument(help="For a pipeline: text files (UTF-8), or folders of .txt")] = None,
    output: Annotated[Path, Argument(help="File to write, .csv or .parquet; it holds text of the notes")] = ...,
    head_labels: Annotated[str | None, Option(help="Labels that get a row, with commas; default: of heads")] = None,
    spans_key: Annotated[str | None, Option(help="Span group of the entities; default: doc.ents")] = None,
    show: Annotated[bool, Option("--show", help="Print the table, too: it holds text of the notes")] = False,
    gpu_id: GpuId = -1,
) -> None:
    """Write a table: a row an entity; of a pipeline with relations, a row a head of them, with its fields.

    The file holds text of the notes, by purpose: keep it where the notes may be kept.
    """
    from wasabi import msg

    from ..reports.relation_table import note_table
    from ..reports.table import check_output, write_table
    from ..reports.tables import field_table

    with coded_errors():
        check_output(output)
        use_gpu(gpu_id, silent=True)
        annotated, known = _annotate(source, notes or [], spans_key)
        table = note_table(annotated, head_labels.split(",") if head_labels else None, known)
        write_table(output, table)
        if show:
            print(field_table(table))
        msg.good(f"Wrote {len(table.rows)} rows to {output}; they hold text of the notes")


def _annotate(source: str, notes: list[Path], spans_key: str | None) -> "tuple[list[AnnotatedNote], Known]":
    """The notes of a file, or those that a pipeline annotates, and what that pipeline can find."""
    import spacy

    from ..errors import Errors
    from ..files import read_text
    from ..progress import progress
    from ..reports.annotations import read_note
    from ..reports.relation_runs import known_of
    from ..reports.relation_table import Known
    from ..scoring.documents import document_ids, read_docs

    if source.endswith(".spacy") == bool(notes):
        raise ValueError(Errors.CE088.format(source=Path(source).name))
    if not notes:
        docs = read_docs(Path(source))
        ids = document_ids(docs)
        return [read_note(*row, spans_key) for row in zip(ids, docs, strict=True)], Known()
    files = [file for path in notes for file in (sorted(path.glob("*.txt")) if path.is_dir() else [path])]
    if not files:
        raise ValueError(Errors.CE005.format(path=notes[0].name, kind="notes (.txt files)"))
    ids = [file.stem for file in files]
    if len(set(ids)) < len(ids):
        raise ValueError(Errors.CE064.format(doc=max(ids, key=ids.count)))
    nlp = spacy.load(source)
    docs = progress(nlp.pipe(map(read_text, files)), total=len(files), unit="note", desc="Annotate")
    return [read_note(*row, spans_key) for row in zip(ids, docs, strict=True)], known_of(nlp)
