"""How far long work has come: a bar on a terminal, a line every ten seconds in a log."""

import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import Any, Generic, TypeVar, overload

from tqdm import tqdm

T = TypeVar("T")
SECONDS_PER_LINE = 10.0
# of a process that works for another one, beside others
SECONDS_PER_LINE_OF_PART = 60.0
CLEAR_LINE = "\r\x1b[K"

_part: str | None = None


def tell_as_part(name: str) -> None:
    """Let this process, which works for another one, tell how far it has come: lines that begin with a name.

    name (str): What it does.
    """
    global _part
    _part = name


def on_terminal() -> bool:
    """RETURNS (bool): Whether standard error, which may be closed, is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


class ProgressLines(Generic[T]):
    """What of tqdm's bars we use, for a log: whole lines, few of them, and none for what is quickly done.

    seconds (Optional[float]): What lies between two lines at least; None: there are no lines.
    """

    def __init__(
        self, items: Iterable[T] | None, total: int | None, unit: str, desc: str | None, seconds: float | None
    ):
        self.items, self.total, self.unit, self.desc, self.seconds = items, total, unit, desc, seconds
        self.n, self.written, self.postfix = 0, 0, ""
        self.start = self.last = time.monotonic()

    def __iter__(self) -> Iterator[T]:
        with self:
            for item in self.items or ():
                yield item
                self.update()

    def __enter__(self) -> "ProgressLines[T]":
        return self

    def __exit__(self, *error: Any) -> None:
        # a log that tells of the work tells of its end, once
        if 0 < self.written < self.n:
            self._write()

    def update(self, n: int = 1) -> None:
        """Count.

        n (int): What is done more.
        """
        self.n += n
        if self.seconds is not None and time.monotonic() - self.last >= self.seconds:
            self._write()

    def set_postfix_str(self, text: str) -> None:
        """Say more in the next line.

        text (str): What is said.
        """
        self.postfix = text

    def _write(self) -> None:
        self.last, self.written = time.monotonic(), self.n
        if sys.stderr is None:
            # closed: print would take standard output for it
            return
        line = tqdm.format_meter(
            self.n,
            self.total,
            self.last - self.start,
            prefix=": ".join(filter(None, (_part, self.desc))),
            ncols=0,
            unit=f" {self.unit}",
            postfix=self.postfix,
        )
        # on a terminal the other process has a bar in this line, which it draws again
        print(CLEAR_LINE * (_part is not None and on_terminal()) + line, file=sys.stderr, flush=True)


@overload
def progress(
    items: None = None, *, total: int | None = None, unit: str, desc: str | None = None
) -> "tqdm[Any] | ProgressLines[Any]": ...


@overload
def progress(
    items: Iterable[T], *, total: int | None = None, unit: str, desc: str | None = None
) -> "tqdm[T] | ProgressLines[T]": ...


def progress(
    items: Iterable[T] | None = None, *, total: int | None = None, unit: str, desc: str | None = None
) -> "tqdm[T] | ProgressLines[T]":
    """Show on standard error how far work has come; a process that works for another one only if it has a name.

    items (Optional[Iterable[T]]): What is worked through; None: `update` counts, in a `with` block.
    total (Optional[int]): How many there are; default: the items' length if they have one.
    unit (str): What an item is.
    desc (Optional[str]): What is done with them.
    RETURNS (Union[tqdm[T], ProgressLines[T]]): The items, to be iterated over once.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if multiprocessing.parent_process() is not None:
        return ProgressLines(items, total, unit, desc, None if _part is None else SECONDS_PER_LINE_OF_PART)
    if on_terminal():
        return tqdm(items, total=total, unit=f" {unit}", desc=desc)
    return ProgressLines(items, total, unit, desc, SECONDS_PER_LINE)
