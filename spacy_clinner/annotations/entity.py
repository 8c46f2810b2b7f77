"""Types that several rooms of the package share."""

from typing import NamedTuple


class Entity(NamedTuple):
    """An entity as character offsets into its document's text, end exclusive."""

    start: int
    end: int
    label: str
