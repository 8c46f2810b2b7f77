"""The page that says what a run has come to."""

from datetime import UTC, datetime
from pathlib import Path

from ...files import write_atomically
from ...provenance import as_text
from ...reports.run_page import RunSummary, run_page
from .outputs import SUMMARY, saying_when_full
from .run import RunResult


def write_summary(result: RunResult) -> Path:
    """Write summary.html beside the tables of a run.

    result (RunResult): What the run has come to.
    RETURNS (Path): The page; it holds no text of notes.
    RAISES (ValueError): CE477 if the disk is full.
    """
    page = result.folder / SUMMARY
    with saying_when_full(result.folder):
        write_atomically(page, run_page(summary_of(result)))
    return page


def summary_of(result: RunResult) -> RunSummary:
    """RETURNS (RunSummary): A run in figures."""
    counts, job, audit = result.counts, result.job, result.audit
    errors: dict[tuple[str, str], int] = {}
    for error, n in counts.errors.items():
        code, _, kind = error.partition(" ")
        errors[code, kind] = n
    return RunSummary(
        system=job.system,
        folder=as_text(result.folder.resolve()),
        format=job.format,
        began=job.date,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        notes=counts.notes,
        characters=counts.characters,
        tokens=counts.tokens,
        errors=errors,
        entities=counts.found["entities"],
        relations=counts.found["relations"],
        n_files=len(audit.files),
        n_left_out=len(audit.left_out),
        left_out=audit.left_out_by_reason,
        notes_before=result.planned.done,
        tokens_since=counts.tokens - result.tokens_before,
        seconds=result.seconds,
    )
