"""How commands end when the input is wrong: the coded message, no traceback (which could show a note)."""

from collections.abc import Iterator
from contextlib import contextmanager

from wasabi import msg


@contextmanager
def coded_errors() -> Iterator[None]:
    """Print coded errors and exit with status 1; other errors are bugs and pass through."""
    try:
        yield
    except ValueError as error:
        if not str(error).startswith("[CE"):
            raise
        msg.fail(str(error), exits=1)
