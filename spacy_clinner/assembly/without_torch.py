"""See that a saved pipeline needs no torch, by using it in a process that has none.

`python -m spacy_clinner.assembly.without_torch FOLDER` is that process.
"""

import subprocess
import sys
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, NoReturn

from ..cells import one_line
from ..errors import Errors

NOTE = "Mrs. Invented, 62 years, denies fever.\nMesalamine 800 mg by mouth was continued.\n"
# torch, and packages that there are only with it; spaCy imports what they register
ABSENT = ("torch", "transformers", "spacy_transformers")


def check_without_torch(folder: Path) -> None:
    """Load a pipeline and annotate an invented note in a new process without torch.

    folder (Path): The pipeline.
    RAISES (ValueError): CE407 if that fails.
    """
    command = [sys.executable, "-W", "ignore", "-m", __name__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(Errors.CE407.format(error=one_line(done.stderr.strip()) or done.returncode))


def forget_torch() -> None:
    """Let this process have no torch, nor packages that need it; to be called before anything imports them."""
    sys.meta_path[:] = [_OthersOnly(finder) for finder in sys.meta_path]
    load = EntryPoint.load

    def load_if_there(point: EntryPoint) -> Any:
        try:
            return load(point)
        except ImportError as error:
            # an installation without torch has no such package that could register anything
            if (error.name or "").partition(".")[0] not in ABSENT:
                raise
            return partial(_missing, str(error))

    EntryPoint.load = load_if_there  # type: ignore[assignment, method-assign]


class _OthersOnly:
    """A finder of modules, but of none that is to be absent."""

    def __init__(self, finder: Any) -> None:
        self._finder = finder

    def find_spec(self, name: str, *args: Any) -> Any:
        return None if name.partition(".")[0] in ABSENT else self._finder.find_spec(name, *args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)


def _missing(error: str, *args: Any, **kwargs: Any) -> NoReturn:
    raise ImportError(error)


if __name__ == "__main__":
    forget_torch()
    try:
        import spacy

        spacy.load(sys.argv[1])(NOTE)
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
