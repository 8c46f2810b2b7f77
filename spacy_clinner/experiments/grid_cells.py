"""A grid of tasks and methods, described in a TOML file; see docs/experiments.md."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from ..errors import Errors
from ..files import MARK, read_text
from .cell import Cell

_SETTINGS = {"title", "config", "test", "seeds", "baseline", "overrides", "tasks", "methods"}
_METHOD_SETTINGS = {"config", "test", "start", "train", "hidden", "overrides", "unset"}


@dataclass(frozen=True)
class Grid:
    """A grid read from its file.

    title (str): What is compared; by default the file's name.
    methods (Sequence[str]): Methods of the table, in order.
    tasks (Sequence[Tuple[str, str]]): Source and target of each task.
    baseline (Optional[str]): The method that the others are compared with.
    cells (Sequence[Cell]): All trainings, their keys "source", "target", "method" and "seed".
    """

    title: str
    methods: Sequence[str]
    tasks: Sequence[tuple[str, str]]
    baseline: str | None
    cells: Sequence[Cell]


def read_grid(path: Path) -> Grid:
    """Read a grid.

    path (Path): The TOML file; its relative paths start from the working directory.
    RETURNS (Grid): Tasks, methods, and a cell for each combination with each seed.
    RAISES (ValueError): CE084 if a setting is unknown, missing or names no method; CE001 and CE300 if the file is no
        text in UTF-8.
    """
    content = read_text(path).removeprefix(MARK)
    try:
        spec = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(Errors.CE084.format(path=path, problem=f"is no TOML: {error}")) from error
    _check(path, spec, _SETTINGS, {"config", "test", "tasks", "methods"})
    methods = spec["methods"]
    for name, method in methods.items():
        _check(path, method, _METHOD_SETTINGS, set(), f" in [methods.{name}]")
        _check_start(path, methods, name)
    shown = [name for name, method in methods.items() if not method.get("hidden")]
    baseline = spec.get("baseline")
    if baseline is not None and baseline not in shown:
        raise ValueError(Errors.CE084.format(path=path, problem=f"has no method {baseline!r}, its baseline"))
    tasks = _tasks(spec["tasks"])
    seeds = spec.get("seeds", [0, 1, 2])
    cells = [
        _make_cell(spec, name, source, target, seed)
        for (source, target), seed, name in product(tasks, seeds, shown)
    ]  # fmt: skip
    return Grid(spec.get("title", path.stem), shown, tasks, baseline, cells)


def _tasks(spec: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every source with every other target, and the pairs that are named."""
    crossed = [(source, target) for source, target in product(spec.get("sources", []), spec.get("targets", []))]
    return [pair for pair in crossed if pair[0] != pair[1]] + [tuple(pair) for pair in spec.get("pairs", [])]


def _make_cell(spec: Mapping[str, Any], name: str, source: str, target: str, seed: int) -> Cell:
    method = spec["methods"][name]
    names = {"source": source, "target": target, "seed": str(seed)}
    overrides = {**spec.get("overrides", {}), **method.get("overrides", {}), **dict.fromkeys(method.get("unset", []))}
    return Cell(
        keys={"source": source, "target": target, "method": name, "seed": seed},
        config=Path(method.get("config", spec["config"])),
        test=Path(_fill(method.get("test", spec["test"]), names)),
        overrides={**{key: _fill(value, names) for key, value in overrides.items()}, "system.seed": seed},
        start=_make_cell(spec, method["start"], source, target, seed) if "start" in method else None,
        train=method.get("train", True),
    )


def _fill(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_fill(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _fill(item, names) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    for name, replacement in names.items():
        value = value.replace("{" + name + "}", replacement)
    return value


def _check(path: Path, block: Mapping[str, Any], known: set[str], wanted: set[str], where: str = "") -> None:
    if unknown := sorted(set(block) - known):
        problem = f"has unknown settings{where}: {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        raise ValueError(Errors.CE084.format(path=path, problem=problem))
    if missing := sorted(wanted - set(block)):
        raise ValueError(Errors.CE084.format(path=path, problem=f"misses {', '.join(missing)}{where}"))


def _check_start(path: Path, methods: Mapping[str, Any], name: str) -> None:
    """A chain of starts must end."""
    seen = [name]
    while (start := methods[seen[-1]].get("start")) is not None:
        if start not in methods or start in seen:
            problem = f"lets the method {seen[-1]!r} start from {start!r}, which is no other method before it"
            raise ValueError(Errors.CE084.format(path=path, problem=problem))
        seen.append(start)
