"""Tables and plots of the transfer experiments: learning curve and layer ablation."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .markdown import markdown_table
from .plots import Line, line_plot
from .runs import Record, compare_documents, measured_on, select, spread, values

# Values of the key "transfer"; others name the uppermost layer that is transferred.
NO_TRANSFER, ALL_LAYERS = "none", "all"


def transfer_tables(records: Sequence[Record]) -> list[str]:
    """F1 at each share of the labels for every kind of transfer, and the gain over no transfer with its test.

    records (Sequence[Record]): Runs with the keys "share", "transfer" and "seed".
    RETURNS (List[str]): Two Markdown tables.
    """
    kinds = values(records, "transfer")
    scores, gains = [], []
    for share in _shares(records):
        none, *others = (select(records, share=share, transfer=kind) for kind in kinds)
        scores.append([f"{share:g} %", *(str(spread(group)) for group in (none, *others))])
        gains.append([f"{share:g} %", *(_gain(group, none) for group in others)])
    titles = [_title(kind) for kind in kinds]
    return [
        markdown_table(["labels", *titles], scores),
        markdown_table(["gain over no transfer", *titles[1:]], gains),
    ]


def _gain(runs: Sequence[Record], none: Sequence[Record]) -> str:
    return f"{100 * (spread(runs).mean - spread(none).mean):+.1f}, p = {compare_documents(runs, none):.4f}"


def equal_shares(records: Sequence[Record]) -> list[tuple[float, float | None]]:
    """Read off how many labels without transfer give the F1 of fewer labels with it.

    records (Sequence[Record]): Runs of a learning curve.
    RETURNS (List[Tuple[float, Optional[float]]]): Each share with transfer, and the share without whose mean F1 is the
        same, linear between the measured ones; None if it lies beyond the largest, 0 if it lies below the smallest.
    """
    shares = np.array(_shares(records), dtype=float)
    without = np.array([spread(select(records, share=share, transfer=NO_TRANSFER)).mean for share in shares])
    # a curve must not fall to be read from right to left
    without = np.maximum.accumulate(without)
    found = []
    for share in shares:
        reached = spread(select(records, share=share, transfer=ALL_LAYERS)).mean
        equal = None if reached > without[-1] else float(np.interp(reached, without, shares, left=0.0))
        found.append((float(share), equal))
    return found


def curve_reading(records: Sequence[Record]) -> str:
    """RETURNS (str): "x % with transfer equals y % without", a line for each share."""
    shares = _shares(records)
    told = {None: f"more than {shares[-1]:g} %", 0.0: f"less than {shares[0]:g} %"}
    lines = [
        f"- {share:g} % of the labels with transfer do the work of {told.get(equal, f'{equal or 0:.0f} %')} without."
        for share, equal in equal_shares(records)
    ]
    return "\n".join(lines)


def _shares(records: Sequence[Record]) -> list[float]:
    """In the order of a curve, in whatever order they were asked for."""
    return sorted(values(records, "share"))


def plot_curve(records: Sequence[Record], path: Path, title: str) -> None:
    """Draw F1 over the share of the labels, a line with and one without transfer.

    records (Sequence[Record]): Runs of a learning curve.
    path (Path): The file without its ending; a PNG and an SVG are written.
    title (str): What is transferred where.
    """
    shares = _shares(records)
    lines = []
    for kind in values(records, "transfer"):
        points = [spread(select(records, share=share, transfer=kind)) for share in shares]
        lines.append(Line(_title(kind), [100 * p.mean for p in points], [100 * p.sd for p in points]))
    line_plot(
        path,
        [f"{share:g}" for share in shares],
        lines,
        title=title,
        note=measured_on(records),
        x_label="share of the target's labels, % (logarithmic)",
        y_label="strict F1, %",
        x=shares,
    )


def plot_layers(records: Sequence[Record], path: Path, title: str) -> None:
    """Draw F1 over the uppermost layer that is transferred, a line for each share of the labels.

    records (Sequence[Record]): Runs of a layer ablation.
    path (Path): The file without its ending; a PNG and an SVG are written.
    title (str): What is transferred where.
    """
    kinds = values(records, "transfer")
    lines = []
    for share in _shares(records):
        points = [spread(select(records, share=share, transfer=kind)) for kind in kinds]
        lines.append(Line(f"{share:g} % of labels", [100 * p.mean for p in points], [100 * p.sd for p in points]))
    line_plot(
        path,
        ["nothing" if kind == NO_TRANSFER else kind.replace("_", "\n") for kind in kinds],
        lines,
        title=title,
        note=measured_on(records),
        x_label="transferred up to",
        y_label="strict F1, %",
        in_order=True,
    )


def _title(kind: str) -> str:
    return {NO_TRANSFER: "no transfer", ALL_LAYERS: "transfer"}.get(kind, f"up to {kind.replace('_', ' ')}")
