"""Where a result comes from: date, versions, command line, checksums."""

import hashlib
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import __version__


def provenance() -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Date (UTC), command line and versions; torch's only if it is in use."""
    versions = {"spacy_clinner": __version__, "python": platform.python_version()}
    versions |= {name: version(name) for name in ("spacy", "thinc", "numpy")}
    if "torch" in sys.modules:
        versions["torch"] = version("torch")
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": as_text(shlex.join([Path(sys.orig_argv[0]).name, *sys.orig_argv[1:]])),
        "versions": versions,
    }


def as_text(name: object) -> str:
    """A name as it can be stored: those of files are bytes, and may be in another encoding.

    name (object): A path, a name of a pipeline, or a command line.
    RETURNS (str): Its text, with each byte that is not UTF-8 as "\\udcc4".
    """
    return str(name).encode("utf8", "backslashreplace").decode("utf8")


def sha256(path: Path) -> str:
    """Checksum of a file.

    path (Path): The file.
    RETURNS (str): Its SHA-256 in hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any) -> str:
    """RETURNS (str): SHA-256, in hexadecimal digits, of what JSON makes of a value."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def checksum(path: Path) -> str | None:
    """SHA-256 of a file, or of all files of a folder; None if there is neither."""
    # what is too long for a path is none, too
    if os.path.isdir(path):
        return digest([(str(file.relative_to(path)), sha256(file)) for file in sorted(_files_in(path))])
    return sha256(path) if os.path.isfile(path) else None


def _files_in(folder: Path) -> Iterator[Path]:
    """Files, in linked folders too, as spaCy reads them; what several links lead to is entered once."""
    entered = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        folders.sort()
        yield from (path for name in files if (path := Path(place, name)).is_file())
