"""Result files: written whole or not at all."""

import os
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that no reader ever sees half of it.

    path (Path): The file; missing folders are made.
    text (str): Its contents, written as UTF-8 without changing line ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf8", newline="")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
