"""Many notes through a pipeline: none lost, none twice, whatever is killed on the way."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import NamedTuple

from ...apart import check_apart
from ...corpora.audit import ImportAudit
from ...errors import Errors
from ...files import write_files_atomically
from ...ledger import LOCK, only_run
from ...progress import progress
from ..notes import iter_notes, tell_unsaid
from .annotating import ShardResult
from .counts import Counts
from .executors.executor import Executor
from .ids import each_id_once
from .job import Job, fingerprint
from .manifest import NAME, Manifest, Planned
from .outputs import output_name, remove_strangers, saying_when_full
from .settings import DEFAULTS, RunSettings
from .shards import Shard, cut

# shards that wait while all workers are busy, so that none has to wait for the next
AHEAD = 2


class RunResult(NamedTuple):
    """What a run has come to.

    folder (Path): Where it is.
    job (Job): What was done with each note.
    planned (Planned): What it had to do.
    counts (Counts): What was counted, in all shards.
    tokens_before (int): Tokens of shards that were done before.
    seconds (float): How long this run took, from the first shard that it had to do.
    audit (ImportAudit): Files that were read, and left out.
    """

    folder: Path
    job: Job
    planned: Planned
    counts: Counts
    tokens_before: int
    seconds: float
    audit: ImportAudit


def run_notes(
    paths: Sequence[Path],
    folder: Path,
    pipeline: str,
    executor: Executor,
    *,
    settings: RunSettings = DEFAULTS,
    resume: bool = False,
    tell: Callable[[Planned], None] = lambda planned: None,
) -> RunResult:
    """Annotate notes and write tables of what was found.

    paths (Sequence[Path]): Files and folders, as `iter_notes`.
    folder (Path): A new folder, or with `resume` that of a run that goes on.
    pipeline (str): Path or name of the pipeline.
    executor (Executor): Where notes are annotated.
    settings (RunSettings): Settings.
    resume (bool): Whether to go on with what is there; if nothing is done, the run begins.
    tell (Callable[[Planned], None]): Is told what is to be done before it begins.
    RETURNS (RunResult): What was found, of this run and of those before that it has gone on with.
    RAISES (ValueError): CE344 if something else is in the folder, CE372 if another run works there, CE474 if the run
        that is there had other settings, CE476 if notes change meanwhile, CE477 if the disk is full, CE478 if a shard
        does not add up, CE005 without notes, and those of `RunSettings.job`, `iter_notes`, `each_id_once` and
        `Executor.submit`.
    """
    job = settings.job(pipeline)
    _check_folder(folder, paths)
    with saying_when_full(folder), only_run(folder):
        manifest = Manifest(folder)
        try:
            _check_before(manifest, resume)
            kept = manifest.settle(fingerprint(job) | settings.of_notes(), date=job.date)
            job = job._replace(date=kept["date"])
            audit = ImportAudit()
            notes = iter_notes(paths, audit, settings.columns)
            found = each_id_once(tell_unsaid(notes, settings.columns))
            planned = manifest.plan(cut(progress(found, unit="note", desc="Look"), settings.shard_bytes))
            if not planned.notes:
                raise ValueError(Errors.CE005.format(path=", ".join(path.name for path in paths), kind="notes"))
            remove_strangers(folder, manifest.outputs())
            tell(planned)
            tokens_before = manifest.counts().tokens
            start = time.monotonic()
            if planned.todo:
                _annotate(paths, folder, manifest, planned, job, executor, settings)
            counts = manifest.counts()
            if counts.notes + counts.n_errors != planned.notes:
                raise ValueError(Errors.CE478.format(notes=planned.notes, found=counts.notes + counts.n_errors))
            return RunResult(folder, job, planned, counts, tokens_before, time.monotonic() - start, audit)
        finally:
            manifest.close()


def _check_folder(folder: Path, paths: Sequence[Path]) -> None:
    check_apart([folder], paths)
    problem = None
    if folder.exists() and not folder.is_dir():
        problem = "a file, but a folder is to be written"
    elif folder.is_dir() and not (folder / NAME).is_file() and any(file.name != LOCK for file in folder.iterdir()):
        problem = "not empty, and holds no run"
    if problem:
        raise ValueError(Errors.CE344.format(path=folder.name, problem=problem))


def _check_before(manifest: Manifest, resume: bool) -> None:
    """Refuse a run that is there and not to go on; one that has done nothing, as of a mistyped path, is begun anew."""
    _, n_done = manifest.n_shards()
    if not n_done:
        manifest.forget()
    elif not resume:
        problem = "there is a run already: go on with it by --resume"
        raise ValueError(Errors.CE344.format(path=manifest.folder.name, problem=problem))


def _annotate(
    paths: Sequence[Path],
    folder: Path,
    manifest: Manifest,
    planned: Planned,
    job: Job,
    executor: Executor,
    settings: RunSettings,
) -> None:
    """Annotate the shards that are to be done, and write each when it is ready."""
    pending: dict[Future[ShardResult], tuple[Shard, float]] = {}
    executor.open(job, settings.limit)
    try:
        with progress(total=planned.notes - planned.done, unit="note", desc="Annotate") as bar:
            for shard in _shards_todo(paths, manifest, planned, settings):
                pending[executor.submit(shard)] = shard, time.monotonic()
                if len(pending) >= executor.workers + AHEAD:
                    _commit_finished(folder, manifest, job, pending, bar.update)
            while pending:
                _commit_finished(folder, manifest, job, pending, bar.update)
    finally:
        executor.close()


def _shards_todo(paths: Sequence[Path], manifest: Manifest, planned: Planned, settings: RunSettings) -> Iterator[Shard]:
    """Read the notes again, as those of all shards are more than memory holds."""
    notes = (note for _, note in iter_notes(paths, ImportAudit(), settings.columns))
    for shard in cut(notes, settings.shard_bytes):
        if shard.number not in planned.todo:
            continue
        if shard.digest() != manifest.digest_of(shard.number):
            raise ValueError(Errors.CE476.format(shard=shard.number))
        yield shard


def _commit_finished(
    folder: Path,
    manifest: Manifest,
    job: Job,
    pending: dict[Future[ShardResult], tuple[Shard, float]],
    update: Callable[[int], object],
) -> None:
    """Wait until some shard is annotated, and write what is."""
    for future in wait(pending, return_when=FIRST_COMPLETED).done:
        shard, since = pending.pop(future)
        result = future.result()
        counts = Counts(result.counts)
        if counts.notes + counts.n_errors != len(shard.notes):
            raise ValueError(Errors.CE478.format(notes=len(shard.notes), found=counts.notes + counts.n_errors))
        files = {output_name(table, shard.number, job.format): content for table, content in result.files.items()}
        write_files_atomically(folder, files, private=True, durable=True)
        manifest.commit(shard.number, files, result.counts, time.monotonic() - since)
        update(len(shard.notes))
