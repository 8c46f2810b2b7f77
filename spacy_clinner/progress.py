"""How far long work has come: a bar on a terminal, a line every ten seconds in a log."""

import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import Any, Generic, TypeVar, overload

from tqdm import tqdm

T = TypeVar("T")
SECONDS_PER_LINE = 10.0


class ProgressLines(Generic[T]):
    """What of tqdm's bars we use, for a log: whole lines, few of them, and none for what is quickly done."""

    def __init__(self, items: Iterable[T] | None, total: int | None, unit: str, desc: str | None, shown: bool = True):
        self.items, self.total, self.unit, self.desc, self.shown = items, total, unit, desc, shown
        self.n, self.written = 0, 0
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
        if self.shown and time.monotonic() - self.last >= SECONDS_PER_LINE:
            self._write()

    def _write(self) -> None:
        self.last, self.written = time.monotonic(), self.n
        line = tqdm.format_meter(self.n, self.total, self.last - self.start, 0, self.desc or "", unit=f" {self.unit}")
        print(line, file=sys.stderr, flush=True)


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
    """Show on standard error how far work has come; a process that works for another one shows nothing.

    items (Optional[Iterable[T]]): What is worked through; None: `update` counts, in a `with` block.
    total (Optional[int]): How many there are; default: the items' length if they have one.
    unit (str): What an item is.
    desc (Optional[str]): What is done with them.
    RETURNS (Union[tqdm[T], ProgressLines[T]]): The items, to be iterated over once.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if multiprocessing.parent_process() is not None:
        return ProgressLines(items, total, unit, desc, shown=False)
    if sys.stderr.isatty():
        return tqdm(items, total=total, unit=f" {unit}", desc=desc)
    return ProgressLines(items, total, unit, desc)
