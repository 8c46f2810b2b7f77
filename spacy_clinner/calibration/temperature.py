"""The temperature at which gold is most probable, how sure that is, and how much of it to believe."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..scoring.resampling import resamples

# Steps of a fifth: between them a parabola is exact to a hundredth.
TRIED = np.geomspace(0.25, 8.0, 21)
# How far from 1 temperatures mostly are, on a logarithmic scale: two thirds of them between 1/1.5 and 1.5.
USUAL = np.log(1.5)
# The same as negative log-likelihood of each of the temperatures.
PRIOR = np.log(TRIED) ** 2 / (2 * USUAL**2)
# Documents that it takes: of a single one nothing is known of the spread.
FEWEST = 2


class Fit(NamedTuple):
    """A temperature and how sure it is.

    temperature (float): The one to use: the best one, or the likeliest one, drawn to 1 as far as it is unsure.
    best (float): The one at which the gold is most probable.
    interval (Tuple[float, float]): Where the best one lies, by resamples of the documents.
    documents (int): Documents whose gold says something.
    """

    temperature: float
    best: float
    interval: tuple[float, float]
    documents: int


def fit_temperature(losses: NDArray, *, n_resamples: int = 1000, level: float = 0.95, seed: int = 0) -> Fit:
    """Find the temperature of the greatest likelihood, by documents.

    The score of a path at temperature T is b s, with b = 1/T; its negative log-likelihood log sum exp(b s) - b s is
    convex in b, so that there is one lowest point (Boyd & Vandenberghe 2004, section 3.1.5; for classifiers Guo et al.
    2017, section 4.2, for sigmoids Platt 1999). Notes are independent, their tokens are not: the spread is that of the
    best temperature over resamples of documents. With few documents it is wide, and the logarithm of the temperature
    is drawn to 0 by USUAL^2 / (USUAL^2 + spread^2), as the mean of a normal variable of known spread is (Efron &
    Morris 1975). Where resamples are best at an end of what is tried, as on a few documents without an error, these say
    which way to go, but not how far: then it is the temperature of the greatest posterior that is drawn.

    losses (NDArray): Negative log-likelihood of each document at each of the temperatures `TRIED`; a document of which
        gold says nothing has 0 at all of them. *Shape:* (documents, temperatures)
    n_resamples (int), level (float), seed (int): Number of resamples, coverage of the interval, seed of the draws.
    RETURNS (Fit): The temperature. With fewer than two documents nothing is known of the spread, and it is 1.
    """
    losses = losses[losses.any(axis=1)]
    n = len(losses)
    if not n:
        return Fit(1.0, 1.0, (TRIED[0], TRIED[-1]), 0)
    best = float(_lowest(losses.sum(axis=0)[None])[0])
    if n < FEWEST:
        return Fit(1.0, best, (TRIED[0], TRIED[-1]), 1)
    drawn = np.stack([times @ losses for times in resamples(n, n_resamples, seed)])
    resampled = _lowest(drawn)
    # of n documents drawn with replacement, the variance lacks 1 / n of itself
    variance = np.log(resampled).var() * n / (n - 1)
    kept = USUAL**2 / (USUAL**2 + variance)
    at_ends = np.isin(drawn.argmin(axis=1), [0, len(TRIED) - 1]).any()
    believed = float(_lowest((losses.sum(axis=0) + PRIOR)[None])[0]) if at_ends else best
    tail = (1 - level) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail]).tolist()
    return Fit(float(np.exp(kept * np.log(believed))), best, (low, high), n)


def _lowest(losses: NDArray) -> NDArray:
    """Temperature of the lowest loss of each row, by a parabola in 1/T through the lowest and its neighbours."""
    rows = np.arange(len(losses))
    at = np.clip(losses.argmin(axis=1), 1, len(TRIED) - 2)
    b = 1 / TRIED
    (x0, y0), (x1, y1), (x2, y2) = ((b[at + step], losses[rows, at + step]) for step in (-1, 0, 1))
    left, right = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    curvature = (right - left) / (x2 - x0)
    with np.errstate(divide="ignore", invalid="ignore"):
        lowest = (x0 + x1) / 2 - left / (2 * curvature)
    # straight, where a loss does not depend on the temperature at all: then nothing speaks against 1
    lowest = np.where(curvature > 0, lowest, 1.0)
    return 1 / np.clip(lowest, b[-1], b[0])
