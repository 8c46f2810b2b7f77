"""Evidence about one component from several pipelines, each judged on documents of its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class PooledEvidence:
    """The evidence of `parts`, which answers as each of them does: for all their documents, one behind the other."""

    def __init__(self, parts: Sequence[Any]) -> None:
        """Put evidence together.

        parts (Sequence[Any]): `TaggerEvidence`, or `RelationEvidence`, of components with the same settings.
        """
        self.parts = parts
        self.order_stays = parts[0].order_stays
        self.n_gold = sum(part.n_gold for part in parts)

    @property
    def relative(self) -> bool:
        """As of `RelationEvidence`."""
        return self.parts[0].relative

    def log_losses(self, temperatures: Sequence[float]) -> NDArray[np.float64]:
        """As of each part."""
        return np.concatenate([part.log_losses(temperatures) for part in self.parts])

    def counts(self, temperature: float, thresholds: Sequence[float]) -> NDArray[np.int64]:
        """As of each part."""
        return np.concatenate([part.counts(temperature, thresholds) for part in self.parts])

    def found(self, temperature: float, threshold: float | None) -> NDArray[np.float64]:
        """As of each part."""
        return np.concatenate([part.found(temperature, threshold) for part in self.parts])
