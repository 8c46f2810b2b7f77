"""Small histograms of probabilities, laid out for an SVG."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 160, 30
# between bars
GAP = 2


class Bar(NamedTuple):
    """A bar.

    x (float): Where it begins.
    width (float), height (float): Its size; what occurs at all has a height.
    says (str): What it shows: "0.8 to 0.9: 1,234 (12 %)".
    n (int): How many.
    """

    x: float
    width: float
    height: float
    says: str
    n: int


def draw_histogram(bins: Sequence[int]) -> list[Bar]:
    """Lay out a histogram of probabilities, the highest bar as high as there is room.

    bins (Sequence[int]): How many there are in each of some equal parts of 0 to 1.
    RETURNS (List[Bar]): A bar for each; nothing if there are none at all.
    """
    total, most = sum(bins), max(bins, default=0)
    if not total:
        return []
    step = WIDTH / len(bins)
    return [
        Bar(
            x=round(place * step + GAP / 2, 2),
            width=round(step - GAP, 2),
            height=max(round(HEIGHT * n / most, 1), 1.0) if n else 0.0,
            says=f"{place / len(bins):.2g} to {(place + 1) / len(bins):.2g}: {n:,} ({percent(n, total)})",
            n=n,
        )
        for place, n in enumerate(bins)
    ]


def percent(n: int, total: int) -> str:
    """RETURNS (str): A share in whole percents; what is neither nothing nor all is not called so."""
    if 0 < n < 0.01 * total:
        return "< 1 %"
    if 0.99 * total < n < total:
        return "> 99 %"
    return f"{round(100 * n / total)} %"
