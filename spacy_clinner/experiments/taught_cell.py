"""A training that also learns from notes which another model has labelled."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import spacy
from thinc.api import Config

from ..configs import files_read
from ..corpora.importing import write_docbin
from ..progress import progress
from ..provenance import checksum, digest
from ..unlabelled.labelling import Labelled, Labelling, compare_labels, find_tagger, label_notes
from ..unlabelled.texts import Reading, UnlabelledNote, check_lengths, read_unlabelled
from ..unlabelled.training import calibrated_anew, gold_groups, gold_labels, with_notes, without_notes
from .cell import Cell
from .step import SHORT, Kept
from .train_cell import train_cell

NOTES = "notes"


@dataclass(frozen=True, kw_only=True)
class TaughtCell(Cell):
    """A training with notes that a teacher labels; notes that share text with its documents or test are left out.

    teacher (Union[Cell, Path]): The training whose model labels, or a pipeline's folder.
    notes (Sequence[Path]): Files and folders of notes, as for `read_unlabelled`.
    labelling (Labelling): How predictions become gold.
    tagger (Optional[str]): Name of the tagger that labels, if there are several.
    share (float): Words of notes in a batch, as a multiple of those of gold.
    words (Optional[int]): About how many words of notes to label, drawn at random by the training's seed; None: all.
    labelled (Optional[Path]): The labelled notes, once they are there.
    """

    teacher: Cell | Path
    notes: Sequence[Path]
    labelling: Labelling = Labelling()
    tagger: str | None = None
    share: float = 1.0
    words: int | None = None
    labelled: Path | None = None

    @cached_property
    def identity(self) -> str:
        """RETURNS (str): Checksum of the training's, the teacher's, the notes' and of how they are labelled."""
        if self.labelled is not None:
            # where the labelled notes lie changes nothing, and its checkpoints are found by this name
            return replace(self, labelled=None).identity
        return digest([super().identity, *self._taught.values()])

    @cached_property
    def parts(self) -> dict[str, str]:
        """RETURNS (Dict[str, str]): As of a training, and what is learned from notes."""
        return super().parts | {name: digest(value)[:SHORT] for name, value in self._taught.items()}

    @property
    def needs(self) -> Sequence[Cell]:
        """RETURNS (Sequence[Cell]): What it starts from, and the teacher, as far as they are trainings."""
        return [*super().needs, *([self.teacher] if isinstance(self.teacher, Cell) else [])]

    @property
    def data(self) -> list[Path]:
        """RETURNS (List[Path]): As of a training, and the notes."""
        return [*super().data, *self.notes, *([self.teacher] if isinstance(self.teacher, Path) else [])]

    def run(self, models: Sequence[Path], kept: Kept) -> dict[str, Any]:
        """Label the notes and train.

        models (Sequence[Path]): Folders of the models of `needs`.
        kept (Kept): Where to leave the model and the predictions; the labelled notes stay beside the models.
        RETURNS (Dict[str, Any]): As of `train_cell`, and under "notes" what was read of them.
        """
        teacher = self.teacher if isinstance(self.teacher, Path) else models[-1]
        start = models[0] if self.start else None
        with _room(kept) as folder:
            path = folder / f"{self.identity[:16]}.spacy"
            notes = self._label(teacher, path)
            return {**train_cell(replace(self, labelled=path), start, kept), "notes": notes}

    def resolve(self, model: Path | None) -> Config:
        """RETURNS (Config): As of a training, with the notes once they are labelled, and without those that the model
        of the config has learned from; calibrated anew if that one was. RAISES (ValueError): CE442."""
        config = calibrated_anew(without_notes(super().resolve(model)))
        return config if self.labelled is None else with_notes(config, self.labelled, self.share)

    def _label(self, teacher: Path, path: Path) -> dict[str, Any]:
        reading, config = Reading(), self.resolve(None)
        groups = gold_groups(config, self.labelling)
        against = {*files_read(config.interpolate()), *([self.test] if self.test else [])}
        notes = list(read_unlabelled(self.notes, reading, sorted(against)))
        if self.words is not None:
            notes = _draw(notes, self.words, self._config["system"]["seed"])
        nlp = spacy.load(teacher)
        check_lengths(notes, nlp.max_length)
        tagger = find_tagger(nlp, self.tagger)
        annotated = compare_labels(tagger, gold_labels(config, nlp), self.labelling)
        bar = progress(notes, total=len(notes), unit="note", desc="Label")
        found: list[Labelled] = list(label_notes(nlp, bar, self.labelling, self.tagger, annotated, groups))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_docbin([labelled.doc for labelled in found], path)
        tokens = sum(len(labelled.doc) for labelled in found)
        return {
            "read": len(notes),
            "left_out": reading.left_out,
            "tokens": tokens,
            "taught": sum(labelled.taught for labelled in found) / max(tokens, 1),
            "entities": sum(labelled.expected for labelled in found),
        }

    @cached_property
    def _taught(self) -> dict[str, Any]:
        teacher = self.teacher.identity if isinstance(self.teacher, Cell) else checksum(self.teacher)
        notes = [checksum(path) for path in self.notes]
        labelling = [*self.labelling, self.tagger, self.share, *([] if self.words is None else [self.words])]
        return {"teacher": teacher, "notes": notes, "labelling": labelling}


def _draw(notes: Sequence[UnlabelledNote], words: int, seed: int) -> list[UnlabelledNote]:
    """Notes in a random order, until they have so many words."""
    order = [notes[i] for i in np.random.default_rng(seed).permutation(len(notes))]
    ends = np.cumsum([len(note.text.split()) for note in order])
    return order[: int(np.searchsorted(ends, words)) + 1]


@contextmanager
def _room(kept: Kept) -> Iterator[Path]:
    """A folder for labelled notes: the saved config names them, so they stay where the model does."""
    if kept.model is not None:
        yield kept.model.parent.parent / NOTES
    else:
        with TemporaryDirectory() as folder:
            yield Path(folder)
