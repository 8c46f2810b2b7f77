"""What a quantized pipeline loses, as a table."""

from ..scoring.losses import Losses
from .tables import terminal_table


def loss_table(losses: Losses) -> str:
    """Show strict F1 and the recall of each label, before and after.

    losses (Losses): From `scoring.losses.measure_losses`.
    RETURNS (str): A table for a terminal.
    """
    named = [
        ("F1", "", losses.f),
        *((f"recall {label}", losses.support[label], r) for label, r in losses.recalls.items()),
    ]
    rows = [(name, support, f"{b:.2f}", f"{a:.2f}", f"{a - b:+.2f}") for name, support, (b, a) in named]
    return terminal_table(("Strict", "support", "before", "after", "difference"), rows)
