"""`python -m spacy clinner predict`: many notes, to the files that other programs take."""

from pathlib import Path
from typing import Annotated

from typer import Argument, BadParameter, Option

from ._app import NOTES, clinner_cli
from ._coded import coded_errors
from ._gpu import GpuId, use_gpu
from ._notes import Failures, IdColumn, Notes, SpreadsheetSafe, TextColumn, find


@clinner_cli.command("predict", rich_help_panel=NOTES)
def predict_cli(
    model: Annotated[str, Argument(help="Pipeline (path or name)")],
    notes: Notes,
    output: Annotated[Path, Argument(help="A new folder, or a .jsonl, .csv or .spacy file")],
    to: Annotated[str | None, Option(help="jsonl, csv, spacy, or a format of convert --to; default: see below")] = None,
    id_column: IdColumn = "id",
    text_column: TextColumn = "text",
    spans_key: Annotated[str | None, Option(help="Span group of the entities; default: doc.ents")] = None,
    spreadsheet_safe: SpreadsheetSafe = False,
    n_process: Annotated[int, Option("--n-process", "-n", min=-1, help="Processes; -1: one a CPU core")] = 1,
    batch_size: Annotated[int, Option("--batch-size", "-b", min=1, help="Notes a batch")] = 16,
    gpu_id: GpuId = -1,
) -> None:
    """Annotate notes and write their entities. Without --to, the ending of OUTPUT names the format; a folder is brat.

    Notes that cannot be read or annotated are reported by id, and end the command with status 1 when all others are
    written. All but .jsonl files hold text of the notes. See docs/guide/predict.md.
    """
    import spacy
    from wasabi import msg

    from ..apart import check_apart
    from ..bulk.columns import Columns
    from ..bulk.predict import predict_notes
    from ..bulk.targets import FILES, Target

    if n_process == 0:
        raise BadParameter("--n-process is a number of processes, or -1")
    if gpu_id >= 0 and n_process != 1:
        raise BadParameter("several processes cannot share a GPU: give --n-process or --gpu-id")
    with coded_errors():
        ending = output.suffix[1:].lower()
        target = Target(output, to or (ending if ending in FILES else "brat"), spans_key, spreadsheet_safe)
        check_apart([output], notes)
        found = find(notes, Columns(id_column, text_column))
        target.check(note.id for note in found)
        use_gpu(gpu_id, silent=True)
        failures = Failures()
        written = predict_notes(
            spacy.load(model), found, target, failures.report, n_process=n_process, batch_size=batch_size
        )
        msg.good(f"Wrote {written} of {len(found)} notes to {output}")
        failures.end()
