"""A grid of tasks and methods, described in a TOML file; see docs/guide/experiments.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import BaseModel, StrictBool, StrictInt, StrictStr

from ..toml_file import check_toml, problems_of_overrides, problems_of_repeated, read_toml, refuse
from ..unlabelled.labelling import Labelling, Labels
from .cell import MODEL, Cell, fill
from .given_predictions import GivenPredictions
from .probability_cell import ProbabilityCell
from .taught_cell import TaughtCell


class Tasks(BaseModel, extra="forbid"):
    """Every source with every other target, and pairs."""

    sources: list[StrictStr] = []
    targets: list[StrictStr] = []
    pairs: list[tuple[StrictStr, StrictStr]] = []


class Notes(BaseModel, extra="forbid"):
    """Notes that another method's model, or a pipeline's folder, labels for a training."""

    teacher: StrictStr | None = None
    pipeline: StrictStr | None = None
    paths: list[StrictStr]
    labels: Labels = Labelling().labels
    sure: float = Labelling().sure
    outside: float = Labelling().outside
    sharpness: float = Labelling().sharpness
    share: float = 1.0
    words: StrictInt | None = None

    @property
    def labelling(self) -> Labelling:
        """RETURNS (Labelling): How predictions become gold."""
        return Labelling(self.labels, self.sure, self.outside, self.sharpness)


class Method(BaseModel, extra="forbid"):
    """A way to train, or predictions of another tool."""

    config: StrictStr | None = None
    test: StrictStr | None = None
    start: StrictStr | None = None
    train: StrictBool = True
    hidden: StrictBool = False
    overrides: dict[StrictStr, Any] = {}
    unset: list[StrictStr] = []
    predictions: StrictStr | None = None
    notes: Notes | None = None


class GridFile(BaseModel, extra="forbid"):
    """What a file holds."""

    title: StrictStr | None = None
    config: StrictStr
    test: StrictStr
    seeds: list[StrictInt] = [0, 1, 2]
    baseline: StrictStr | None = None
    keep_predictions: StrictBool = False
    keep_models: StrictBool = False
    probabilities: StrictBool = False
    overrides: dict[StrictStr, Any] = {}
    tasks: Tasks
    methods: dict[StrictStr, Method]


@dataclass(frozen=True)
class Grid:
    """A grid read from its file.

    title (str): What is compared; by default the file's name.
    methods (Sequence[str]): Methods of the table, in order.
    tasks (Sequence[Tuple[str, str]]): Source and target of each task.
    baseline (Optional[str]): The method that the others are compared with.
    keep_predictions (bool): Whether the entities found on test stay, to be scored in every mode.
    cells (Sequence[Union[Cell, GivenPredictions]]): All trainings, and predictions to be scored beside theirs; their
        keys are "source", "target", "method" and "seed".
    probabilities (Sequence[ProbabilityCell]): What is measured of each training's probabilities, if that is wanted.
    """

    title: str
    methods: Sequence[str]
    tasks: Sequence[tuple[str, str]]
    baseline: str | None
    keep_predictions: bool
    cells: Sequence[Cell | GivenPredictions]
    probabilities: Sequence[ProbabilityCell]


def read_grid(path: Path) -> Grid:
    """Read a grid.

    path (Path): The TOML file; its relative paths start from the working directory.
    RETURNS (Grid): Tasks, methods, and a cell for each combination with each seed.
    RAISES (ValueError): CE084 if a setting is unknown, missing, of another type or names no method; CE001 and CE300 if
        the file is no text in UTF-8.
    """
    spec = check_toml(path, read_toml(path), GridFile)
    if problems := list(_problems(spec)):
        raise refuse(path, problems)
    shown = [name for name, method in spec.methods.items() if not method.hidden]
    tasks = _tasks(spec.tasks)
    cells = [
        _make_cell(spec, name, source, target, seed)
        for (source, target), seed, name in product(tasks, spec.seeds, shown)
    ]  # fmt: skip
    measured = [ProbabilityCell(cell) for cell in cells if spec.probabilities and isinstance(cell, Cell)]
    return Grid(spec.title or path.stem, shown, tasks, spec.baseline, spec.keep_predictions, cells, measured)


def _tasks(spec: Tasks) -> list[tuple[str, str]]:
    crossed = [(source, target) for source, target in product(spec.sources, spec.targets) if source != target]
    return crossed + [(source, target) for source, target in spec.pairs]


def _make_cell(spec: GridFile, name: str, source: str, target: str, seed: int) -> Cell | GivenPredictions:
    method = spec.methods[name]
    names = {"source": source, "target": target, "seed": str(seed)}
    keys = {"source": source, "target": target, "method": name, "seed": seed}
    test = Path(fill(method.test or spec.test, names))
    if method.predictions is not None:
        return GivenPredictions(keys, Path(fill(method.predictions, names)), test, spec.keep_predictions)
    start = None if method.start is None else _make_training(spec, method.start, source, target, seed)
    overrides = _overrides(spec, method)
    settings: dict[str, Any] = {
        "keys": keys,
        "config": Path(method.config or spec.config),
        "test": test,
        "overrides": {**{key: fill(value, names) for key, value in overrides.items()}, "system.seed": seed},
        "start": start,
        "train": method.train,
        "keep": spec.keep_models and not method.hidden,
        "keep_predictions": spec.keep_predictions and not method.hidden,
    }
    if method.notes is None:
        return Cell(**settings)
    if method.notes.teacher is not None:
        teacher: Cell | Path = _make_training(spec, method.notes.teacher, source, target, seed)
    else:
        teacher = Path(fill(method.notes.pipeline, names))
    return TaughtCell(
        **settings,
        teacher=teacher,
        notes=[Path(fill(path, names)) for path in method.notes.paths],
        labelling=method.notes.labelling,
        share=method.notes.share,
        words=method.notes.words,
    )


def _overrides(spec: GridFile, method: Method) -> dict[str, Any]:
    return {**spec.overrides, **method.overrides, **dict.fromkeys(method.unset)}


def _make_training(spec: GridFile, name: str, source: str, target: str, seed: int) -> Cell:
    """The cell of a method that another one starts from or is taught by."""
    cell = _make_cell(spec, name, source, target, seed)
    assert not isinstance(cell, GivenPredictions), "such a method leaves a model (`_problems_of_start`)"
    return cell


def _problems(spec: GridFile) -> Iterator[str]:
    """What is wrong with keys that concern each other."""
    if not spec.seeds:
        yield "seeds: there are none"
    if not _tasks(spec.tasks):
        yield "tasks: there are none"
    yield from problems_of_repeated("seeds", spec.seeds)
    yield from problems_of_repeated("tasks", _tasks(spec.tasks))
    yield from problems_of_overrides("overrides", spec.overrides)
    if all(method.hidden for method in spec.methods.values()):
        yield "methods: none is shown"
    if spec.baseline is not None and (spec.baseline not in spec.methods or spec.methods[spec.baseline].hidden):
        yield f"baseline: {spec.baseline!r} is no method of the table"
    for name, method in spec.methods.items():
        if method.predictions is not None and (settings := _settings_of_trainings(method)):
            yield f"methods.{name}.predictions: nothing is trained, so {', '.join(settings)} cannot be set"
        if not method.train and method.start is None and method.predictions is None:
            yield f"methods.{name}.train: what is not trained needs a start"
        if method.notes and (method.notes.teacher is None) == (method.notes.pipeline is None):
            yield f"methods.{name}.notes: give one of `teacher`, a method, and `pipeline`, a folder"
        if method.start is not None and method.train and not _has_model(_overrides(spec, method)):
            yield f'methods.{name}.start: no override has {MODEL}, as in "paths.source_model" = "{MODEL}"'
        yield from problems_of_overrides(f"methods.{name}.overrides", method.overrides)
        yield from problems_of_overrides(f"methods.{name}.unset", method.unset)
        yield from _problems_of_start(spec.methods, name)


def _has_model(overrides: Mapping[str, Any]) -> bool:
    return fill(overrides, {"model": ""}) != overrides


def _settings_of_trainings(method: Method) -> list[str]:
    names = ("config", "start", "overrides", "unset", "notes")
    set_here = {name: getattr(method, name) for name in names}
    return [name for name, value in set_here.items() if value] + ([] if method.train else ["train"])


def _problems_of_start(methods: Mapping[str, Method], name: str) -> Iterator[str]:
    """Chains of starts and teachers must end, at a training."""
    chains = [[name]]
    while chains:
        chain = chains.pop()
        method = methods[chain[-1]]
        others = {"start": method.start, "notes.teacher": method.notes.teacher if method.notes else None}
        for key, other in others.items():
            if other is None:
                continue
            if other not in methods or other in chain or methods[other].predictions is not None:
                yield f"methods.{chain[-1]}.{key}: {other!r} is no other method before it that leaves a model"
                return
            chains.append([*chain, other])
