"""Self-training: a model labels notes, its training is done again with them, and dev decides whether that helped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from typing import Any

import spacy
from thinc.api import Config

from ..annotations.documents import read_docs
from ..configs import read_config
from ..errors import Errors
from ..files import write_folder_atomically
from ..scoring.predictions import predict
from ..unlabelled.labelling import Labelling, find_tagger
from ..unlabelled.training import gold_group
from .plan import model_of
from .runner import RESULTS, run_steps
from .strict_scores import score_predictions
from .taught_cell import TaughtCell

START, BEST = "start", "model-best"


@dataclass(frozen=True)
class SelfTraining:
    """What a self-training is made of.

    model (Path): The pipeline that labels first, and that the others must beat.
    config (Path): Config of the trainings: that of the model, mostly.
    notes (Sequence[Path]): Files and folders of notes, as for `read_unlabelled`.
    output (Path): Folder of results and models.
    labelling (Labelling): How predictions become gold.
    tagger (Optional[str]): Name of the tagger that labels, if there are several.
    share (float): Words of notes in a batch, as a multiple of those of gold.
    words (Optional[int]): About how many words of notes to label in a round, drawn at random; None: all.
    rounds (int): How often the best model so far labels, at most.
    overrides (Mapping[str, Any]): Settings of the config that differ, by dotted name.
    """

    model: Path
    config: Path
    notes: Sequence[Path]
    output: Path
    labelling: Labelling = Labelling()
    tagger: str | None = None
    share: float = 1.0
    words: int | None = None
    rounds: int = 1
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """RAISES (ValueError): CE447 if the best pipeline would take the place of one that is no result of this."""
        best = self.output / BEST
        if best.exists() and (best.resolve() == self.model.resolve() or not (self.output / RESULTS).exists()):
            raise ValueError(Errors.CE447.format(path=best))

    @property
    def dev(self) -> Path:
        """RETURNS (Path): The documents that decide: `paths.dev`. RAISES (ValueError): CE352 if it is null."""
        dev = self._settings["paths"].get("dev")
        if dev is None:
            raise ValueError(Errors.CE352.format(name="dev", options="--paths.dev FILE"))
        return Path(dev)

    @property
    def spans_key(self) -> str | None:
        """RETURNS (Optional[str]): The span group of dev's gold, where the taggers that notes teach look for it."""
        return gold_group(self._settings)

    def round(self, number: int, teacher: TaughtCell | Path) -> TaughtCell:
        """RETURNS (TaughtCell): A training with the notes that a teacher labels."""
        return TaughtCell(
            keys={"round": number},
            config=self.config,
            test=self.dev,
            overrides=self.overrides,
            keep=True,
            teacher=teacher,
            notes=self.notes,
            labelling=self.labelling,
            tagger=self.tagger,
            share=self.share,
            words=self.words,
            spans_key=self.spans_key,
        )

    @property
    def _settings(self) -> Config:
        return read_config(self.config, self.overrides, interpolate=True)


def self_train(training: SelfTraining) -> list[dict[str, Any]]:
    """Train in rounds until dev no longer gains; a stopped run goes on.

    training (SelfTraining): What it is made of.
    RETURNS (List[Dict[str, Any]]): For the start and each round: "round", strict "p", "r" and "f" on dev, "kept" (true
        of the best, which is copied to `output/model-best`), and what was read of the notes under "notes".
    RAISES (ValueError): CE352, CE440 to CE442, CE447, CE456, and those of `run_steps` and `read_unlabelled`.
    """
    training.check()
    rows = [_score_start(training)]
    best, model = 0, training.model
    teacher: TaughtCell | Path = model
    for number in range(1, training.rounds + 1):
        cell = training.round(number, teacher)
        rows.append(_run_round(training, cell))
        if rows[-1]["f"] <= rows[best]["f"]:
            break
        best, model, teacher = number, model_of(cell.identity, training.output), cell
    return _keep(training, model, rows, best)


def distil(training: SelfTraining) -> list[dict[str, Any]]:
    """Train a pipeline of another kind on what a teacher finds in notes, beside the gold; a stopped run goes on.

    training (SelfTraining): What it is made of: the model is the teacher, the config the student's.
    RETURNS (List[Dict[str, Any]]): As of `self_train`, for the teacher and the student, which is kept.
    RAISES (ValueError): As `self_train`.
    """
    training.check()
    cell = training.round(1, training.model)
    rows = [_score_start(training), _run_round(training, cell)]
    return _keep(training, model_of(cell.identity, training.output), rows, 1)


def _score_start(training: SelfTraining) -> dict[str, Any]:
    nlp = spacy.load(training.model)
    # before anything is trained
    tagger = find_tagger(nlp, training.tagger)
    docs, spans_key = read_docs(training.dev), training.spans_key
    # a teacher may write to another group than its student
    found = score_predictions(docs, predict(nlp, docs, spans_key and tagger.cfg["spans_key"]), spans_key)
    return {"round": START, **{name: found[name] for name in "prf"}, "notes": None}


def _run_round(training: SelfTraining, cell: TaughtCell) -> dict[str, Any]:
    (record,) = run_steps([cell], training.output)
    return {**cell.keys, **{name: record["test"][name] for name in "prf"}, "notes": record["notes"]}


def _keep(training: SelfTraining, model: Path, rows: list[dict[str, Any]], kept: int) -> list[dict[str, Any]]:
    write_folder_atomically(
        training.output / BEST, lambda folder: copytree(model, folder, dirs_exist_ok=True), force=True
    )
    return [{**row, "kept": number == kept} for number, row in enumerate(rows)]
