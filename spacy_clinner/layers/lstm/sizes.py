"""What sizes a layer can have: found out where it is made, as errors of torch name neither setting nor layer."""

from ...errors import Errors


def check_even(nO: int) -> None:
    """RAISES (ValueError): CE140 if a width cannot be halved, for two directions."""
    if nO < 2 or nO % 2:
        raise ValueError(Errors.CE140.format(width=nO))


def check_depth(depth: int) -> None:
    """RAISES (ValueError): CE135 if there would be no layer."""
    if depth < 1:
        raise ValueError(Errors.CE135.format(setting="depth", value=depth, wanted="1 or more"))


def check_window(window: int) -> None:
    """RAISES (ValueError): CE135 if a filter would see more on one side of a character than on the other."""
    if window < 1 or window % 2 == 0:
        raise ValueError(Errors.CE135.format(setting="window", value=window, wanted="odd"))
