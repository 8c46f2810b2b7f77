"""The files of a corpus: found in all sub-folders, endings in any case; what is left out has a row in the audit."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from os.path import isfile
from pathlib import Path

from ..errors import Errors
from .audit import LEFT_OUT, ImportAudit

# what neither a list of ids, one a line, nor a UTF-8 file can hold
UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def find_files(path: Path, audit: ImportAudit) -> dict[str, Path]:
    """Find the files of a corpus.

    path (Path): A file, or a folder, whose sub-folders are read, too.
    audit (ImportAudit): Gets all names, and a row for what is hidden, and for what is neither file nor folder.
    RETURNS (Dict[str, Path]): The files in the order of their names, which are paths below the folder with "/" between
        (train/note1.txt).
    RAISES (ValueError): CE302 for a name that no list of ids can hold.
    """
    # what is no folder may be no plain file either, such as /dev/stdin
    found = list(_walk(path)) if path.is_dir() else [(path.name, path, "")]
    audit.files += [name for name, *_ in found]
    files = {name: file for name, file, reason in found if not reason}
    for name, _, reason in found:
        if reason:
            leave_out([name], reason, audit)
        elif UNWRITABLE.search(name):
            raise ValueError(Errors.CE302.format(file=name))
    return files


def select_files(path: Path, is_read: Callable[[str], bool], reason: str, audit: ImportAudit) -> dict[str, Path]:
    """Find the files of a corpus that are read.

    path (Path): A file, which is read whatever its name, or a folder.
    is_read (Callable[[str], bool]): Whether a file of a folder is read, by its name in lower case.
    reason (str): Why another is not.
    audit (ImportAudit): Gets a row for everything that is left out.
    RETURNS (Dict[str, Path]): Files as of `find_files`.
    RAISES (ValueError): CE302 as `find_files`.
    """
    files = find_files(path, audit)
    if not path.is_dir():
        return files
    read = {name: file for name, file in files.items() if is_read(name.rpartition("/")[2].lower())}
    leave_out(files.keys() - read.keys(), reason, audit)
    return read


def select_json(path: Path, audit: ImportAudit) -> dict[str, Path]:
    """`select_files` of `.json` and `.jsonl` files."""
    reason = "ends neither in .json nor in .jsonl"
    return select_files(path, lambda name: name.endswith((".json", ".jsonl")), reason, audit)


def leave_out(names: Iterable[str], reason: str, audit: ImportAudit) -> None:
    """Record files that are not read.

    names (Iterable[str]): Their names.
    reason (str): Why they are not.
    audit (ImportAudit): Gets a row for each.
    """
    for name in sorted(names):
        audit.add(LEFT_OUT, reason, doc_id=_writable(name))


def without_ending(name: str, *endings: str) -> str | None:
    """Take the ending off a file's name.

    name (str): The name.
    endings (str): Endings in lower case, longer ones before shorter ones that they end in.
    RETURNS (Optional[str]): The name without the first of these endings that it has, in any case; None if it has none.
    """
    return next((name[: -len(ending)] for ending in endings if name.lower().endswith(ending)), None)


def names_by_id(names: Iterable[str], id_of: Callable[[str], str | None]) -> dict[str, str]:
    """Find what documents files are of.

    names (Iterable[str]): Names of files.
    id_of (Callable[[str], Optional[str]]): The document's id by the name; None: the file is of another kind.
    RETURNS (Dict[str, str]): Names by id.
    RAISES (ValueError): CE301 for two files of one document.
    """
    found: dict[str, str] = {}
    for name in names:
        if (doc_id := id_of(name)) is not None:
            claim_id(doc_id, name, found)
    return found


def claim_id(doc_id: str, name: str, owners: dict[str, str]) -> None:
    """Record which file a document is in.

    doc_id (str): The document's id.
    name (str): The file's name.
    owners (Dict[str, str]): Names by id; gets this one.
    RAISES (ValueError): CE301 if the document was there before.
    """
    if doc_id in owners:
        raise ValueError(Errors.CE301.format(doc=doc_id, one=owners[doc_id], other=name))
    owners[doc_id] = name


def _writable(name: str) -> str:
    """A name as a message or a table can hold it: what is no UTF-8, and control characters, by their numbers."""
    return UNWRITABLE.sub(lambda found: ascii(found[0])[1:-1], name)


def _walk(folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Names, paths, and why something is not read ("": it may be)."""
    left = _entries(folder, "")
    while left:
        name, entry = left.pop()
        path = Path(entry.path)
        if entry.name.startswith("."):
            yield name, path, "hidden: its name begins with a dot"
        elif entry.is_dir(follow_symlinks=False):
            left += _entries(path, f"{name}/")
        # a link may lead nowhere, or to itself
        elif entry.is_file(follow_symlinks=False) or isfile(path):
            yield name, path, ""
        else:
            yield name, path, "a link to a folder, or no file"


def _entries(folder: Path, prefix: str) -> list[tuple[str, os.DirEntry[str]]]:
    """What is in a folder, the last name first."""
    with os.scandir(folder) as entries:
        return [(prefix + entry.name, entry) for entry in sorted(entries, key=lambda one: one.name, reverse=True)]
