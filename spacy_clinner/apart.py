"""What a command writes is kept apart from what it reads, and from what else it writes."""

from collections.abc import Iterable
from pathlib import Path

from .errors import Errors
from .files import real_path


def check_apart(outputs: Iterable[Path | None], read: Iterable[Path | None]) -> None:
    """See that no output takes the place of what is read, or lies in it, where the next command would read it, too.

    outputs (Iterable[Optional[Path]]): Files and folders to write; None: it is not wished.
    read (Iterable[Optional[Path]]): Files and folders that are read; None: there is none.
    RAISES (ValueError): CE344 for an output that is not apart, and as `check_distinct`.
    """
    written = [path for path in outputs if path]
    check_distinct(written)
    places = [real_path(path) for path in read if path]
    for output in written:
        if any(real_path(output).is_relative_to(place) for place in places):
            raise ValueError(Errors.CE344.format(path=output.name, problem="read itself, or in a folder that is read"))


def check_distinct(outputs: Iterable[Path | None]) -> None:
    """See that no output takes the place of another.

    outputs (Iterable[Optional[Path]]): Files and folders to write; None: it is not wished.
    RAISES (ValueError): CE344 for the second of two that are one.
    """
    places: set[Path] = set()
    for output in filter(None, outputs):
        if real_path(output) in places:
            raise ValueError(Errors.CE344.format(path=output.name, problem="where another output goes"))
        places.add(real_path(output))
