"""One system of a study of relations: the pipeline of its trained parts, what dev chooses, and its scores on test."""

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import spacy
from spacy.language import Language

from ..annotations.documents import read_docs
from ..assembly.combine_pipelines import combine_pipelines
from ..files import write_folder_atomically
from ..pipeline.relations.hierarchy import read_broader_concepts
from ..pipeline.relations.specific import SpecificRelations
from ..provenance import checksum, digest, provenance
from .cell import Cell
from .relation_runs import find_extractor, set_threshold
from .relation_scores import make_rules, score_relations
from .step import SHORT, Kept, ReadsAnew, Step
from .thresholds import choose_threshold


@dataclass(frozen=True)
class RelationSystem(ReadsAnew):
    """What is done with trained parts.

    keys (Mapping[str, Any]): What the tables group by: "system" and "seed".
    trainings (Sequence[Cell]): Its parts, the tagger's first.
    dev (Path), test (Path): Documents that choose the threshold, and that are scored once.
    end_to_end (bool): Whether a part finds entities; the threshold is chosen for what is scored.
    relative (bool): Whether the threshold is for odds against the best of a document.
    broader (Optional[Path]): File of concepts and broader ones: of relations that follow from each other the most
        specific are kept.
    threshold_of (Optional[RelationSystem]): The system whose threshold this one takes; None: dev chooses.
    drug (Optional[str]): Label of the entities with a row in a medication table.
    rule (Optional[str]): Label of relations that the rule of the nearest head is scored on, too.
    rule_train (Optional[Path]): Documents that the rule learns from.
    """

    keys: Mapping[str, Any]
    trainings: Sequence[Cell]
    dev: Path
    test: Path
    end_to_end: bool
    relative: bool = False
    broader: Path | None = None
    threshold_of: "RelationSystem | None" = None
    drug: str | None = None
    rule: str | None = None
    rule_train: Path | None = None
    # a study is run for its pipelines as much as for its table
    keep = True
    keep_predictions = False

    @cached_property
    def identity(self) -> str:
        """RETURNS (str): Checksum of trainings, documents and settings."""
        return digest(["system of relations", *sorted(self._parts.items())])

    @property
    def parts(self) -> dict[str, str]:
        """RETURNS (Dict[str, str]): Short checksums of trainings and documents, and the settings."""
        return {name: value[:SHORT] for name, value in self._parts.items()}

    @property
    def needs(self) -> Sequence[Step]:
        """RETURNS (Sequence[Step]): The trainings, and the system that the threshold is of."""
        return [*self.trainings, *([self.threshold_of] if self.threshold_of else [])]

    @property
    def data(self) -> list[Path]:
        """RETURNS (List[Path]): Documents and hierarchy."""
        return [path for path in (self.dev, self.test, self.broader, self.rule_train) if path is not None]

    def run(self, models: Sequence[Path], kept: Kept) -> dict[str, Any]:
        """Make the pipeline, and score it.

        models (Sequence[Path]): Folders of the parts' models, and of the pipeline that the threshold is of.
        kept (Kept): Where to leave the pipeline.
        RETURNS (Dict[str, Any]): JSON-able record: scores, the pipeline's folder, seconds, provenance.
        RAISES (ValueError): CE258 and CE259 as `relation_runs`, CE260 to CE262, CE439 and CE454 as
            `combine_pipelines`.
        """
        assert kept.model is not None, "a system leaves its pipeline"
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nlp = self._assemble(models)
            write_folder_atomically(kept.model, nlp.to_disk, force=True)
            dev, test = read_docs(self.dev), read_docs(self.test)
            rules = make_rules(read_docs(self.rule_train), dev, self.rule) if self.rule and self.rule_train else {}
            scores = score_relations(nlp, test, self.end_to_end, self.drug, rules)
        seconds = {"all": round(time.perf_counter() - start, 2)}
        return {
            "scores": scores,
            "model": f"{kept.model.parent.name}/{kept.model.name}",
            "seconds": seconds,
        } | provenance()

    def _assemble(self, models: Sequence[Path]) -> Language:
        nlp = combine_pipelines([spacy.load(model) for model in models[: len(self.trainings)]])
        if self.broader is not None:
            specific = cast(SpecificRelations, nlp.add_pipe("clinner_specific_relations"))
            specific.initialize(broader=read_broader_concepts(self.broader))
        if self.threshold_of is None:
            choose_threshold(nlp, read_docs(self.dev), not self.end_to_end, self.relative)
        else:
            cfg = find_extractor(spacy.load(models[-1]))[1].cfg
            set_threshold(nlp, cfg["threshold"], cfg["relative"])
        return nlp

    @cached_property
    def _parts(self) -> dict[str, str]:
        parts = {f"training {number}": cell.identity for number, cell in enumerate(self.trainings)}
        files = {"dev": self.dev, "test": self.test, "broader": self.broader, "documents of the rule": self.rule_train}
        parts |= {name: (path and checksum(path)) or "" for name, path in files.items()}
        parts["threshold of"] = self.threshold_of.identity if self.threshold_of else ""
        settings = {"end to end": self.end_to_end, "relative": self.relative, "drug": self.drug, "rule": self.rule}
        return parts | {name: str(value) for name, value in settings.items()}
