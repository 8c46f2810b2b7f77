"""Run the cells of an experiment: each once, in several processes, and again from where a killed run stopped."""

import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from thinc.api import ConfigValidationError

from ..errors import Errors
from ..ledger import append_result, only_run, read_results
from ..processes import run_in_processes
from ..progress import progress
from .cell import Cell
from .train_cell import train_cell

RESULTS, MODELS = "results.jsonl", "models"


class Training(NamedTuple):
    """A cell, the model it starts from, and where its own is to be kept."""

    cell: Cell
    model: Path | None
    kept: Path | None


def run_cells(cells: Sequence[Cell], output: Path, jobs: int = 1) -> list[dict[str, Any]]:
    """Train and test what is not done yet.

    A cell's result is one line of `output/results.jsonl`, written when it is done; a line cut short by a kill does not
    count. Cells of equal identity are trained once. Models that other cells start from stay in `output/models`.

    cells (Sequence[Cell]): The experiment; cells that others start from need not be listed.
    output (Path): Folder of the results.
    jobs (int): Number of processes, each on one thread.
    RETURNS (List[Dict[str, Any]]): For each cell, in order, its keys under "keys" and what `train_cell` found.
    RAISES (ValueError): CE081 if trainings failed or their processes died (CE371); the others are done and saved.
        CE080 as `Cell.identity`, CE372 as `only_run`, CE373 as `read_results`.
    """
    with only_run(output):
        return _run_cells(cells, output, jobs)


def _run_cells(cells: Sequence[Cell], output: Path, jobs: int) -> list[dict[str, Any]]:
    unique, starts = _collect(cells)
    done = read_results(output / RESULTS)
    failed: dict[str, str] = {}
    with progress(total=len(unique), unit="training", desc="Train") as bar:
        for level in _levels(unique):
            waiting = [cell for cell in level if not _finished(cell, done, starts, output)]
            bar.update(len(level) - len(waiting))
            waiting = [cell for cell in waiting if cell.start is None or cell.start.identity in done]
            trainings = [Training(cell, _model_of(cell.start, output), _kept(cell, starts, output)) for cell in waiting]
            for ended in run_in_processes(_try, trainings, jobs, _one_thread):
                identity = ended.task.cell.identity
                found = Errors.CE371 if ended.died else ended.result
                if isinstance(found, str):
                    failed[identity] = found
                else:
                    done[identity] = found
                    append_result(output / RESULTS, found)
                bar.update()
    if failed:
        lost = [dict(cell.keys) for cell in cells if cell.identity not in done]
        raise ValueError(Errors.CE081.format(n=len(lost), cells=lost[:5], error=next(iter(failed.values()))))
    return [{"keys": dict(cell.keys), **done[cell.identity]} for cell in cells]


def _try(training: Training) -> dict[str, Any] | str:
    """The record, or what went wrong, as text: some exceptions do not survive the way between processes."""
    try:
        return train_cell(*training)
    except Exception as error:
        # a message without a code may quote a note
        if str(error).startswith("[") or isinstance(error, ConfigValidationError):
            return str(error)
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"


def _collect(cells: Iterable[Cell]) -> tuple[dict[str, Cell], set[str]]:
    """All cells by identity, those started from included, and the identities of the latter."""
    unique: dict[str, Cell] = {}
    starts: set[str] = set()
    for cell in cells:
        while cell is not None:
            unique.setdefault(cell.identity, cell)
            if cell.start is not None:
                starts.add(cell.start.identity)
            cell = cell.start
    return unique, starts


def _levels(unique: dict[str, Cell]) -> list[list[Cell]]:
    """Cells in the order in which they can run: those that start from nothing first."""
    levels: dict[int, list[Cell]] = {}
    for cell in unique.values():
        depth, start = 0, cell.start
        while start is not None:
            depth, start = depth + 1, start.start
        levels.setdefault(depth, []).append(cell)
    return [levels[depth] for depth in sorted(levels)]


def _finished(cell: Cell, done: dict[str, Any], starts: set[str], output: Path) -> bool:
    kept = _kept(cell, starts, output)
    return cell.identity in done and (kept is None or kept.exists())


def _kept(cell: Cell, starts: set[str], output: Path) -> Path | None:
    return _model_of(cell, output) if cell.identity in starts else None


def _model_of(cell: Cell | None, output: Path) -> Path | None:
    return None if cell is None else output / MODELS / cell.identity[:16]


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
