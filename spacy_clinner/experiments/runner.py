"""Run the steps of an experiment: each once, in several processes, and again from where a killed run stopped."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, NamedTuple

from thinc.api import ConfigValidationError

from ..errors import Errors
from ..ledger import append_result, only_run, read_results
from ..leftovers import remove_leftovers
from ..processes import run_in_processes
from ..progress import progress, tell_as_part
from ..quoting import has_code, place_of
from .plan import MODELS, Planned, differing, make_plan
from .step import Kept, Step

RESULTS = "results.jsonl"


class Task(NamedTuple):
    """A step as it was planned, the models that it reads, and where to leave what stays."""

    step: Step
    identity: str
    parts: dict[str, str]
    models: list[Path]
    kept: Kept


def plan_steps(steps: Sequence[Step], output: Path) -> tuple[dict[str, Planned], dict[str, dict[str, Any]]]:
    """Tell what `run_steps` would do; nothing is run or written, and another run may go on.

    steps (Sequence[Step]), output (Path): As for `run_steps`.
    RETURNS (Tuple[Dict[str, Planned], Dict[str, Dict[str, Any]]]): The plan, and the results that are there.
    RAISES (ValueError): CE080, CE373, CE374 as `run_steps`.
    """
    done = read_results(output / RESULTS, cut=False)
    return make_plan(steps, done, output), done


def run_steps(steps: Sequence[Step], output: Path, jobs: int = 1) -> list[dict[str, Any]]:
    """Do what is not done yet. A step starts when all that it needs is done.

    A step's result is one line of `output/results.jsonl`, written when it is done; a line cut short by a kill does not
    count. Steps of equal identity are run once. Models that other steps read stay in `output/models`.

    steps (Sequence[Step]): The experiment; what they need need not be listed.
    output (Path): Folder of the results.
    jobs (int): Number of processes, each on one thread.
    RETURNS (List[Dict[str, Any]]): For each step, in order, its keys under "keys" and what it found.
    RAISES (ValueError): CE081 if steps failed or their processes died (CE371); the others are done and saved.
        CE080 as `Cell.identity`, CE372 as `only_run`, CE373 as `read_results`, CE374 as `make_plan`.
    """
    with only_run(output):
        return run_steps_locked(steps, output, jobs)


def run_steps_locked(steps: Sequence[Step], output: Path, jobs: int = 1) -> list[dict[str, Any]]:
    """Do what is not done yet in a folder that the caller has for itself (`only_run`); else as `run_steps`."""
    remove_leftovers(output / MODELS)
    done = read_results(output / RESULTS)
    plan = make_plan(steps, done, output)
    failed = _run(plan, done, output / RESULTS, jobs)
    if failed:
        lost = [dict(step.keys) for step in steps if step.identity in failed]
        raise ValueError(Errors.CE081.format(n=len(lost), cells=lost[:5], error=next(iter(failed.values()))))
    return [{"keys": dict(step.keys), **done[step.identity]} for step in steps]


def _run(plan: dict[str, Planned], done: dict[str, dict[str, Any]], results: Path, jobs: int) -> dict[str, str]:
    """Run a plan, add what is done to `done`, and tell of each step that failed or lost what it needs why."""
    failed: dict[str, str] = {}
    sorter = TopologicalSorter({identity: _needs(planned) for identity, planned in plan.items()})
    sorter.prepare()
    with progress(total=len(plan), unit="training", desc="Train") as bar:

        def end(identity: str) -> None:
            sorter.done(identity)
            bar.update()

        def tasks() -> Iterator[Task | None]:
            while sorter.is_active():
                ready = sorter.get_ready()
                for identity in ready:
                    step, kept, lacks = plan[identity].step, plan[identity].kept, plan[identity].lacks
                    if lost := [failed[need] for need in _needs(plan[identity]) if need in failed]:
                        failed[identity] = lost[0]
                        end(identity)
                    elif lacks is None:
                        end(identity)
                    else:
                        models = [_model_of(plan[need]) for need in _needs(plan[identity])]
                        yield Task(step, identity, dict(step.parts), models, kept)
                if not ready:
                    yield None

        for ended in run_in_processes(_try, tasks(), jobs, _one_thread):
            identity = ended.task.identity
            found = Errors.CE371 if ended.died else ended.result
            if isinstance(found, str):
                failed[identity] = found
            else:
                done[identity] = {"identity": identity, "parts": ended.task.parts, **found}
                append_result(results, done[identity])
            end(identity)
    return failed


def _model_of(planned: Planned) -> Path:
    assert planned.kept.model is not None, "what another step reads is kept"
    return planned.kept.model


def _needs(planned: Planned) -> list[str]:
    return [need.identity for need in planned.step.needs]


def _try(task: Task) -> dict[str, Any] | str:
    """The record, or what went wrong, as text: some exceptions do not survive the way between processes."""
    tell_as_part(", ".join(f"{key} {value}" for key, value in task.step.keys.items()))
    try:
        _check_unchanged(task)
        found = task.step.run(task.models, task.kept)
        try:
            _check_unchanged(task)
        except ValueError:
            task.kept.remove()
            raise
        return found
    except Exception as error:
        # a message without a code may quote a note
        if has_code(error) or isinstance(error, ConfigValidationError):
            return str(error)
        return place_of(error)


def _check_unchanged(task: Task) -> None:
    """A step reads its config and documents when its turn comes, perhaps hours after the plan."""
    now = deepcopy(task.step)
    if now.identity != task.identity:
        raise ValueError(Errors.CE323.format(parts=", ".join(differing(task.parts, now.parts))))


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
