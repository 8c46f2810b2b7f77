"""Where the weights of labels lie in the parameters of `TagScores` and of the CRF."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def label_entries(labels: Sequence[int], n_labels: int) -> dict[str, Any]:
    """Find the entries of every parameter that belong to some labels, to O, or to all labels alike.

    Two lists of equal length, one for each of two heads, give entries that correspond.

    labels (Sequence[int]): Numbers of the labels.
    n_labels (int): Number of labels that the parameters were made for, K.
    RETURNS (Dict[str, Any]): Index into each parameter by the parameter's name: rows of `tags`, `bias` and `labels`
        and all of `kinds` (`TagScores`); entries of `between`, `within`, `start` and `end` (`CRFParams`).
    """
    numbers = np.array(labels, dtype="int64")
    tags, ends = _block_rows(numbers, n_labels, 4), _block_rows(numbers, n_labels, 2)
    return {
        "tags": tags,
        "bias": tags,
        "labels": numbers,
        "kinds": ...,
        # two blocks of labels on each side: leavers O E S, enterers O B S
        "between": np.ix_(ends, ends),
        "within": (slice(None), numbers),
        "start": ends,
        "end": ends,
    }


def _block_rows(labels: NDArray, n_labels: int, n_blocks: int) -> NDArray:
    """Rows of these labels in an array that holds O and then blocks of all labels."""
    return np.concatenate([[0], *(1 + block * n_labels + labels for block in range(n_blocks))])
