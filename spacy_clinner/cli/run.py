"""`python -m spacy clinner run`: many notes, to tables of data bases."""

from pathlib import Path
from typing import Annotated

from typer import Argument, BadParameter, Exit, Option
from wasabi import msg

from ._app import NOTES, clinner_cli
from ._coded import coded_errors
from ._notes import IdColumn, Notes, TextColumn

# complete, but some notes have a row of errors in place of one of notes
WITH_ERRORS = 3


@clinner_cli.command("run", rich_help_panel=NOTES)
def run_cli(
    notes: Notes,
    output: Annotated[Path, Argument(help="Folder of the tables; they hold text of the notes")],
    pipeline: Annotated[str, Option("--pipeline", "-p", help="Pipeline (path or name)")],
    executor: Annotated[str, Option(help="Where notes are annotated: processes, ray or spark")] = "processes",
    workers: Annotated[int, Option("--workers", "-n", min=-1, help="Annotated at once; -1: one a CPU core")] = -1,
    resume: Annotated[bool, Option("--resume", help="Go on with the run that is in the folder")] = False,
    id_column: IdColumn = "id",
    text_column: TextColumn = "text",
    also: Annotated[list[str] | None, Option(help="Column to copy to the table of notes; again for more")] = None,
    to: Annotated[str | None, Option(help="parquet or csv; default: Parquet if pyarrow is there")] = None,
    spans_key: Annotated[str | None, Option(help="Span group of the entities; default: doc.ents")] = None,
    note_nlp: Annotated[bool, Option("--note-nlp", help="Write OMOP's NOTE_NLP, too")] = False,
    docs: Annotated[bool, Option("--docs", help="Write the documents, too (.spacy)")] = False,
    code: Annotated[Path | None, Option("--code", "-c", help="Python file with registered components")] = None,
    batch_size: Annotated[int, Option("--batch-size", "-b", min=1, help="Notes a batch")] = 64,
    shard_mb: Annotated[float, Option(min=0.001, help="Megabytes of text a shard")] = 4.0,
    seconds: Annotated[float, Option(min=1, help="Seconds after which a batch is given up ...")] = 60.0,
    seconds_per_mb: Annotated[float, Option(min=0, help="... and so many more a megabyte")] = 2000.0,
    gpu_id: Annotated[int, Option("--gpu-id", "-g", help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Annotate many notes, shard by shard: no note is lost, and a run that was stopped or killed goes on by --resume.

    Writes tables of notes, entities, relations and errors, a manifest and summary.html. Status 3: complete, but notes
    that could not be annotated have a row of errors. See docs/guide/run.md.
    """
    from ..bulk.columns import Columns
    from ..bulk.runs.executors.choose import choose_executor
    from ..bulk.runs.job import Limit
    from ..bulk.runs.manifest import Planned, reasons
    from ..bulk.runs.run import run_notes
    from ..bulk.runs.settings import RunSettings
    from ..bulk.runs.summary import write_summary

    if workers == 0:
        raise BadParameter("--workers is a number of workers, or -1")
    if gpu_id >= 0 and workers != 1:
        raise BadParameter("several workers cannot share a GPU: give --workers 1")
    if gpu_id >= 0 and executor != "processes":
        raise BadParameter("a GPU is for processes of this machine: give --executor processes")

    def tell(planned: Planned) -> None:
        msg.info(f"{planned.notes} notes, {planned.done} of them done before")
        if resume and planned.todo:
            msg.info(f"{len(planned.todo)} shards to do: {reasons(planned.todo)}")
        if planned.removed:
            msg.info(f"{planned.removed} shards that were done are removed, as there are fewer notes")

    with coded_errors():
        settings = RunSettings(
            columns=Columns(id_column, text_column, tuple(also or ())),
            format=to,
            spans_key=spans_key,
            note_nlp=note_nlp,
            docs=docs,
            code=code,
            batch_size=batch_size,
            gpu_id=gpu_id,
            shard_bytes=round(shard_mb * 1e6),
            limit=Limit(seconds, seconds_per_mb),
        )
        chosen = choose_executor(executor, workers)
        try:
            done = run_notes(notes, output, pipeline, chosen, settings=settings, resume=resume, tell=tell)
        except KeyboardInterrupt:
            msg.warn(f"Stopped. What is written counts: go on by --resume with {output}")
            raise Exit(130) from None
        page = write_summary(done)
    (msg.warn if done.audit.left_out else msg.info)(done.audit.files_read())
    summary = f"{done.counts.notes} notes, {done.counts.tokens} tokens, {done.counts.n_errors} errors: {page}"
    if done.counts.n_errors:
        msg.warn(f"Complete, with errors: {summary}")
        raise Exit(WITH_ERRORS)
    msg.good(f"Complete: {summary}")
