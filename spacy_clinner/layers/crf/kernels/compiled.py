"""How kernels are compiled: by numba, at the first call, with a cache on the disk where there can be one.

Numba itself refuses to compile where it finds no folder to write its cache to, does not read a cache that it cannot
write to (that of an image, whose folders are read-only), and raises whatever a damaged file makes it raise. A cache
only saves seconds, so nothing that is wrong with it ends a prediction here.
"""

import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)

from ....errors import Warnings

FASTMATH = {"nnan", "nsz", "arcp", "contract", "reassoc"}


def compiled(function: Callable) -> Callable:
    """Compile a function of arrays and numbers at its first call, or take it from the cache.

    One thread, so that a process may fork. `fastmath` leaves infinities alone: they mean forbidden.

    function (Callable): The function, in the part of Python that numba compiles.
    RETURNS (Callable): The same, compiled for the types it is called with. CW112 is warned once if there is no cache.
    """
    dispatcher = njit(nogil=True, error_model="numpy", fastmath=FASTMATH)(function)
    try:
        # what numba's `cache=True` does, with a cache of ours
        dispatcher._cache = Cache(function)
    except RuntimeError:
        _warn_without_cache()
    return dispatcher


class _ReadOnly:
    """A place of a cache that need not be writable, if it holds something of the file."""

    def ensure_cache_path(self) -> None:
        if not any(Path(self.get_cache_path()).glob(f"{Path(self._py_file).stem}.*.nbi")):
            raise FileNotFoundError


class ReadOnlyProvided(_ReadOnly, UserProvidedCacheLocator):
    """`NUMBA_CACHE_DIR`."""


class ReadOnlyInTree(_ReadOnly, InTreeCacheLocator):
    """Beside the package."""


class Places(CompileResultCacheImpl):
    """Where caches are looked for, in order."""

    _locator_classes = [
        UserProvidedCacheLocator,
        ReadOnlyProvided,
        InTreeCacheLocator,
        ReadOnlyInTree,
        UserWideCacheLocator,
    ]


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
