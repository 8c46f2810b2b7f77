"""`python -m spacy clinner table`: entities, or drugs with their fields, as a spreadsheet."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from ._app import clinner_cli
from ._coded import coded_errors
from ._gpu import GpuId, use_gpu
from ._notes import Failures, SpreadsheetSafe, find

if TYPE_CHECKING:
    from ..reports.annotations import AnnotatedNote
    from ..reports.relation_table import Known


@clinner_cli.command("table")
def table_cli(
    source: Annotated[str, Argument(help="Pipeline (path or name), or a .spacy file of annotated documents")],
    notes: Annotated[list[Path] | None, Argument(help="For a pipeline: notes, as predict takes them")] = None,
    output: Annotated[Path, Argument(help="File to write, .csv or .parquet; it holds text of the notes")] = ...,  # type: ignore[assignment]
    head_labels: Annotated[str | None, Option(help="Labels that get a row, with commas; default: of heads")] = None,
    spans_key: Annotated[str | None, Option(help="Span group of the entities; default: doc.ents")] = None,
    spreadsheet_safe: SpreadsheetSafe = False,
    show: Annotated[bool, Option("--show", help="Print the table, too: it holds text of the notes")] = False,
    gpu_id: GpuId = -1,
) -> None:
    """Write a table: a row an entity; of a pipeline with relations, a row a head of them, with its fields.

    The file holds text of the notes, by purpose: keep it where the notes may be kept.
    """
    from wasabi import msg

    from ..corpora.audit import name_some
    from ..reports.relation_table import note_table
    from ..reports.table import check_output, write_table
    from ..reports.tables import field_table

    with coded_errors():
        check_output(output)
        use_gpu(gpu_id, silent=True)
        failures = Failures()
        annotated, known = _annotate(source, notes or [], spans_key, failures)
        table = note_table(annotated, head_labels.split(",") if head_labels else None, known)
        write_table(output, table, spreadsheet_safe=spreadsheet_safe)
        if show:
            print(field_table(table))
        msg.good(f"Wrote {len(table.rows)} rows of {len(annotated)} notes to {output}; they hold text of the notes")
        # the table itself cannot tell "none found" from "not read"
        first_column = next(iter(table.columns))
        in_table = {row[first_column] for row in table.rows}
        if without := [note.id for note in annotated if note.id not in in_table]:
            msg.info(f"{len(without)} notes have no row, as none was found: {name_some(without)}")
        failures.end()


def _annotate(
    source: str, paths: list[Path], spans_key: str | None, failures: Failures
) -> "tuple[list[AnnotatedNote], Known]":
    """The notes of a file, or those that a pipeline annotates, and what that pipeline can find."""
    import spacy

    from ..annotations.documents import document_ids, read_docs
    from ..bulk.predict import annotated_docs
    from ..errors import Errors
    from ..experiments.relation_runs import known_of
    from ..reports.annotations import read_note
    from ..reports.relation_table import Known

    if source.endswith(".spacy") == bool(paths):
        raise ValueError(Errors.CE088.format(source=Path(source).name))
    if not paths:
        docs = read_docs(Path(source))
        return [read_note(*row, spans_key) for row in zip(document_ids(docs), docs, strict=True)], Known()
    notes = find(paths)
    nlp = spacy.load(source)
    annotated = [read_note(*row, spans_key) for row in annotated_docs(nlp, notes, failures.report)]
    if not annotated:
        raise ValueError(Errors.CE347.format(n=len(notes), path="the table"))
    return annotated, known_of(nlp)
