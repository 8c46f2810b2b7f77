"""Text files: decoded strictly with their line ends kept, written whole or not at all."""

import os
from pathlib import Path

from .errors import Errors


def read_text(path: Path) -> str:
    """Read a UTF-8 file without touching its line ends, because offsets count carriage returns.

    path (Path): The file.
    RETURNS (str): Its text.
    RAISES (ValueError): CE001 with the byte that is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf8")
    except UnicodeDecodeError as error:
        byte = error.start
    # raised outside of the handler: the decoder's own error carries the text
    raise ValueError(Errors.CE001.format(doc=path.stem, file=path.name, byte=byte))


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that no reader ever sees half of it.

    path (Path): The file; missing folders are made.
    content (Union[str, bytes]): Its contents; text becomes UTF-8 with its line ends unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content.encode("utf8") if isinstance(content, str) else content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
