"""What of an experiment is to be done, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os.path import exists
from pathlib import Path
from typing import Any

from ..annotations.documents import document_ids, read_docs
from ..errors import Errors
from ..toml_file import refuse
from .cell import Cell
from .step import Kept, Step
from .strict_scores import score_predictions

MODELS, PREDICTIONS, RUNNING = "models", "predictions", "running"


@dataclass(frozen=True)
class Planned:
    """A step that an experiment consists of.

    step (Step): The step.
    kept (Kept): Where to leave what stays.
    lacks (Optional[str]): What is not there: "result", "model" or "predictions"; None: it is done.
    """

    step: Step
    kept: Kept
    lacks: str | None


def make_plan(steps: Sequence[Step], done: Mapping[str, Any], output: Path) -> dict[str, Planned]:
    """Find out which steps are to be run.

    A model that other steps read is wanted only while one of these is to be run: finished experiments may lose theirs.

    steps (Sequence[Step]): The experiment; what they need need not be listed.
    done (Mapping[str, Any]): Results by identity.
    output (Path): Folder of the results.
    RETURNS (Dict[str, Planned]): All steps by identity, what they need included and in front of them.
    RAISES (ValueError): CE374 if data are missing, CE084 if a training's test cannot be scored; CE080, CE320 and CE324
        as `Cell.identity`.
    """
    groups: dict[str, list[Step]] = {}
    for step in steps:
        _collect(step, groups)
    check_data(path for group in groups.values() for step in group for path in step.data)
    _check_paths([step for group in groups.values() for step in group if isinstance(step, Cell)])
    read = {need.identity for group in groups.values() for need in group[0].needs}
    plan: dict[str, Planned] = {}
    wanted: set[str] = set()
    for identity, group in reversed(groups.items()):
        stays = any(step.keep for step in group)
        kept = Kept(
            model_of(identity, output) if stays or identity in read else None,
            predictions_of(identity, output) if any(step.keep_predictions for step in group) else None,
            output / RUNNING,
        )
        lacks = None
        if identity not in done:
            lacks = "result"
        elif (stays or identity in wanted) and not (kept.model and kept.model.exists()):
            lacks = "model"
        elif kept.predictions and not kept.predictions.exists():
            lacks = "predictions"
        if lacks:
            wanted |= {need.identity for need in group[0].needs}
        plan[identity] = Planned(group[0], kept, lacks)
    _check_tests(plan.values())
    return {identity: plan[identity] for identity in groups}


def check_data(paths: Iterable[Path]) -> None:
    """RAISES (ValueError): CE374 if any of these files and folders is missing."""
    missing = sorted({str(path) for path in paths if not exists(path)})
    if missing:
        raise ValueError(Errors.CE374.format(n=len(missing), paths=missing[:5], folder=Path.cwd()))


def _check_paths(cells: Sequence[Cell]) -> None:
    """What one training does not read another one may; a path that none reads is misspelt."""
    read = {name for cell in cells for name in cell.read_paths}
    for cell in cells:
        for name in sorted(cell.overrides.keys() - read):
            if name.startswith("paths."):
                raise ValueError(Errors.CE080.format(setting=name, config=cell.config))


def model_of(identity: str, output: Path) -> Path:
    """RETURNS (Path): Where the model of a step is kept."""
    return output / MODELS / identity[:16]


def predictions_of(identity: str, output: Path) -> Path:
    """RETURNS (Path): Where the predictions of a step are kept."""
    return output / PREDICTIONS / f"{identity[:16]}.jsonl"


def changed_parts(step: Step, done: Mapping[str, Mapping[str, Any]]) -> tuple[Mapping[str, Any], list[str]] | None:
    """Compare a step with the recorded one that is most like it.

    step (Step): A step without a result.
    done (Mapping[str, Mapping[str, Any]]): Results by identity; those of earlier versions do not tell their parts.
    RETURNS (Optional[Tuple[Mapping[str, Any], List[str]]]): That result, and the names of the parts that differ; None
        if no result tells its parts.
    """
    found = [(differing(step.parts, record["parts"]), record) for record in done.values() if "parts" in record]
    if not found:
        return None
    names, record = min(found, key=lambda row: len(row[0]))
    return record, names


def differing(parts: Mapping[str, str], others: Mapping[str, str]) -> list[str]:
    """RETURNS (List[str]): Names of the parts in which two steps differ."""
    return sorted(name for name in {*parts, *others} if parts.get(name) != others.get(name))


def _collect(step: Step, groups: dict[str, list[Step]]) -> None:
    for need in step.needs:
        _collect(need, groups)
    groups.setdefault(step.identity, []).append(step)


def _check_tests(plan: Iterable[Planned]) -> None:
    """A training would be lost that ends with documents which cannot be scored."""
    cells = [planned.step for planned in plan if planned.lacks and isinstance(planned.step, Cell)]
    tests = {(cell.test, cell.spans_key) for cell in cells if cell.test}
    for path, spans_key in sorted(tests, key=str):
        try:
            docs = read_docs(path)
            score_predictions(docs, dict.fromkeys(document_ids(docs), frozenset()), spans_key)
        except (OSError, ValueError) as error:
            reason = error if isinstance(error, ValueError) else type(error).__name__
            raise refuse(path, [str(reason)]) from None
