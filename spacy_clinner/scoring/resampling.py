"""How sure a score is, and whether two models differ: resampling over documents.

Entities of one note are not independent, notes are: the unit of resampling is the document. Its counts are resampled,
not its entities, so that a thousand resamples cost a thousand small matrix products.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np

from ..errors import Errors
from .counts import micro

CHUNK = 250


def bootstrap_interval(
    counts: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> np.ndarray:
    """Percentile bootstrap interval of a statistic of summed counts.

    counts (ndarray): Counts of each document, shape (documents, ...).
    statistic (Callable): From sums of shape (resamples, ...) to values of shape (resamples, *values).
    n_resamples (int): Number of resamples, at least 1.
    level (float): Coverage, between 0 and 1.
    seed (int): Seed of the random generator. The same seed draws the same documents for every statistic.
    RETURNS (ndarray): Lower and upper bounds, shape (2, *values).
    Source: Efron & Tibshirani 1993, chapter 13.
    """
    flat = counts.reshape(len(counts), -1)
    sums = [times @ flat for times in resamples(len(counts), n_resamples, seed)]
    values = statistic(np.reshape(sums, (n_resamples, *counts.shape[1:])))
    tail = (1 - level) / 2
    return np.quantile(values, [tail, 1 - tail], axis=0)


def resamples(n: int, n_resamples: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Draw documents with replacement, as many as there are.

    n (int): Number of documents.
    n_resamples (int): How often.
    seed (int): Seed of the random generator.
    YIELDS (ndarray): How often each document was drawn, shape (n,).
    """
    rng = np.random.default_rng(seed)
    for _ in range(n_resamples):
        yield np.bincount(rng.integers(n, size=n), minlength=n)


def permutation_test(one: np.ndarray, other: np.ndarray, *, n_permutations: int = 10_000, seed: int = 0) -> float:
    """Paired test of the hypothesis that two models have the same micro F1, by approximate randomisation.

    Under the hypothesis, the models' outputs on a document may be swapped. The p-value is the share of random swaps
    whose difference in F1 is at least the observed one, the observed one included.

    one (ndarray): The first model's counts, shape (documents, labels, 4).
    other (ndarray): The second model's counts on the same documents, same shape but for the number of labels.
    n_permutations (int): Number of random swaps.
    seed (int): Seed of the random generator.
    RETURNS (float): Two-sided p-value, at least 1 / (n_permutations + 1).
    RAISES (ValueError): CE063 if the numbers of documents differ.
    Source: Noreen 1989; Yeh 2000, "More accurate tests for the statistical significance of result differences".
    """
    if len(one) != len(other):
        raise ValueError(Errors.CE063.format(one=len(one), other=len(other)))
    one, other = one.sum(1), other.sum(1)
    observed = _difference(one.sum(0), other.sum(0))
    rng, extreme = np.random.default_rng(seed), 0
    for start in range(0, n_permutations, CHUNK):
        swapped = rng.integers(2, size=(min(CHUNK, n_permutations - start), len(one))).astype(float)
        moved = swapped @ (other - one)
        # equal differences must compare as equal in spite of rounding
        extreme += np.count_nonzero(_difference(one.sum(0) + moved, other.sum(0) - moved) >= observed - 1e-12)
    return (extreme + 1) / (n_permutations + 1)


def sign_flip_test(differences: Sequence[float], *, n_permutations: int = 10_000, seed: int = 0) -> float:
    """Paired test of the hypothesis that differences between two methods are symmetric around zero.

    differences (Sequence[float]): One a run.
    n_permutations (int): Number of random signs; all of them are tried if there are no more.
    seed (int): Seed of the random generator.
    RETURNS (float): Two-sided p-value: the share of signs whose mean is at least as far from zero as the observed.
    Source: Fisher 1935, section 21; Good 2005, "Permutation, Parametric and Bootstrap Tests", chapter 3.
    """
    runs = np.asarray(differences, dtype=float)
    n = len(runs)
    if 2**n <= n_permutations:
        signs, observed = np.array(list(product((-1, 1), repeat=n))), 0
    else:
        signs, observed = np.random.default_rng(seed).choice((-1, 1), size=(n_permutations, n)), 1
    extreme = np.count_nonzero(abs(signs @ runs) >= abs(runs.sum()) - 1e-12)
    return (extreme + observed) / (len(signs) + observed)


def _difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Absolute difference of F1 of counts of shape (..., 4)."""
    return abs(micro(one[..., None, :]) - micro(other[..., None, :]))[..., 2]
