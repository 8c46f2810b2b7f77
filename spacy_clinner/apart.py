"""What a command writes is kept apart from what it reads."""

from collections.abc import Iterable
from pathlib import Path

from .errors import Errors
from .files import real_path


def check_apart(outputs: Iterable[Path | None], read: Iterable[Path | None]) -> None:
    """See that no output takes the place of what is read, or lies in it, where the next command would read it, too.

    outputs (Iterable[Optional[Path]]): Files and folders to write; None: it is not wished.
    read (Iterable[Optional[Path]]): Files and folders that are read; None: there is none.
    RAISES (ValueError): CE344 for an output that is not apart.
    """
    places = [real_path(path) for path in read if path]
    for output in outputs:
        if output and any(real_path(output).is_relative_to(place) for place in places):
            raise ValueError(Errors.CE344.format(path=output.name, problem="read itself, or in a folder that is read"))
