"""Hierarchical sharing: all corpora, then those of a type, then the target's own; dev keeps what helps a corpus.

Chai et al. 2022 share on two levels, by multi-task learning and by fine-tuning. Here a corpus goes through up to three
trainings, each of which starts from the weights of the one before: on all corpora, on those that annotate a type of
entities which it annotates, and on its own with the others replayed. None of them is taken for a corpus that it hurts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from ..files import write_atomically
from ..multitask.config import compose_multitask, compose_replay
from ..multitask.corpora_file import SOURCE_MODEL, Corpora
from ..multitask.heads import types_of
from ..provenance import digest
from ..toml_file import refuse
from .cell import MODEL, Cell
from .corpus_test import CorpusTest
from .runner import run_steps_locked
from .shares import write_shares
from .step import SHORT, Step
from .unseen_test import UnseenTest

SINGLE, ALL, TYPE, FINETUNE, TARGET = "single task", "all corpora", "corpora of the type", "fine-tuned", "with replay"
CHOSEN = "hierarchical"
# what the corpora file calls their settings
SETTINGS = {SINGLE: "single", ALL: "all", TYPE: "type", FINETUNE: "finetune", TARGET: "target"}

# bytes of a file's name that types may take
LONGEST_NAME = 120


@dataclass(frozen=True)
class Hierarchy:
    """The trainings of a corpora file.

    corpora (Corpora): The corpora file.
    output (Path): Folder of configs and results.
    """

    corpora: Corpora
    output: Path

    @property
    def targets(self) -> list[str]:
        """RETURNS (List[str]): Corpora that the report is about: those the file names, or all with a test set."""
        named = self.corpora.settings.hierarchy.targets
        return named or [name for name, corpus in self.corpora.corpora.items() if corpus.test]

    def check(self) -> None:
        """RAISES (ValueError): CE084 if no corpus can be reported on, or types have one name (`types_of`)."""
        types_of(self.corpora)
        if not self.targets:
            raise refuse(self.corpora.path, ["hierarchy: no corpus has a test set to report on"])

    @property
    def seeds(self) -> list[int]:
        """RETURNS (List[int]): Seeds."""
        return self.corpora.settings.hierarchy.seeds

    def with_share(self) -> "Hierarchy":
        """Leave the targets the share of their training documents that the corpora file asks for, in all stages.

        RETURNS (Hierarchy): The same trainings, where targets have less to learn from; the share is drawn once, by the
            first seed.
        """
        share = self.corpora.settings.hierarchy.share
        if share == 100:
            return self
        corpora = dict(self.corpora.corpora)
        for name in self.targets:
            paths = write_shares(corpora[name].train, [share], 100, self.seeds[0], self.output / "shares")
            corpora[name] = replace(corpora[name], train=paths[share])
        return replace(self, corpora=replace(self.corpora, corpora=corpora))

    def types(self, target: str) -> set[str]:
        """RETURNS (Set[str]): The types of entities that the target was annotated for."""
        types = types_of(self.corpora)
        return {types[label] for label in self.corpora.corpora[target].annotated if label in types}

    def related(self, target: str) -> Corpora:
        """RETURNS (Corpora): The corpora with a type of entities that the target has, without their other labels."""
        wanted = self.types(target)
        labels = {label for label, kind in types_of(self.corpora).items() if kind in wanted}
        labels |= set(self.corpora.corpora[target].own.values())
        names = [name for name, corpus in self.corpora.corpora.items() if labels & set(corpus.annotated)]
        return self.corpora.subset(names, labels)

    def single(self, target: str, seed: int) -> CorpusTest:
        """RETURNS (CorpusTest): The target alone."""
        return self._test(SINGLE, self.corpora.subset([target]), target, seed)

    def shared(self, target: str, seed: int) -> list[CorpusTest]:
        """RETURNS (List[CorpusTest]): All corpora, and those with a type of the target's (which may be all)."""
        on_all = self._test(ALL, self.corpora, target, seed)
        related = self.related(target)
        if len(related.corpora) in (1, len(self.corpora.corpora)):
            return [on_all, _called(TYPE, on_all)]
        return [on_all, self._test(TYPE, related, target, seed, start=on_all.of)]

    def own(self, target: str, seed: int, start: Cell) -> list[CorpusTest]:
        """RETURNS (List[CorpusTest]): The target from a shared start: alone, and with replay of its relatives."""
        related = self.related(target)
        alone = self._test(FINETUNE, self.corpora.subset([target]), target, seed, start)
        if len(related.corpora) == 1:
            return [alone, _called(TARGET, alone)]
        return [alone, self._test(TARGET, related, target, seed, start)]

    def _test(self, stage: str, corpora: Corpora, target: str, seed: int, start: Cell | None = None) -> CorpusTest:
        name = {ALL: "", TYPE: f"-{self._relation(target)}"}.get(stage, f"-{target}")
        config = self._config(f"{SETTINGS[stage]}{name}", corpora, target if stage == TARGET else None)
        overrides = {**getattr(self.corpora.settings.hierarchy, SETTINGS[stage]), "system.seed": seed}
        if start is not None:
            overrides[SOURCE_MODEL] = MODEL
        keys = {"source": "many corpora", "method": stage, "seed": seed}
        return CorpusTest(Cell(keys, config, None, overrides, start), corpora, target)

    def _relation(self, target: str) -> str:
        """What `related` depends on, by characters that no name has: targets that differ in it share no file."""
        own = any(self.corpora.corpora[target].own.values())
        relation = "+".join(sorted(self.types(target))) + f"@{target}" * own
        if len(relation.encode("utf8")) <= LONGEST_NAME:
            return relation
        return f"{target}@{digest(relation)[:SHORT]}"

    def _config(self, name: str, corpora: Corpora, target: str | None) -> Path:
        path = self.output / "configs" / f"{name}.cfg"
        config = compose_multitask(corpora) if target is None else compose_replay(corpora, target)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, config.to_str())
        return path


def _called(stage: str, test: CorpusTest) -> CorpusTest:
    """The same training as another stage's."""
    return replace(test, of=replace(test.of, keys={**test.of.keys, "method": stage}))


class HierarchyRecords(NamedTuple):
    """What a hierarchy was worth: a record for each target, stage and seed.

    records (List[Dict[str, Any]]): On the targets themselves.
    unseen (List[Dict[str, Any]]): On each unseen corpus that has labels of the target, which is their "source".
    """

    records: list[dict[str, Any]]
    unseen: list[dict[str, Any]]


def run_hierarchy(hierarchy: Hierarchy, jobs: int = 1) -> HierarchyRecords:
    """Train all stages, and choose by dev what is kept for each target.

    hierarchy (Hierarchy): The trainings; its folder, where configs are written, is the caller's (`only_run`).
    jobs (int): Trainings at once.
    RETURNS (HierarchyRecords): All records; those of the method `CHOSEN` are copies of the stage that is best on dev,
        named under "kept".
    RAISES (ValueError): As `run_steps`.
    """
    runs = [(target, seed) for target in hierarchy.targets for seed in hierarchy.seeds]
    tests = {run: [hierarchy.single(*run), *hierarchy.shared(*run)] for run in runs}
    records = _run(tests, hierarchy.output, jobs)
    last = {}
    for run, (_, *shared) in tests.items():
        dev = [record["dev"] for record in records[run][1:]]
        last[run] = hierarchy.own(*run, shared[dev.index(max(dev))].of)
    for run, found in _run(last, hierarchy.output, jobs).items():
        tests[run] += last[run]
        records[run] += found
    stages = {run: max(own, key=lambda record: record["dev"])["keys"]["method"] for run, own in records.items()}
    unseen = {
        (name, *run): [UnseenTest(test, corpus) for test in own]
        for run, own in tests.items()
        for name, corpus in hierarchy.corpora.unseen.items()
        if UnseenTest(own[0], corpus).labels
    }
    return HierarchyRecords(
        [record for run in runs for record in _with_chosen(records[run], stages[run])],
        [
            record
            for (_, *run), own in _run(unseen, hierarchy.output, jobs).items()
            for record in _with_chosen(own, stages[tuple(run)])
        ],
    )


def _with_chosen(records: list[dict[str, Any]], stage: str) -> list[dict[str, Any]]:
    kept = next(record for record in records if record["keys"]["method"] == stage)
    return [*records, {**kept, "keys": {**kept["keys"], "method": CHOSEN, "kept": stage}}]


def _run(tests: Mapping[Any, Sequence[Step]], output: Path, jobs: int) -> dict[Any, list[dict[str, Any]]]:
    found = iter(run_steps_locked([test for own in tests.values() for test in own], output, jobs))
    return {run: [next(found) for _ in own] for run, own in tests.items()}
