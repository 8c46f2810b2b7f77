"""A study of relations, described in a TOML file: systems, each with several seeds; see docs/guide/experiments.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, StrictBool, StrictInt, StrictStr

from ..provenance import as_text, checksum
from ..toml_file import check_toml, problems_of_overrides, problems_of_repeated, read_toml, refuse
from .cell import Cell
from .relation_system import RelationSystem
from .step import Step

PARTS = ("joint", "tagger", "relations")


class Variant(BaseModel, extra="forbid"):
    """How all systems decide otherwise."""

    relative: StrictBool = False
    broader: StrictStr | None = None


class System(BaseModel, extra="forbid"):
    """Configs of the parts, and how the whole decides."""

    joint: StrictStr | None = None
    tagger: StrictStr | None = None
    relations: StrictStr | None = None
    paths: dict[StrictStr, StrictStr] = {}
    overrides: dict[StrictStr, Any] = {}
    threshold_of: StrictStr | None = None
    relative: StrictBool = False
    broader: StrictStr | None = None


class StudyFile(BaseModel, extra="forbid"):
    """What a file holds."""

    output: StrictStr
    test: StrictStr
    seeds: list[StrictInt] = [0, 1, 2]
    rule: StrictStr | None = None
    drug: StrictStr | None = None
    paths: dict[StrictStr, StrictStr]
    systems: dict[StrictStr, System]
    variants: dict[StrictStr, Variant] = {}


@dataclass(frozen=True)
class RelationStudy:
    """A study read from its file.

    output (Path): Folder of the results.
    settings (Mapping[str, Any]): What the file holds.
    systems (Sequence[RelationSystem]): Each system and variant with each seed.
    """

    output: Path
    settings: Mapping[str, Any]
    systems: Sequence[RelationSystem]

    def data(self) -> list[dict[str, str | None]]:
        """RETURNS (List[Dict[str, Optional[str]]]): All documents and hierarchies, with their checksums."""
        steps: list[Step] = [*self.systems, *(cell for system in self.systems for cell in system.trainings)]
        found = {path for step in steps for path in step.data}
        return [{"path": as_text(path), "sha256": checksum(path)} for path in sorted(found)]


def read_study(path: Path) -> RelationStudy:
    """Read a study.

    path (Path): The TOML file; its relative paths start from the working directory.
    RETURNS (RelationStudy): Its systems.
    RAISES (ValueError): CE084 if a setting is unknown, missing, of another type or names no system; CE001 and CE300 if
        the file is no text in UTF-8.
    """
    contents = read_toml(path)
    spec = check_toml(path, contents, StudyFile)
    if problems := list(_problems(spec)):
        raise refuse(path, problems)
    systems = _with_variants(spec)
    made = [_make_system(spec, systems, name, seed) for name in systems for seed in spec.seeds]
    return RelationStudy(Path(spec.output), contents, made)


def _with_variants(spec: StudyFile) -> dict[str, dict[str, Any]]:
    """Put beside each system its variants: of the same trainings, but deciding otherwise.

    A variant takes its threshold from the same variant.
    """
    found = {}
    for name, system in spec.systems.items():
        settings = {key: getattr(system, key) for key in System.__annotations__}
        found[name] = settings
        for variant, decides in spec.variants.items():
            of = system.threshold_of and f"{system.threshold_of}, {variant}"
            changed = {key: value for key in Variant.__annotations__ if (value := getattr(decides, key))}
            found[f"{name}, {variant}"] = {**settings, **changed, "threshold_of": of}
    return found


def _make_system(spec: StudyFile, systems: Mapping[str, Mapping[str, Any]], name: str, seed: int) -> RelationSystem:
    system = systems[name]
    of = system["threshold_of"]
    trainings = [_make_cell(spec, system, part, seed) for part in PARTS if system[part] is not None]
    return RelationSystem(
        keys={"system": name, "seed": seed},
        trainings=trainings,
        # its checkpoints are chosen there, too
        dev=Path(trainings[-1].overrides["paths.dev"]),
        test=Path(spec.test),
        end_to_end=system["joint"] is not None or system["tagger"] is not None,
        relative=system["relative"],
        broader=Path(system["broader"]) if system["broader"] is not None else None,
        threshold_of=_make_system(spec, systems, of, seed) if of is not None else None,
        drug=spec.drug,
        rule=spec.rule,
        rule_train=Path(spec.paths["train"]) if spec.rule is not None else None,
    )


def _make_cell(spec: StudyFile, system: Mapping[str, Any], part: str, seed: int) -> Cell:
    """The training of a part; dev chooses nothing where it teaches, too."""
    paths = {f"paths.{key}": path for key, path in {**spec.paths, **system["paths"]}.items()}
    return Cell(
        keys={"part": Path(system[part]).stem, "seed": seed},
        config=Path(system[part]),
        test=None,
        overrides={**paths, **system["overrides"], "system.seed": seed},
        last=system["threshold_of"] is not None,
    )


def _problems(spec: StudyFile) -> Iterator[str]:
    """What is wrong with keys that concern each other."""
    if not spec.seeds:
        yield "seeds: there are none"
    if not spec.systems:
        yield "systems: there are none"
    yield from problems_of_repeated("seeds", spec.seeds)
    variants = [f"{name}, {variant}" for name in spec.systems for variant in spec.variants]
    yield from problems_of_repeated("systems and variants", [*spec.systems, *variants])
    for key in ("train", "dev"):
        if key not in spec.paths:
            yield f"paths.{key} is missing"
    for name, system in spec.systems.items():
        yield from problems_of_overrides(f"systems.{name}.overrides", system.overrides)
        if (system.joint is None) == (system.relations is None) or (system.joint and system.tagger):
            yield f"systems.{name}: name `joint`, or `relations` with or without a `tagger`"
        if system.threshold_of is not None:
            other = spec.systems.get(system.threshold_of)
            if other is None or other.threshold_of is not None:
                yield f"systems.{name}.threshold_of: {system.threshold_of!r} is no system that chooses its own"
