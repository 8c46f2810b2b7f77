"""How commands end when the input is wrong: the coded message, no traceback (which could show a note)."""

from collections.abc import Iterator
from contextlib import contextmanager

from wasabi import msg

# ours, and spaCy's for a model and a config that are not there, a text that is too long and one that is no text
KNOWN = ("[CE", "[E050]", "[E053]", "[E088]", "[E1041]")


@contextmanager
def coded_errors() -> Iterator[None]:
    """Print coded errors, and files that cannot be read or written, and exit with status 1; other errors are bugs and
    pass through."""
    try:
        yield
    except (ValueError, OSError) as error:
        if not isinstance(error, OSError) and not str(error).startswith(KNOWN):
            raise
        msg.fail(str(error), exits=1)
