"""How commands end when the input is wrong: the coded message, no traceback (which could show a note)."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from click.exceptions import ClickException
from spacy.cli._util import show_validation_error
from typer import Abort, BadParameter, Exit
from wasabi import msg

from ..errors import Errors
from ..extras import missing_extra
from ..quoting import has_code, place_of

# ours, and spaCy's for a model and a config that are not there, a text that is too long and one that is no text
KNOWN = ("[CE", "[E050]", "[E053]", "[E088]", "[E1041]")
# spaCy's for a component and a function that nobody has registered
UNREGISTERED = re.compile(r"\[(?:E002|E893)\].*?(?:factory for|function) '([^']+)'")
# of the environment: shows what may quote a note, too
SHOWS_ALL = "CLINNER_TRACEBACK"


@contextmanager
def coded_errors() -> Iterator[None]:
    """End a command whose input is wrong with status 1 and one message.

    It is printed for coded errors, files that cannot be read or written, what is wrong in a config, and extras that are
    missing. spaCy's other errors and other imports pass through. Of what else is raised, by a component of the user's
    own for example, kind and place are printed (CE365): its message may quote a note.
    """
    try:
        with show_validation_error(hint_fill=False):
            yield
    except (Abort, BadParameter, Exit):
        raise
    except ClickException as error:
        # spaCy reads overrides by click itself: of a misspelt option it tells the name
        msg.fail(error.format_message(), exits=1)
    except Exception as error:
        message = _missing_extra(error) or str(error)
        if not isinstance(error, OSError) and not message.startswith(KNOWN):
            if has_code(error) or isinstance(error, ImportError) or os.environ.get(SHOWS_ALL):
                raise
            message = Errors.CE365.format(place=place_of(error), variable=SHOWS_ALL)
        msg.fail(message, exits=1)


def _missing_extra(error: Exception) -> str | None:
    found = UNREGISTERED.match(str(error))
    if found is None or (extra := missing_extra(found[1])) is None:
        return None
    return Errors.CE359.format(name=found[1], extra=extra)
