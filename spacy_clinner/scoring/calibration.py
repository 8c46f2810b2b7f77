"""Whether probabilities can be believed: expected calibration error, Brier score, log-likelihood.

All of them are functions of sums by document and bin, so that a thousand resamples cost as many small matrix products.
For that, the bins of a resample are those of the whole sample.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from .evaluation import Bootstrap
from .resampling import bootstrap_interval

# What is summed in each bin
N, PROBABILITY, RIGHT, SQUARES, LOGS = range(5)
MEASURES = ("probability", "right", "ece", "brier", "log_likelihood")
# What is so is never less probable than this, nor is what is not so: taggers write single precision, which tells no
# probabilities nearer to 1.
NEAREST = float(np.finfo(np.float32).eps)
N_BINS, N_SPREAD, N_CHANCES = 10, 20, 200


class JudgedSpans(NamedTuple):
    """Spans with what a model said of them and what is so, one a row.

    probability (ndarray): How probable the model finds that the span is an entity of its label, float64.
    right (ndarray): Whether the gold has that entity, with the same offsets and label, bool.
    document (ndarray): Number of its document.
    label (ndarray): Its label.
    domain (ndarray): The domain of its document, "" where it has none.
    """

    probability: np.ndarray
    right: np.ndarray
    document: np.ndarray
    label: np.ndarray
    domain: np.ndarray

    @classmethod
    def of(cls, rows: Iterable[tuple[float, bool, int, str, str]]) -> "JudgedSpans":
        """RETURNS (JudgedSpans): The spans of some rows."""
        columns = list(zip(*rows, strict=True)) or [()] * 5
        types = (np.float64, bool, np.int64, np.str_, np.str_)
        return cls(*(np.array(column, dtype=kind) for column, kind in zip(columns, types, strict=True)))

    def where(self, chosen: np.ndarray) -> "JudgedSpans":
        """RETURNS (JudgedSpans): The spans of a mask."""
        return JudgedSpans(*(column[chosen] for column in self))


class Bin(NamedTuple):
    """Spans of similar probability.

    n (int): How many.
    low (float), high (float): The lowest and the highest probability among them.
    probability (float): The mean.
    right (float): Share of them that are right.
    interval (Optional[Tuple[float, float]]): Of that share; None: not wanted.
    """

    n: int
    low: float
    high: float
    probability: float
    right: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Calibration:
    """How far the probabilities of some spans can be believed.

    n (int): Number of spans.
    values (Dict[str, float]): By name of `MEASURES`: mean probability, share of right ones, expected calibration error,
        Brier score, mean log-likelihood.
    intervals (Optional[Dict[str, Tuple[float, float]]]): Their intervals; None: not wanted.
    by_chance (float): The expected calibration error to expect of so many spans if each probability were true.
    bins (Tuple[Bin, ...]): The bins, by probability.
    spread (Tuple[int, ...]): Number of spans in each twentieth from 0 to 1.
    """

    n: int
    values: dict[str, float]
    intervals: dict[str, tuple[float, float]] | None
    by_chance: float
    bins: tuple[Bin, ...]
    spread: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): JSON-able measures; intervals are [lower, upper]."""
        found: dict[str, Any] = {"n": self.n, **self.values, "ece_by_chance": self.by_chance}
        if self.intervals is not None:
            found["interval"] = {name: list(bounds) for name, bounds in self.intervals.items()}
        return {**found, "bins": [one._asdict() for one in self.bins], "spread": list(self.spread)}


def measure_calibration(
    spans: JudgedSpans, settings: Bootstrap, *, n_bins: int = N_BINS, bin_intervals: bool = True
) -> Calibration:
    """Compare probabilities with how often they are right.

    The interval of a measure, or of a bin, resamples the documents that have any of its spans.

    spans (JudgedSpans): The spans, at least one.
    settings (Bootstrap): Settings of the intervals.
    n_bins (int): Number of bins, at least 1.
    bin_intervals (bool): Whether bins have intervals, too.
    RETURNS (Calibration): The measures.
    Source: Naeini, Cooper & Hauskrecht 2015 (the error); Nguyen & O'Connor 2015 and Nixon et al. 2019 (bins of equal
        mass); Brier 1950; Broecker & Smith 2007 (what chance alone does).
    """
    edges = equal_mass_edges(spans.probability, n_bins)
    bins = np.searchsorted(edges, spans.probability, side="right")
    sums = sum_bins(spans, bins)
    values = dict(zip(MEASURES, measures(sums.sum(0)).tolist(), strict=True))
    intervals = None
    if settings.resamples:
        bounds = _interval(sums, measures, settings)
        intervals = {name: (low, high) for name, low, high in zip(MEASURES, *bounds.tolist(), strict=True)}
    by_chance = error_by_chance(spans.probability, bins, seed=settings.seed)
    for_bins = settings if bin_intervals else replace(settings, resamples=0)
    found = tuple(_bin(spans.probability[bins == b], sums[:, b], for_bins) for b in range(len(edges) + 1))
    spread = np.histogram(spans.probability, N_SPREAD, (0, 1))[0]
    return Calibration(len(spans.probability), values, intervals, by_chance, found, tuple(spread.tolist()))


def equal_mass_edges(probability: np.ndarray, n_bins: int = N_BINS) -> np.ndarray:
    """Cut probabilities into bins of as equal numbers as can be.

    Equal probabilities share a bin, so that the order of spans decides nothing; hence bins may be fewer, and of fewer
    spans than bins each distinct probability is one.

    probability (ndarray): At least one.
    n_bins (int): Number of bins, at least 1.
    RETURNS (ndarray): The lowest probabilities of all bins but the first, ascending.
    """
    ordered = np.sort(probability)
    n_bins = min(n_bins, len(ordered))
    first = [len(ordered) * number // n_bins for number in range(1, n_bins)]
    edges = np.unique(ordered[first])
    return edges[edges > ordered[0]]


def sum_bins(spans: JudgedSpans, bins: np.ndarray) -> np.ndarray:
    """Sum up what all measures are made of.

    spans (JudgedSpans): The spans.
    bins (ndarray): The bin of each.
    RETURNS (ndarray): Sums of number, probability, right ones, squared error and log-likelihood, shape (documents that
        have a span, bins, 5).
    """
    p, right = spans.probability, spans.right
    likelihood = np.clip(np.where(right, p, 1 - p), NEAREST, 1 - NEAREST)
    summed = np.stack([np.ones(len(p)), p, right, (p - right) ** 2, np.log(likelihood)], axis=1)
    documents, rows = np.unique(spans.document, return_inverse=True)
    sums = np.zeros((len(documents), int(bins.max()) + 1, summed.shape[1]))
    np.add.at(sums, (rows, bins), summed)
    return sums


def measures(sums: np.ndarray) -> np.ndarray:
    """All measures at once.

    sums (ndarray): As `sum_bins` makes them of at least one span, shape (..., bins, 5).
    RETURNS (ndarray): Values in the order of `MEASURES`, shape (..., 5). The expected calibration error is the mean,
        by spans, of the distance between mean probability and share of right ones in their bin.
    """
    total = sums.sum(-2)
    n = total[..., N]
    error = abs(sums[..., PROBABILITY] - sums[..., RIGHT]).sum(-1)
    means = (total[..., PROBABILITY], total[..., RIGHT], error, total[..., SQUARES], total[..., LOGS])
    return np.stack(means, -1) / n[..., None]


def error_by_chance(probability: np.ndarray, bins: np.ndarray, *, n_draws: int = N_CHANCES, seed: int = 0) -> float:
    """Find what expected calibration error true probabilities have in a sample: it is never 0, and large in small ones.

    probability (ndarray): The probabilities.
    bins (ndarray): The bin of each.
    n_draws (int): How often what is right is drawn, each span for itself.
    seed (int): Seed of the random generator.
    RETURNS (float): The mean error.
    """
    rng, n = np.random.default_rng(seed), len(probability)
    drawn = ((rng.random(n) < probability) - probability for _ in range(n_draws))
    return float(np.mean([abs(np.bincount(bins, weights=off)).sum() / n for off in drawn]))


def _bin(probability: np.ndarray, sums: np.ndarray, settings: Bootstrap) -> Bin:
    n, total, right = sums.sum(0)[[N, PROBABILITY, RIGHT]].tolist()
    interval = None
    if settings.resamples:
        low, high = _interval(sums, lambda drawn: drawn[..., RIGHT] / drawn[..., N], settings).tolist()
        interval = (low, high)
    return Bin(int(n), float(probability.min()), float(probability.max()), total / n, right / n, interval)


def _interval(sums: np.ndarray, statistic: Callable, settings: Bootstrap) -> np.ndarray:
    """Of documents that have spans here: no resample lacks them."""
    sums = sums[sums[..., N].reshape(len(sums), -1).any(1)]
    return bootstrap_interval(sums, statistic, n_resamples=settings.resamples, level=settings.level, seed=settings.seed)
