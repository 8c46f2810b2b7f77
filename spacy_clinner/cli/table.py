"""`python -m spacy clinner table`: entities, or drugs with their fields, as a spreadsheet."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import NOTES, clinner_cli
from ._coded import coded_errors
from ._gpu import GpuId, use_gpu
from ._notes import Failures, SpreadsheetSafe, find


@clinner_cli.command("table", rich_help_panel=NOTES)
def table_cli(
    notes: Annotated[
        list[Path], Argument(help="Notes, as predict takes them; without --model annotated: .spacy files, or a run")
    ],
    output: Annotated[Path, Argument(help="File to write, .csv or .parquet; it holds text of the notes")],
    model: Annotated[str | None, Option("--model", "-m", help="Pipeline (path or name) that annotates them")] = None,
    head_labels: Annotated[
        list[str] | None, Option("--head-label", help="Label that gets a row; again for more; default: of heads")
    ] = None,
    spans_key: Annotated[str | None, Option(help="Span group of the entities; default: doc.ents")] = None,
    spreadsheet_safe: SpreadsheetSafe = False,
    show: Annotated[bool, Option("--show", help="Print the table, too: it holds text of the notes")] = False,
    gpu_id: GpuId = -1,
) -> None:
    """Write a table: a row an entity; of a pipeline with relations, a row a head of them, with its fields.

    The file holds text of the notes, by purpose: keep it where the notes may be kept.
    """
    import spacy
    from wasabi import msg

    from ..annotations.writers import check_labels
    from ..apart import check_apart
    from ..bulk.earlier import check_earlier
    from ..bulk.tables import annotate, read_annotated
    from ..corpora.audit import name_some
    from ..experiments.relation_runs import known_of
    from ..reports.relation_table import Known, note_table
    from ..reports.table import check_output, write_table
    from ..reports.tables import field_table

    with coded_errors():
        check_output(output)
        check_apart([output], notes)
        check_earlier(output, output.suffix[1:])
        use_gpu(gpu_id, silent=True)
        failures = Failures()
        if model is None:
            annotated, known = read_annotated(notes, spans_key), Known()
        else:
            found, nlp = find(notes), spacy.load(model)
            check_labels(nlp, head_labels or (), spans_key)
            annotated, known = annotate(nlp, found, spans_key, failures.report), known_of(nlp)
        table = note_table(annotated, head_labels or None, known)
        write_table(output, table, spreadsheet_safe=spreadsheet_safe)
        if show:
            print(field_table(table))
        msg.good(f"Wrote {len(table.rows)} rows of {len(annotated)} notes to {output}; they hold text of the notes")
        labels = {entity.label for note in annotated for entity in note.entities}
        if strange := sorted({*(head_labels or ())} - labels):
            there = ", ".join(sorted(labels)) or "none"
            msg.warn(f"No note has an entity of the labels {', '.join(strange)}; there are: {there}")
        # the table itself cannot tell "none found" from "not read"
        first_column = next(iter(table.columns))
        in_table = {row[first_column] for row in table.rows}
        if without := [note.id for note in annotated if note.id not in in_table]:
            msg.info(f"{len(without)} notes have no row, as none was found: {name_some(without)}")
        failures.end()
