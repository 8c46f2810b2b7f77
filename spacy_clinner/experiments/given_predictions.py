"""Predictions of another tool as one method of a grid: scored on the same documents by the same code."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..annotations.documents import read_docs
from ..provenance import checksum, digest, provenance
from ..scoring.predictions import read_predictions
from .step import SHORT, Kept, ReadsAnew, Step
from .strict_scores import keep_predictions, score_predictions


@dataclass(frozen=True)
class GivenPredictions(ReadsAnew):
    """A test of predictions that are there.

    keys (Mapping[str, Any]): What the tables group by.
    predictions (Path): Their JSONL file, as `scoring.predictions.read_predictions` reads it.
    test (Path): The documents.
    keep_predictions (bool): Whether they are kept beside those of the grid's trainings.
    """

    keys: Mapping[str, Any]
    predictions: Path
    test: Path
    keep_predictions: bool = False
    keep = False

    @cached_property
    def identity(self) -> str:
        """RETURNS (str): Checksum of predictions and test."""
        return digest(["predictions", checksum(self.predictions), checksum(self.test)])

    @property
    def parts(self) -> dict[str, str]:
        """RETURNS (Dict[str, str]): Short checksums of predictions and test."""
        found = {"predictions": checksum(self.predictions), "test": checksum(self.test)}
        return {name: (value or "")[:SHORT] for name, value in found.items()}

    @property
    def needs(self) -> Sequence[Step]:
        """RETURNS (Sequence[Step]): Nothing."""
        return []

    @property
    def data(self) -> list[Path]:
        """RETURNS (List[Path]): Predictions and test."""
        return [self.predictions, self.test]

    def run(self, models: Sequence[Path], kept: Kept) -> dict[str, Any]:
        """Score the predictions.

        models (Sequence[Path]): None are needed.
        kept (Kept): Where to keep the predictions.
        RETURNS (Dict[str, Any]): A record like that of `train_cell`, without what only a training has.
        RAISES (ValueError): Those of `read_predictions` and `pair_documents`.
        """
        start = time.perf_counter()
        predictions = read_predictions(self.predictions)
        test = score_predictions(read_docs(self.test), predictions)
        keep_predictions(kept.predictions, predictions)
        seconds = {"all": round(time.perf_counter() - start, 2)}
        return {"dev": None, "best_step": None, "history": [], "test": test, "seconds": seconds, **provenance()}
