"""A plot of many lines at many places: rows of dots."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .plots import Line, make_figure, marker_style, save_figure

# Inches: height of a row with a name, and of a dot among the others of its row.
ROW, DOT = 0.24, 0.056


def dot_plot(
    path: Path,
    groups: Sequence[tuple[str, Sequence[str]]],
    overall: Line,
    lines: Sequence[Line],
    *,
    title: str,
    note: str,
    x_label: str,
) -> None:
    """Draw rows of dots with error bars: above, a row for each line, which tells its name; below, a row for each place.

    path (Path): The file without its ending; a PNG and an SVG are written.
    groups (Sequence[Tuple[str, Sequence[str]]]): Names of the places, under headings.
    overall (Line): What stands above: its name, and of each line mean and spread over all places.
    lines (Sequence[Line]): The lines, with a value at each place.
    title (str), note (str): What is shown; what it was measured on.
    x_label (str): What the x axis shows, with units.
    """
    best_first = sorted(range(len(lines)), key=lambda number: -overall.mean[number])
    n_places = sum(len(names) for _, names in groups)
    heights = [ROW * (len(lines) + 1.5)]
    # of one place all has been said above
    if n_places > 1:
        heights.append(DOT * (len(lines) + 2) * n_places + ROW * 1.2 * len(groups))
    figure, panels = make_figure(title, note, heights)
    if n_places > 1:
        _dot_rows(panels[1], groups, lines, best_first)
    _dot_legend(panels[0], overall, lines, best_first)
    for axes in panels:
        axes.grid(axis="x", alpha=0.3, linewidth=0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines[["left", "right", "top"]].set_visible(False)
    panels[-1].set_xlabel(x_label)
    save_figure(figure, path)


def _dot_legend(axes, overall: Line, lines: Sequence[Line], order: Sequence[int]) -> None:
    for place, number in enumerate(order):
        mean, spread = overall.mean[number], overall.spread[number]
        axes.errorbar([mean], [place], xerr=[spread], markersize=6, **_style(number))
        text = f"{mean:.1f} ± {spread:.1f}" if spread else f"{mean:.1f}"
        axes.annotate(text, (mean + spread, place), (7, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(order)), [lines[number].name for number in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    # room for the last number
    low, high = axes.get_xlim()
    axes.set_xlim(low, high + 0.1 * (high - low))
    axes.set_title(overall.name, loc="left", fontsize=9, fontweight="bold")


def _dot_rows(axes, groups: Sequence[tuple[str, Sequence[str]]], lines: Sequence[Line], order: Sequence[int]) -> None:
    """The unit of the y axis is an inch."""
    row, at, index, ticks, names = DOT * (len(lines) + 2), 0.0, 0, [], []
    for heading, places in groups:
        at += ROW * 1.2
        axes.annotate(
            heading,
            (0, at - ROW * 0.4),
            (4, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=9,
            fontweight="bold",
        )
        for number_in_group, name in enumerate(places):
            if number_in_group % 2 == 0:
                axes.axhspan(at, at + row, color="#f2f2f2", linewidth=0, zorder=0)
            for rank, number in enumerate(order):
                line, y = lines[number], at + DOT * (rank + 1.5)
                axes.errorbar([line.mean[index]], [y], xerr=[line.spread[index]], markersize=4, **_style(number))
            ticks.append(at + row / 2)
            names.append(name)
            at, index = at + row, index + 1
    axes.set_yticks(ticks, names)
    axes.set_ylim(at, 0)


def _style(number: int) -> dict[str, Any]:
    return {**marker_style(number), "elinewidth": 0.9, "linestyle": "none"}
