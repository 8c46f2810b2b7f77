"""Text files: decoded strictly with their line ends kept, written whole or not at all."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from .encodings import likely_encoding
from .errors import Errors
from .leftovers import beside, remove_leftovers_of

LINE_END = re.compile(r"\r\n|\n|\r")
# what some programs put before the text of a UTF-8 file
MARK = "\ufeff"


def read_text(path: Path, name: str | None = None) -> str:
    """Read a UTF-8 file as it is: offsets count its carriage returns, and its byte order mark.

    path (Path): The file.
    name (Optional[str]): What errors call it; None: its own name.
    RETURNS (str): Its text.
    RAISES (ValueError): CE001 if it is not UTF-8, CE300 if it holds NUL bytes.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf8")
        byte = data.find(0)
    except UnicodeDecodeError as error:
        byte = error.start
    if byte < 0:
        return text
    # raised outside of the handler: the decoder's own error carries the text
    raise no_text(data, name or path.name, byte)


def no_text(data: bytes, name: str, byte: int, start: int = 0) -> ValueError:
    """Say what bytes are that are no text in UTF-8.

    data (bytes): The bytes, all of a file or a part.
    name (str): What the error calls them.
    byte (int): Number of the first that is not UTF-8, or NUL.
    start (int): Number of the part's first byte in the file.
    RETURNS (ValueError): CE001 if they are likely text in another encoding, else CE300.
    """
    encoding = likely_encoding(data)
    if encoding is None:
        return ValueError(Errors.CE300.format(file=name, byte=start + data.find(0)))
    words, command = encoding
    return ValueError(Errors.CE001.format(file=name, byte=start + byte, encoding=words, command=command))


def split_lines(text: str) -> list[str]:
    """Split the content of a file of lines: each ends in CR LF, LF or CR, and in nothing else.

    `str.splitlines` ends lines at form feeds and Unicode's separators, too, which notes hold inside of a line.

    text (str): The content; a byte order mark before it is skipped.
    RETURNS (List[str]): Its lines without their ends; an end of the last line begins no further one.
    """
    lines = LINE_END.split(text.removeprefix(MARK))
    return lines[:-1] if not lines[-1] else lines


def read_lines(path: Path) -> list[str]:
    """Read a file of lines.

    path (Path): The file, in UTF-8.
    RETURNS (List[str]): Its lines as of `split_lines`.
    RAISES (ValueError): Those of `read_text`.
    """
    return split_lines(read_text(path))


def parse_json(text: str) -> Any:
    """Parse JSON that others wrote.

    text (str): The JSON; a byte order mark before it is skipped.
    RETURNS (Any): Its data.
    RAISES (ValueError): If it is no JSON, nested too deeply, or has characters that no file can hold (halves of
        surrogate pairs).
    """
    try:
        data = json.loads(text.removeprefix(MARK))
        if "\\ud" in text.lower():
            json.dumps(data, ensure_ascii=False).encode("utf8")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return data


def write_atomically(path: Path, content: str | bytes, *, private: bool = False) -> None:
    """Write a file so that no reader ever sees half of it.

    path (Path): The file; missing folders are made.
    content (Union[str, bytes]): Its contents; text becomes UTF-8 with its line ends unchanged.
    private (bool): Whether it holds text of notes, so that only its owner may read it; others follow the umask.
    RAISES (ValueError): As `write_files_atomically`.
    """
    write_files_atomically(path.parent, {path.name: content}, private=private)


def write_files_atomically(
    folder: Path, contents: Mapping[str, str | bytes], *, private: bool = False, durable: bool = False
) -> None:
    """Write files of a folder: none takes its place before all of them are written.

    folder (Path): The folder; it is made if missing, other files in it stay.
    contents (Mapping[str, Union[str, bytes]]): Contents by file name, or by path below the folder, as for
        `write_atomically`.
    private (bool): As for `write_atomically`.
    durable (bool): Whether to return only when they are on the disk, so that they outlast a loss of power.
    RAISES (ValueError): CE344 if a folder or a device is in the way.
    """
    paths = [_place_of(folder / name) for name in contents]
    temporary = [beside(path, "tmp") for path in paths]
    for parent in {path.parent for path in paths}:
        parent.mkdir(parents=True, exist_ok=True)
    try:
        for path, content in zip(temporary, contents.values(), strict=True):
            with _create(path, private) as file:
                file.write(content.encode("utf8") if isinstance(content, str) else content)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
        for path, written in zip(paths, temporary, strict=True):
            os.replace(written, path)
        if durable:
            for parent in {path.parent for path in paths}:
                _sync_names(parent)
    finally:
        for path in temporary:
            path.unlink(missing_ok=True)


def _place_of(path: Path) -> Path:
    """Where a file really is: a name that leads elsewhere goes on to do so."""
    if path.exists() and not path.is_file():
        raise ValueError(Errors.CE344.format(path=path.name, problem="a folder or a device, and no file"))
    return real_path(path)


def real_path(path: Path) -> Path:
    """Where links of a path lead to.

    path (Path): The path, which need not be there.
    RETURNS (Path): The place; of a link to itself, which `Path.resolve` refuses, its own.
    """
    return Path(os.path.realpath(path))


def _sync_names(folder: Path) -> None:
    """See on the disk which files a folder has."""
    if os.name == "nt":
        # Windows opens no folders
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _create(path: Path, private: bool) -> BinaryIO:
    """Make a new file: never one that another left there, nor for a moment with more rights than it is to have."""
    path.unlink(missing_ok=True)
    mode = 0o600 if private else 0o666
    return open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode))


def check_replaceable(folder: Path, force: bool) -> None:
    """Check that a folder may be written: it is new or empty, or it is a spaCy pipeline and replacing it is wished.

    folder (Path): The folder.
    force (bool): Whether to replace a pipeline.
    RAISES (ValueError): CE058 if it may not.
    """
    if not os.path.lexists(real_path(folder)) or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (force and (folder / "meta.json").is_file() and (folder / "config.cfg").is_file()):
        raise ValueError(Errors.CE058.format(path=folder))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a large file of notes piece by piece, so that no reader ever sees half of it, and none but its owner
    reads it.

    path (Path): The file; missing folders are made.
    YIELDS (Path): Where to write; what is there takes the file's place when the block ends without an error.
    RAISES (ValueError): CE344 if a folder or a device is in the way.
    """
    path = _place_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = beside(path, "tmp")
    try:
        _create(temporary, private=True).close()
        yield temporary
        os.replace(temporary, path)
        remove_leftovers_of(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_folder_atomically(folder: Path, write: Callable[[Path], object], force: bool = False) -> None:
    """Write a folder so that it is there as a whole or not at all.

    folder (Path): The folder; missing parents are made.
    write (Callable[[Path], object]): Writes the content to the folder it is given.
    force (bool): Whether to replace a pipeline, as for `check_replaceable`.
    RAISES (ValueError): CE058 if the folder may not be replaced.
    """
    with replacing_folder(folder, force) as new:
        write(new)


@contextmanager
def replacing_folder(folder: Path, force: bool = False) -> Iterator[Path]:
    """Write a folder piece by piece, as `write_folder_atomically` does at once; arguments and errors as there.

    YIELDS (Path): Where to write; it takes the folder's place when the block ends without an error.
    """
    check_replaceable(folder, force)
    folder = real_path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    new, old = beside(folder, "tmp"), beside(folder, "old")
    try:
        yield new
        if folder.exists():
            os.replace(folder, old)
        os.replace(new, folder)
        remove_leftovers_of(folder)
    finally:
        # an interrupt can come between the two
        if old.exists() and not folder.exists():
            os.replace(old, folder)
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
