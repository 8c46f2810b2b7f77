"""Confusion between labels, with what was missed and what was spurious."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Confusion:
    """Counts of gold labels (rows) against predicted labels (columns).

    labels (Tuple[str, ...]): Labels of the first rows and columns.
    matrix (ndarray): Integers of shape (labels + 1, labels + 1). The last column holds what was missed, the last row
        what was spurious. The sum of a label's row is its support, the sum of its column the number of its predictions.
    """

    labels: tuple[str, ...]
    matrix: np.ndarray

    def most_confused(self, n: int) -> list[tuple[str | None, str | None, int]]:
        """The largest counts off the diagonal.

        n (int): How many at most.
        RETURNS (List[Tuple]): Gold label, predicted label (None: spurious, missed) and count, largest first.
        """
        names = (*self.labels, None)
        errors = np.where(np.eye(len(names), dtype=bool), 0, self.matrix)
        order = np.argsort(-errors, axis=None, kind="stable")[:n]
        cells = zip(*np.unravel_index(order, errors.shape), strict=True)
        return [(names[row], names[column], int(errors[row, column])) for row, column in cells if errors[row, column]]

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The labels and the matrix as lists."""
        return {"labels": list(self.labels), "matrix": self.matrix.tolist()}


def count_confusion(pairs: Iterable[tuple[str | None, str | None]], labels: Iterable[str]) -> Confusion:
    """Count pairs of labels.

    pairs (Iterable[Tuple]): Gold and predicted label of each pair, None where there is none.
    labels (Iterable[str]): All labels that occur.
    RETURNS (Confusion): The matrix.
    """
    labels = tuple(labels)
    index = {label: i for i, label in enumerate((*labels, None))}
    matrix = np.zeros((len(index), len(index)), dtype=int)
    for (gold, predicted), count in Counter(pairs).items():
        matrix[index[gold], index[predicted]] += count
    return Confusion(labels, matrix)
