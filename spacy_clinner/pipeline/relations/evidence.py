"""What gold says about the probabilities of relations, at any temperature; the encoder has run once for all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from thinc.types import Floats2d, Ints1d

from .confidence import confidences


@dataclass(frozen=True)
class RelationEvidence:
    """Scores of what is judged together, and its gold.

    logits (NDArray[float64]): Scores at temperature 1. *Shape:* (g, labels)
    targets (Floats2d): 1 where there is a relation. *Shape:* (g, labels)
    documents (Ints1d): The number of each row's document. *Shape:* (g,)
    n_documents (int): How many documents there are.
    n_gold (int): How many relations the gold has, between whatever entities.
    relative (bool): As of the extractor's settings.
    """

    logits: NDArray[np.float64]
    targets: Floats2d
    documents: Ints1d
    n_documents: int
    n_gold: int
    relative: bool

    # each is judged by itself: a temperature moves all probabilities and keeps their order
    order_stays = True

    def log_losses(self, temperatures: Sequence[float]) -> NDArray[np.float64]:
        """Compute how improbable the gold is.

        temperatures (Sequence[float]): What to divide scores by.
        RETURNS (NDArray[float64]): Binary cross-entropy of each document, summed over what is judged; 0 where nothing
            is. *Shape:* (documents, temperatures)
        """
        losses = np.zeros((self.n_documents, len(temperatures)))
        for column, temperature in enumerate(temperatures):
            of_rows = cross_entropy(self.logits / temperature, self.targets).sum(axis=1)
            losses[:, column] = np.bincount(self.documents, of_rows, minlength=self.n_documents)
        return losses

    def found(self, temperature: float, threshold: float | None) -> NDArray[np.float64]:
        """RETURNS (NDArray[float64]): Probabilities of what is predicted. *Shape:* (m,)"""
        probabilities = sigmoid(self.logits / temperature)
        sure = [np.zeros((0, *probabilities.shape[1:]), dtype=bool)]
        for own in np.split(probabilities, np.flatnonzero(np.diff(self.documents)) + 1):
            sure.append(confidences(own, self.relative) >= threshold)
        return probabilities[np.concatenate(sure)]


def cross_entropy(logits: Floats2d, targets: Floats2d) -> Floats2d:
    """RETURNS (Floats2d): log(1 + e^x) - y x, the binary cross-entropy of logits. Same shape."""
    return np.logaddexp(0, logits) - targets * logits


def sigmoid(logits: Floats2d) -> Floats2d:
    """RETURNS (Floats2d): 1 / (1 + e^-x), by tanh, as exp would overflow. Same shape."""
    return 0.5 * (1 + np.tanh(0.5 * logits))
