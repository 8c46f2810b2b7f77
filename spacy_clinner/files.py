"""Text files: decoded strictly with their line ends kept, written whole or not at all."""

import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from .errors import Errors

LINE_END = re.compile(r"\r\n|\n|\r")


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


def split_lines(text: str) -> list[str]:
    """Split text into lines: each ends in CR LF, LF or CR, and in nothing else.

    `str.splitlines` ends lines at form feeds and Unicode's separators, too, which notes hold inside of a line.

    text (str): The text.
    RETURNS (List[str]): Its lines without their ends; an end of the last line begins no further one.
    """
    lines = LINE_END.split(text)
    return lines[:-1] if not lines[-1] else lines


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that no reader ever sees half of it.

    path (Path): The file; missing folders are made.
    content (Union[str, bytes]): Its contents; text becomes UTF-8 with its line ends unchanged.
    """
    write_files_atomically(path.parent, {path.name: content})


def write_files_atomically(folder: Path, contents: Mapping[str, str | bytes]) -> None:
    """Write files of a folder: none takes its place before all of them are on the disk.

    folder (Path): The folder; it is made if missing, other files in it stay.
    contents (Mapping[str, Union[str, bytes]]): Contents by file name, or by path below the folder, as for
        `write_atomically`.
    """
    paths = [folder / name for name in contents]
    temporary = [path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in paths]
    for parent in {path.parent for path in paths}:
        parent.mkdir(parents=True, exist_ok=True)
    try:
        for path, content in zip(temporary, contents.values(), strict=True):
            path.write_bytes(content.encode("utf8") if isinstance(content, str) else content)
        for path, written in zip(paths, temporary, strict=True):
            os.replace(written, path)
    finally:
        for path in temporary:
            path.unlink(missing_ok=True)


def check_replaceable(folder: Path, force: bool) -> None:
    """Check that a folder may be written: it is new or empty, or it is a spaCy pipeline and replacing it is wished.

    folder (Path): The folder.
    force (bool): Whether to replace a pipeline.
    RAISES (ValueError): CE058 if it may not.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (force and (folder / "meta.json").is_file() and (folder / "config.cfg").is_file()):
        raise ValueError(Errors.CE058.format(path=folder))


def write_folder_atomically(folder: Path, write: Callable[[Path], object], force: bool = False) -> None:
    """Write a folder so that it is there as a whole or not at all.

    folder (Path): The folder; missing parents are made.
    write (Callable[[Path], object]): Writes the content to the folder it is given.
    force (bool): Whether to replace a pipeline, as for `check_replaceable`.
    RAISES (ValueError): CE058 if the folder may not be replaced.
    """
    check_replaceable(folder, force)
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    new, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{end}") for end in ("tmp", "old"))
    try:
        write(new)
        if folder.exists():
            os.replace(folder, old)
        os.replace(new, folder)
    finally:
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
