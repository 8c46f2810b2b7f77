"""What may be told of an error: a message that somebody else wrote may quote the note that was annotated."""

import re
import traceback
from pathlib import Path

# ours, and spaCy's of a note that is too long
_QUOTING_NOTHING = ("[CE", "[E088]")
# as `[CE001]` and `[E002]`; text in brackets is none
_CODE = re.compile(r"\[C?[EW]\d{3,4}\] ")


def coded(error: BaseException) -> str | None:
    """The message of an error that is known to quote no note; those of others may.

    error (BaseException): The error.
    RETURNS (Optional[str]): Its message; None if that could quote something.
    """
    return str(error) if str(error).startswith(_QUOTING_NOTHING) else None


def has_code(error: BaseException) -> bool:
    """Whether an error is one of this package or of spaCy, which say what is wrong with a pipeline or a setting.

    error (BaseException): The error.
    RETURNS (bool): Whether its message begins with a code.
    """
    return _CODE.match(str(error)) is not None


def place_of(error: BaseException) -> str:
    """What can be said of any error.

    error (BaseException): The error, raised.
    RETURNS (str): Its kind and where it was raised: "RuntimeError in component.py, line 5".
    """
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
