"""What a calibration changes, as a table."""

from collections.abc import Sequence
from typing import Any

from wasabi import table

from .tables import percent


def calibration_table(found: Sequence[Any]) -> str:
    """Show each component before and after.

    found (Sequence[Calibrated]): From `calibration.calibrate`.
    RETURNS (str): A table for a terminal.
    """
    header = (
        "Component",
        "Temperature",
        "95 % of resamples",
        "Threshold",
        "Documents",
        "Gold",
        "Loss a document",
        "F1",
    )
    rows = [
        (
            one.name,
            f"{one.temperature:.3f}",
            f"{one.interval[0]:.2f} to {one.interval[1]:.2f}",
            "-" if one.threshold is None else f"{one.threshold:.3g}",
            one.documents,
            one.gold,
            f"{one.loss[0]:.2f} -> {one.loss[1]:.2f}",
            "as before" if one.f is None else f"{percent(one.f[0])} -> {percent(one.f[1])}",
        )
        for one in found
    ]
    return table(rows, header=header, divider=True, aligns=["l", *"rrrrrrr"])
