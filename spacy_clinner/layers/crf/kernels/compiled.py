"""How kernels are compiled: by numba, at the first call, with a cache on the disk where there can be one.

Numba itself refuses to compile where it finds no folder to write its cache to, does not read a cache that it cannot
write to (that of an image, whose folders are read-only), and raises whatever a damaged file makes it raise. A cache
only saves seconds, so nothing that is wrong with it ends a prediction here.
"""

import gc
import hashlib
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core import event
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)

from ....errors import Warnings

# One thread, so that a process may fork. `fastmath` leaves infinities alone: they mean forbidden.
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"nnan", "nsz", "arcp", "contract", "reassoc"},
}


def compiled(function: Callable) -> Callable:
    """Compile a function of arrays and numbers at its first call, or take it from the cache.

    function (Callable): The function, in the part of Python that numba compiles.
    RETURNS (Callable): The same, compiled for the types it is called with. CW112 is warned once if there is no cache.
    """
    dispatcher = njit(**OPTIONS)(function)
    try:
        # what numba's `cache=True` does, with a cache of ours
        dispatcher._cache = Cache(function)
    except RuntimeError:
        _warn_without_cache()
    return dispatcher


def part(function: Callable) -> Callable:
    """Compile a function that only compiled ones call, with neither a way in from Python nor a cache of its own.

    function (Callable): The function.
    RETURNS (Callable): What compiled functions may call.
    """
    return njit(**{**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True})(function)


def inlined(function: Callable) -> Callable:
    """As `part`, written out where it is called: for few lines that take many arrays, each of which a call counts.

    function (Callable): The function.
    RETURNS (Callable): What compiled functions may call.
    """
    return njit(**OPTIONS, inline="always")(function)


class _OfAllKernels:
    """A place of a cache that is out of date as soon as any kernel changes.

    Numba asks only for the file that a kernel is in, and would go on with what other files were. By content, as a copy
    or an installation sets times of its own.
    """

    def get_source_stamp(self) -> str:
        return _digest_kernels()


class _ReadOnly(_OfAllKernels):
    """A place that need not be writable, if it holds something of the file."""

    # numba's
    get_cache_path: Callable[[], str]
    _py_file: str

    def ensure_cache_path(self) -> None:
        if not any(Path(self.get_cache_path()).glob(f"{Path(self._py_file).stem}.*.nbi")):
            raise FileNotFoundError


class Provided(_OfAllKernels, UserProvidedCacheLocator):
    """`NUMBA_CACHE_DIR`."""


class ReadOnlyProvided(_ReadOnly, UserProvidedCacheLocator):
    """The same, read-only."""


class InTree(_OfAllKernels, InTreeCacheLocator):
    """Beside the package."""


class ReadOnlyInTree(_ReadOnly, InTreeCacheLocator):
    """The same, read-only."""


class UserWide(_OfAllKernels, UserWideCacheLocator):
    """In the user's home."""


class Places(CompileResultCacheImpl):
    """Where caches are looked for, in order."""

    _locator_classes = [Provided, ReadOnlyProvided, InTree, ReadOnlyInTree, UserWide]


class Cache(FunctionCache):
    """Numba's cache, without which a function is compiled as well."""

    _impl_class = Places

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a damaged file, in as many ways as there are to damage a pickle
            return self._forget()

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError:  # read-only, or the disk is full
            _warn_without_cache()

    def _forget(self) -> None:
        """Empty the damaged cache, so that it is written anew."""
        try:
            self.flush()
        except OSError:
            self.disable()
            _warn_without_cache()


@cache
def _warn_without_cache() -> None:
    warnings.warn(Warnings.CW112, stacklevel=2)


@cache
def _digest_kernels() -> str:
    """Of all files in `layers/`: kernels take the tag layout from another room."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[2].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class _CollectLater(event.Listener):
    """Keeps Python's collector waiting while numba compiles.

    Among millions of new objects it would walk through all of a process again and again, a sixth of the time. Numba
    compiles under a lock, one function inside of another.
    """

    def __init__(self) -> None:
        self._depth, self._was_enabled = 0, False

    def on_start(self, event: event.Event) -> None:
        if not self._depth:
            self._was_enabled = gc.isenabled()
            gc.disable()
        self._depth += 1

    def on_end(self, event: event.Event) -> None:
        self._depth -= 1
        if not self._depth and self._was_enabled:
            gc.enable()


event.register("numba:compile", _CollectLater())
