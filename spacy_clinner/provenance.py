"""Where a result comes from: date, versions, command line, checksums."""

import hashlib
import platform
import shlex
import sys
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
        "command": shlex.join([Path(sys.orig_argv[0]).name, *sys.orig_argv[1:]]),
        "versions": versions,
    }


def sha256(path: Path) -> str:
    """Checksum of a file.

    path (Path): The file.
    RETURNS (str): Its SHA-256 in hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
