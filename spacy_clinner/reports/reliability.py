"""The reliability diagram, and beside it what a review of the least sure entities finds."""

from collections.abc import Sequence
from os.path import commonprefix
from pathlib import Path
from typing import Any

from ..scoring.calibration import Calibration
from ..scoring.review import GRID, Review, Reviewed
from ..scoring.sureness import Sureness
from .plots import GREY, empty_figure, marker_style, save_figure
from .sureness import SHARE

# Inches; letters of a name.
HEIGHT, LONGEST = 6.2, 24


def plot_reliability(path: Path, models: Sequence[tuple[str, Sureness]], *, title: str, note: str) -> None:
    """Draw mean probability against the share of right ones, how probabilities are spread, and what a review finds.

    path (Path): The file without its ending; a PNG and an SVG are written.
    models (Sequence[Tuple[str, Sureness]]): What to call each model, and what was measured.
    title (str), note (str): What is shown; what it was measured on.
    """
    figure = empty_figure(title, note, HEIGHT)
    panels = figure.subplot_mosaic([["bins", "review"], ["spread", "review"]], height_ratios=[4, 1])
    _diagonal(panels["bins"])
    _diagonal(panels["review"])
    names = short_names([name for name, _ in models])
    for number, (name, (_, sureness)) in enumerate(zip(names, models, strict=True)):
        style, group = marker_style(number), sureness.predicted.all
        _draw_bins(panels["bins"], group.calibration, style, f"{name}: predicted")
        if sureness.others:
            hollow = {**style, "markerfacecolor": "white", "linestyle": ":"}
            _draw_bins(panels["bins"], sureness.others.all.calibration, hollow, f"{name}: not predicted")
        _draw_spread(panels["spread"], group.calibration, style["color"])
        if group.review and (row := group.review.at(SHARE)):
            _draw_review(panels["review"], group.review, row, style["color"], name)
    panels["bins"].set(ylabel="share right, %", xlim=(-2, 102), ylim=(-2, 102))
    panels["spread"].set(xlabel="probability, %", ylabel="entities, %", xlim=(-2, 102))
    panels["bins"].tick_params(labelbottom=False)
    panels["review"].set(xlabel="least sure entities that are reviewed, %", ylabel="wrong entities found, %")
    panels["review"].set(xlim=(-2, 102), ylim=(-2, 102))
    panels["review"].axvline(100 * SHARE, color=GREY, linewidth=0.8, linestyle=":")
    headings = (("bins", "upper left", "Are they as often right?"), ("review", "lower right", "What a review finds"))
    for panel, place, heading in headings:
        panels[panel].set_title(heading, loc="left", fontsize=9, fontweight="bold")
        if panels[panel].get_legend_handles_labels()[0]:
            panels[panel].legend(loc=place, fontsize=8, frameon=False)
    for axes in panels.values():
        axes.grid(alpha=0.3, linewidth=0.6)
    save_figure(figure, path)


def short_names(models: Sequence[str]) -> list[str]:
    """Names for a legend: the parts of paths that differ, at most `LONGEST` letters of their ends.

    models (Sequence[str]): Paths or names.
    RETURNS (List[str]): The names.
    """
    parts = [Path(model).parts for model in models]
    same = len(commonprefix(parts)) if len(set(parts)) > 1 else len(parts[0]) - 1
    names = ["/".join(path[same:]) or model for path, model in zip(parts, models, strict=True)]
    return [name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}" for name in names]


def _diagonal(axes) -> None:
    axes.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle="--", zorder=1)


def _draw_bins(axes, found: Calibration, style: dict[str, Any], name: str) -> None:
    x, y = ([100 * getattr(one, part) for one in found.bins] for part in ("probability", "right"))
    bars = None
    if all(one.interval for one in found.bins):
        # an interval of few documents may lie beside the share
        pairs = [(one.right - one.interval[0], one.interval[1] - one.right) for one in found.bins if one.interval]
        bars = [[100 * max(pair[side], 0) for pair in pairs] for side in (0, 1)]
    label = f"{name}, ECE {found.values['ece']:.1%}"
    axes.errorbar(x, y, bars, markersize=5, capsize=2.5, linewidth=1.5, elinewidth=1, label=label, **style)


def _draw_spread(axes, found: Calibration, colour: str) -> None:
    n = len(found.spread)
    edges = [100 * place / n for place in range(n + 1)]
    shares = [100 * count / found.n for count in found.spread]
    axes.stairs(shares, edges, color=colour, linewidth=1.5)
    axes.stairs(shares, edges, color=colour, fill=True, alpha=0.15, linewidth=0)


def _draw_review(axes, review: Review, row: Reviewed, colour: str, name: str) -> None:
    label = f"{name}: {row.found:.0%} of {review.wrong} in {SHARE:.0%}"
    axes.plot(100 * GRID, [100 * found for found in review.curve], color=colour, linewidth=1.5, label=label)
    axes.plot([100 * SHARE], [100 * row.found], color=colour, marker="o", markersize=5)
