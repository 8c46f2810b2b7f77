"""What a component should ask for, once its probabilities have changed."""

import numpy as np
from numpy.typing import NDArray

from ..scoring.counts import prf
from ..scoring.resampling import resamples

TRIED = tuple(round(0.025 * step, 3) for step in range(2, 39))
# Share of resamples on which another threshold must be better.
SURE = 0.95


def new_threshold(
    counts: NDArray, before: NDArray, threshold: float, *, n_resamples: int = 1000, seed: int = 0
) -> float:
    """Choose the threshold of a tagger whose probabilities have changed.

    The one that finds as many entities as were found before; another one only if its F1 is better on nearly all
    resamples of the documents. On a few documents the highest point of the curve is a matter of chance, and following
    it costs more than it gains. Of several that do as well, the one nearest to that of before.

    counts (NDArray): Right, predicted and gold entities of each document at each of the thresholds `TRIED`. *Shape:*
        (documents, thresholds, 3)
    before (NDArray): The same of what was found before. *Shape:* (documents, 3)
    threshold (float): The threshold of before.
    n_resamples (int), seed (int): Number of resamples, seed of the draws.
    RETURNS (float): The threshold.
    """
    same = _lowest(np.abs(counts[..., 1].sum(axis=0) - before[:, 1].sum()), threshold)
    best = _lowest(-f1(counts.sum(axis=0)), threshold)
    both = counts[:, [best, same]].reshape(len(counts), -1)
    drawn = np.stack([times @ both for times in resamples(len(counts), n_resamples, seed)])
    of_best, of_same = f1(drawn.reshape(-1, 2, 3)).T
    # equal ones must compare as equal in spite of rounding
    is_better = (of_best > of_same + 1e-12).mean() >= SURE
    return TRIED[best if is_better else same]


def _lowest(values: NDArray, threshold: float) -> int:
    """Where the lowest of the values lies, those of `TRIED`: of equal ones, that nearest to a threshold."""
    lowest = np.flatnonzero(values == values.min())
    return int(lowest[np.abs(np.array(TRIED)[lowest] - threshold).argmin()])


def f1(counts: NDArray) -> NDArray:
    """RETURNS (NDArray): F1 of right, predicted and gold on the last axis; 0 where there is nothing."""
    right, predicted, gold = range(3)
    return prf(counts[..., [right, gold, right, predicted]])[..., 2]


def same_decisions(threshold: float, temperature: float, relative: bool) -> float:
    """Find the threshold that keeps what was kept before probabilities changed.

    Of a logistic score x the probability at temperature T is 1 / (1 + e^(-x/T)): its odds are those at 1, to the power
    of 1/T, and so are ratios of odds.

    threshold (float): The threshold at temperature 1, 0 to 1.
    temperature (float): The new temperature.
    relative (bool): Whether the threshold is for a ratio of odds, not for a probability.
    RETURNS (float): The threshold at the new temperature.
    """
    if relative or threshold in (0, 1):
        return float(threshold ** (1 / temperature))
    odds = (threshold / (1 - threshold)) ** (1 / temperature)
    return float(odds / (1 + odds))


def least_sure(probabilities: NDArray, share: float = 0.2) -> float | None:
    """RETURNS (Optional[float]): The probability below which a share of them lies; None if there are none."""
    return float(np.quantile(probabilities, share)) if len(probabilities) else None
