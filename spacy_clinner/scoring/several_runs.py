"""Runs of one system (its seeds) on the same documents: the interval of their mean, and two systems compared."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import Errors
from .counts import prf
from .evaluation import StrictScores
from .resampling import bootstrap_interval, permutation_test


def mean_interval(runs: Sequence[StrictScores]) -> tuple[float, float]:
    """Interval over documents of the runs' mean strict micro F1.

    runs (Sequence[StrictScores]): Runs of a system.
    RETURNS (Tuple[float, float]): Lower and upper bound, 95 %.
    RAISES (ValueError): CE063 if the documents differ.
    """
    _check_documents(runs)
    return tuple(bootstrap_interval(_counts(runs), _mean_f).tolist())


def compare_systems(one: Sequence[StrictScores], other: Sequence[StrictScores]) -> dict[str, Any]:
    """Compare two systems' strict micro F1 over all their runs.

    one (Sequence[StrictScores]): Runs of the first system.
    other (Sequence[StrictScores]): Runs of the second on the same documents.
    RETURNS (Dict[str, Any]): Difference of the mean F1 with its bootstrap interval over documents; and the p-value of
        the permutation test, in which a document's counts, averaged over the runs, are swapped.
    RAISES (ValueError): CE063 if the documents differ.
    """
    _check_documents([*one, *other])
    first, second = _counts(one), _counts(other)
    both, n = np.concatenate([first, second], 1), first.shape[1]
    interval = bootstrap_interval(both, lambda counts: _mean_f(counts[..., :n, :]) - _mean_f(counts[..., n:, :]))
    return {
        "difference": float(_mean_f(first.sum(0)) - _mean_f(second.sum(0))),
        "interval": interval.tolist(),
        "p_value": permutation_test(first.mean(1, keepdims=True), second.mean(1, keepdims=True)),
    }


def _check_documents(runs: Sequence[StrictScores]) -> None:
    first = runs[0].ids
    if other := next((run.ids for run in runs if run.ids != first), None):
        raise ValueError(Errors.CE063.format(one=len(first), other=len(other)))


def _counts(runs: Sequence[StrictScores]) -> np.ndarray:
    """Strict counts of shape (documents, runs, 4)."""
    return np.stack([run.modes["strict"].counts.values.sum(1) for run in runs], 1)


def _mean_f(counts: np.ndarray) -> np.ndarray:
    """Mean F1 over runs, of counts of shape (..., runs, 4)."""
    return prf(counts)[..., 2].mean(-1)
