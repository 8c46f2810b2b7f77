"""How commands end when the input is wrong: the coded message, no traceback (which could show a note)."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from spacy.cli._util import show_validation_error
from typer import Abort, BadParameter, Exit
from wasabi import msg

from ..errors import Errors, place_of
from ..extras import missing_extra

# ours, and spaCy's for a model and a config that are not there, a text that is too long and one that is no text
KNOWN = ("[CE", "[E050]", "[E053]", "[E088]", "[E1041]")
# spaCy's for a component and a function that nobody has registered
UNREGISTERED = re.compile(r"\[(?:E002|E893)\].*?(?:factory for|function) '([^']+)'")


# spaCy's other errors say what is wrong with a pipeline, not with a text
SPACYS = "[E"
# shows what may quote a note
VARIABLE = "CLINNER_TRACEBACK"


@contextmanager
def coded_errors() -> Iterator[None]:
    """Print coded errors, files that cannot be read or written, what is wrong in a config, and extras that are missing,
    and exit with status 1. spaCy's other errors pass through. Of what else is raised, by a component of the user's own
    for example, kind and place are printed (CE365): its message may quote a note."""
    try:
        with show_validation_error(hint_fill=False):
            yield
    except (Abort, BadParameter, Exit):
        raise
    except Exception as error:
        message = _missing_extra(error) or str(error)
        if not isinstance(error, OSError) and not message.startswith(KNOWN):
            if message.startswith(SPACYS) or os.environ.get(VARIABLE):
                raise
            message = Errors.CE365.format(place=place_of(error), variable=VARIABLE)
        msg.fail(message, exits=1)


def _missing_extra(error: Exception) -> str | None:
    found = UNREGISTERED.match(str(error))
    if found is None or (extra := missing_extra(found[1])) is None:
        return None
    return Errors.CE359.format(name=found[1], extra=extra)
