"""A step of an experiment: what is done once, has a result of one line, and may leave a model for other steps."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from ..provenance import digest
from ..resuming.checkpoints import Checkpoints

# digits of a part's checksum: enough to see that it changed
SHORT = 12


class Kept(NamedTuple):
    """Where a step leaves what stays beside its result; None: it does not stay.

    model (Optional[Path]): Folder of the pipeline.
    predictions (Optional[Path]): JSONL file of the entities found on test.
    running (Optional[Path]): Folder for what is there while a step works.
    """

    model: Path | None = None
    predictions: Path | None = None
    running: Path | None = None

    def checkpoints(self, identity: str) -> Checkpoints | None:
        """RETURNS (Optional[Checkpoints]): Where a training of this identity leaves its checkpoints."""
        return None if self.running is None else Checkpoints(self.running / identity[:16])

    def remove(self) -> None:
        """Remove what a step has left whose result does not count."""
        if self.model is not None:
            shutil.rmtree(self.model, ignore_errors=True)
        if self.predictions is not None:
            self.predictions.unlink(missing_ok=True)


class ReadsAnew:
    """A step of whose files copies know nothing, nor does it in another process: they may have changed since."""

    def __getstate__(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The fields alone, without what properties keep."""
        return {field.name: getattr(self, field.name) for field in fields(cast(Any, self))}


class ModelTest(ReadsAnew, ABC):
    """A step that measures models, and leaves none."""

    keep = False
    keep_predictions = False

    @property
    @abstractmethod
    def parts(self) -> Mapping[str, str]:
        """RETURNS (Mapping[str, str]): Checksums of what makes the identity."""

    @property
    def identity(self) -> str:
        """RETURNS (str): Checksum of all that is measured, and how."""
        return digest(list(self.parts.values()))


class Step(Protocol):
    """A training (`Cell`), or what is done with the models of trainings."""

    @property
    def keys(self) -> Mapping[str, Any]:
        """What the tables group by."""

    @property
    def identity(self) -> str:
        """Checksum of everything that decides the result; steps that share it are run once."""

    @property
    def parts(self) -> Mapping[str, str]:
        """Short checksums of what makes the identity, by name: they tell which part of it changed."""

    @property
    def needs(self) -> "Sequence[Step]":
        """Steps whose models this one reads."""

    @property
    def data(self) -> Sequence[Path]:
        """Files and folders that must be there before anything is run."""

    @property
    def keep(self) -> bool:
        """Whether the model stays even if no other step reads it."""

    @property
    def keep_predictions(self) -> bool:
        """Whether the entities found on test stay."""

    def run(self, models: Sequence[Path], kept: Kept) -> dict[str, Any]:
        """Do it, in a process of its own.

        models (Sequence[Path]): Folders of the models of `needs`, in order.
        kept (Kept): Where to leave what stays.
        RETURNS (Dict[str, Any]): JSON-able record without the keys.
        """
