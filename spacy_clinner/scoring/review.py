"""What a review of the least sure entities finds: the share of the wrong ones against the share that is looked at."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .calibration import JudgedSpans
from .evaluation import Bootstrap
from .resampling import resamples

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
# places of the curve
GRID = np.linspace(0, 1, 101)


class Reviewed(NamedTuple):
    """What comes of a review of some entities.

    share (float): Share of the entities that is reviewed, the least sure first.
    up_to (float): Probability of the last one.
    found (float): Share of all wrong entities that is among them.
    interval (Optional[Tuple[float, float]]): Of that share; None: not wanted.
    rest_right (float): Share of right ones among those that are not reviewed.
    """

    share: float
    up_to: float
    found: float
    interval: tuple[float, float] | None
    rest_right: float


@dataclass(frozen=True)
class Review:
    """What a review of the least sure entities finds.

    n (int): Number of entities.
    wrong (int): Number of wrong ones.
    rows (Tuple[Reviewed, ...]): By share that is reviewed; none if nothing is wrong.
    curve (Tuple[float, ...]): Share of the wrong ones found at each percent that is reviewed, from 0 to 100.
    area (Optional[float]): Area under that curve: 0.5 if probabilities say nothing; None if nothing is wrong.
    best_area (Optional[float]): The area if all wrong entities came first.
    """

    n: int
    wrong: int
    rows: tuple[Reviewed, ...]
    curve: tuple[float, ...]
    area: float | None
    best_area: float | None

    def at(self, share: float) -> Reviewed | None:
        """RETURNS (Optional[Reviewed]): The row of a share."""
        return next((row for row in self.rows if row.share == share), None)

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): JSON-able; intervals are [lower, upper]."""
        rows = [row._asdict() for row in self.rows]
        return {
            **{"entities": self.n, "wrong": self.wrong, "area": self.area, "best_area": self.best_area},
            **{"reviewed": rows, "curve": list(self.curve)},
        }


def review_least_sure(spans: JudgedSpans, settings: Bootstrap) -> Review:
    """See what share of the wrong entities is found if the least sure of all entities are reviewed.

    Among equally sure ones any may come first: what is counted is what to expect.

    spans (JudgedSpans): The predicted entities, at least one.
    settings (Bootstrap): Settings of the intervals, which resample documents; resamples without a wrong entity tell
        nothing and are left out.
    RETURNS (Review): What is found.
    Source: El-Yaniv & Wiener 2010 (risk and coverage).
    """
    n, wrong = len(spans.right), int((~spans.right).sum())
    if not wrong:
        return Review(n, 0, (), (), None, None)
    _, ties = np.unique(spans.probability, return_inverse=True)
    reviewed, found = _cumulated(ties, spans.right, np.ones(n))
    shares, at = found / wrong, reviewed / n
    ordered = np.sort(spans.probability)
    rows = []
    for share, interval in zip(SHARES, _intervals(ties, spans, settings), strict=True):
        seen = float(np.interp(share, at, shares))
        up_to = float(ordered[int(np.ceil(round(share * n, 9))) - 1])
        rows.append(Reviewed(share, up_to, seen, interval, 1 - wrong * (1 - seen) / (n * (1 - share))))
    area = float((np.diff(at) * (shares[1:] + shares[:-1]) / 2).sum())
    return Review(n, wrong, tuple(rows), tuple(np.interp(GRID, at, shares).tolist()), area, 1 - wrong / n / 2)


def _cumulated(ties: np.ndarray, right: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many entities have been seen, and how many wrong ones, after each probability."""
    seen = np.bincount(ties, weights=weights)
    wrong = np.bincount(ties, weights=weights * ~right)
    return np.concatenate([[0], np.cumsum(seen)]), np.concatenate([[0], np.cumsum(wrong)])


def _intervals(ties: np.ndarray, spans: JudgedSpans, settings: Bootstrap) -> list[tuple[float, float] | None]:
    documents, rows = np.unique(spans.document, return_inverse=True)
    drawn = []
    for times in resamples(len(documents), settings.resamples, settings.seed):
        reviewed, found = _cumulated(ties, spans.right, times[rows])
        if found[-1]:
            drawn.append(np.interp(SHARES, reviewed / reviewed[-1], found / found[-1]))
    if not drawn:
        return [None] * len(SHARES)
    tail = (1 - settings.level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0).tolist()
    return list(zip(low, high, strict=True))
