"""Plots, as PNG to look at and SVG to print. matplotlib comes with the extra `report`."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..extras import require
from ..files import write_atomically

# Okabe and Ito's colours, which the colour-blind tell apart, without the yellow that is too light on white. From the
# eighth line on they come again, with hollow markers.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#000000", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", "p", "d", ">", "h")
DPI = 150
# Inches: width of all plots, distance of two lines' error bars.
WIDTH, BAR = 9.5, 0.04
GREY = "#595959"


class Line(NamedTuple):
    """A line of a plot: its name, and mean and spread at each place."""

    name: str
    mean: Sequence[float]
    spread: Sequence[float]


def check_plots() -> None:
    """RAISES (ImportError): CE358 if matplotlib is missing."""
    require("matplotlib", "A plot")


def line_plot(
    path: Path,
    places: Sequence[str],
    lines: Sequence[Line],
    *,
    title: str,
    note: str,
    x_label: str,
    y_label: str,
    x: Sequence[float] | None = None,
    in_order: bool = False,
) -> None:
    """Draw lines with error bars, each labelled at its end.

    path (Path): The file without its ending; a PNG and an SVG are written.
    places (Sequence[str]): Names of the places on the x axis.
    lines (Sequence[Line]): The lines.
    title (str), note (str): What is shown; what it was measured on.
    x_label (str), y_label (str): What the axes show, with units.
    x (Optional[Sequence[float]]): The places on a logarithmic axis; None: at equal distances.
    in_order (bool): Whether the lines are grades of one thing, to be told by shades.
    """
    from matplotlib.transforms import ScaledTranslation

    figure, (axes,) = make_figure(title, note, [4.6])
    at = list(range(len(places))) if x is None else list(x)
    styles = [marker_style(number) for number in range(len(lines))]
    if in_order:
        styles = [{"marker": "o", "color": shade} for shade in _shades(len(lines))]
    for number, (line, style) in enumerate(zip(lines, styles, strict=True)):
        # bars of one place stand side by side
        shift = ScaledTranslation(_aside(number, len(lines)), 0, figure.dpi_scale_trans)
        axes.errorbar(
            at,
            line.mean,
            line.spread,
            transform=axes.transData + shift,
            markersize=5,
            capsize=2.5,
            linewidth=1.5,
            elinewidth=1,
            **style,
        )
    low = min(mean - spread for line in lines for mean, spread in zip(line.mean, line.spread, strict=True))
    high = max(mean + spread for line in lines for mean, spread in zip(line.mean, line.spread, strict=True))
    low, high = low - 0.05 * (high - low) - 0.1, high + 0.05 * (high - low) + 0.1
    if x is None:
        axes.set_xlim(-0.4, len(at) - 0.6)
    else:
        axes.set_xscale("log")
        axes.set_xlim(at[0] / 1.15, at[-1] * 1.15)
    axes.set_xticks(at, places)
    axes.minorticks_off()
    axes.set(xlabel=x_label, ylabel=y_label, ylim=(low, high))
    ends = _apart([line.mean[-1] for line in lines], (high - low) / 21)
    for number, (line, end, style) in enumerate(zip(lines, ends, styles, strict=True)):
        from_marker = 6 + 72 * _aside(number, len(lines))
        axes.annotate(
            line.name,
            (at[-1], line.mean[-1]),
            (1.03, (end - low) / (high - low)),
            textcoords="axes fraction",
            color=style["color"],
            va="center",
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 1, "shrinkB": from_marker},
        )
    axes.grid(alpha=0.3, linewidth=0.6)
    save_figure(figure, path)


def marker_style(number: int) -> dict[str, Any]:
    """Colour and marker of a line.

    number (int): Its number among the lines.
    RETURNS (Dict[str, Any]): Arguments of matplotlib's `errorbar`.
    """
    style = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}
    return style if number < len(COLOURS) else {**style, "markerfacecolor": "white"}


def _aside(number: int, n: int) -> float:
    return BAR * (number - (n - 1) / 2)


def _shades(n: int) -> list:
    from matplotlib import colormaps

    # the light end of the map is too light on white
    return [colormaps["viridis"](0.68 * place / max(n - 1, 1)) for place in range(n)]


def _apart(places: Sequence[float], gap: float) -> list[float]:
    """Move labels as little as possible (in squares) so that they lie a gap apart."""
    blocks: list[list[int]] = []
    centre: list[float] = []

    def middle(block: Sequence[int]) -> float:
        return sum(places[number] - gap * rank for rank, number in enumerate(block)) / len(block)

    for number in sorted(range(len(places)), key=lambda number: places[number]):
        blocks.append([number])
        centre.append(middle(blocks[-1]))
        # a label that reaches into those below makes one stack of them
        while len(blocks) > 1 and centre[-1] < centre[-2] + gap * len(blocks[-2]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
            centre[-2:] = [middle(blocks[-1])]
    found = [0.0] * len(places)
    for block, low in zip(blocks, centre, strict=True):
        for rank, number in enumerate(block):
            found[number] = low + gap * rank
    return found


def empty_figure(title: str, note: str, height: float):
    """A figure with nothing but what it shows and what that was measured on; height in inches."""
    # no pyplot: it keeps figures and wants a display
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(f"{title}\n\n", x=0.01, ha="left", fontsize=12, fontweight="bold")
    figure.text(0.01, 1 - 0.42 / figure.get_figheight(), note, fontsize=9, color=GREY, va="center")
    return figure


def make_figure(title: str, note: str, heights: Sequence[float]):
    """A figure of panels one below the other, which share the x axis; heights in inches."""
    figure = empty_figure(title, note, sum(heights) + 0.35 * len(heights) + 1.0)
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)
    return figure, list(panels[:, 0])


def save_figure(figure, path: Path) -> None:
    from matplotlib import rc_context
    from matplotlib.text import Text

    # words of notes and labels are no formulas
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    # the same figures give the same bytes: no date, no random ids
    with rc_context({"svg.hashsalt": "spacy_clinner", "svg.fonttype": "none", "text.parse_math": False}):
        for ending, metadata in (("png", None), ("svg", {"Date": None})):
            content = io.BytesIO()
            figure.savefig(content, format=ending, dpi=DPI, metadata=metadata)
            write_atomically(path.with_name(f"{path.name}.{ending}"), content.getvalue())
