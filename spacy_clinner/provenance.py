"""Where a result comes from: date, versions, command line, checksums."""

import hashlib
import json
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


def digest(value: Any) -> str:
    """RETURNS (str): SHA-256, in hexadecimal digits, of what JSON makes of a value."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def checksum(path: Path) -> str | None:
    """SHA-256 of a file, or of all files of a folder; None if there is neither."""
    if path.is_dir():
        return digest(
            [(str(file.relative_to(path)), sha256(file)) for file in sorted(path.rglob("*")) if file.is_file()]
        )
    return sha256(path) if path.is_file() else None
