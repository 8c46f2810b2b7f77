"""Plots, as PNG to look at and SVG to print. matplotlib comes with the extra `report`."""

import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from ..errors import Errors
from ..files import write_atomically


class Line(NamedTuple):
    """A line of a plot: its name, and mean and spread at each place of the x axis."""

    name: str
    mean: Sequence[float]
    spread: Sequence[float]


def check_plots() -> None:
    """RAISES (ValueError): CE085 if matplotlib is missing; better known before hours of training than after."""
    if find_spec("matplotlib") is None:
        raise ValueError(Errors.CE085)


def line_plot(path: Path, x: Sequence[float], lines: Sequence[Line], *, x_label: str, y_label: str) -> None:
    """Draw lines with error bars.

    path (Path): The file without its ending.
    x (Sequence[float]): Places on the x axis.
    lines (Sequence[Line]): The lines.
    x_label (str), y_label (str): What the axes show, with units.
    """
    figure, axes = _figure()
    for line in lines:
        axes.errorbar(x, line.mean, line.spread, marker="o", markersize=4, capsize=3, label=line.name)
    axes.set_xticks(list(x))
    _finish(figure, axes, path, x_label, y_label)


def bar_plot(path: Path, groups: Sequence[str], bars: Sequence[Line], *, y_label: str) -> None:
    """Draw groups of bars with error bars.

    path (Path): The file without its ending.
    groups (Sequence[str]): Names of the groups.
    bars (Sequence[Line]): One bar in each group.
    y_label (str): What the y axis shows, with units.
    """
    figure, axes = _figure(width=max(7.0, 0.35 * len(groups) * len(bars)))
    width = 0.8 / len(bars)
    for i, bar in enumerate(bars):
        places = [place - 0.4 + (i + 0.5) * width for place in range(len(groups))]
        axes.bar(places, bar.mean, width, yerr=bar.spread, label=bar.name, error_kw={"linewidth": 0.8})
    axes.set_xticks(range(len(groups)), groups, rotation=30, ha="right")
    _finish(figure, axes, path, "", y_label)


def _figure(width: float = 7.0):
    # no pyplot: it keeps figures and wants a display
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 4.5), layout="constrained")
    return figure, figure.add_subplot()


def _finish(figure, axes, path: Path, x_label: str, y_label: str) -> None:
    from matplotlib import rc_context

    axes.set(xlabel=x_label, ylabel=y_label)
    axes.grid(alpha=0.3, linewidth=0.6)
    axes.legend(frameon=False, fontsize="small")
    # the same figures give the same bytes: no date, no random ids
    with rc_context({"svg.hashsalt": "spacy_clinner", "svg.fonttype": "none"}):
        for ending, metadata in (("png", None), ("svg", {"Date": None})):
            content = io.BytesIO()
            figure.savefig(content, format=ending, dpi=150, metadata=metadata)
            write_atomically(path.with_name(f"{path.name}.{ending}"), content.getvalue())
