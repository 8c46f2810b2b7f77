"""A note that waits for its turn."""

from collections.abc import Callable
from typing import NamedTuple


class Note(NamedTuple):
    """A note that has not been read yet.

    id (str): Its id.
    read (Callable[[], str]): Reads its text; raises coded errors if that cannot be read.
    benchmark (bool): Whether its record says that it is of a labelled benchmark: `"benchmark": true`.
    also (Tuple[Optional[str], ...]): What else its record says, in the order of `Columns.also`; None: nothing.
    """

    id: str
    read: Callable[[], str]
    benchmark: bool = False
    also: tuple[str | None, ...] = ()
