"""Checksums of what a component saves, kept beside it: damage is noticed when it is loaded, not in its output.

What was changed on purpose is noticed, too. It is loaded without complaint once it is saved anew from Python, and with
a warning if the checksums are removed.
"""

import hashlib
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import srsly

from ..errors import Errors, Warnings
from ..files import write_atomically

FILE = "checksums.json"
# its name among what is left out, and in bytes
FIELD = "checksums"


def kept(names: Iterable[str], exclude: Iterable[str]) -> list[str]:
    """Leave names out as spaCy does: `exclude` names files without their ending.

    names (Iterable[str]): Names of files, or of fields.
    exclude (Iterable[str]): What is left out.
    RETURNS (List[str]): The others.
    """
    return [name for name in names if name.partition(".")[0] not in exclude]


def write_checksums(folder: Path, names: Iterable[str], exclude: Iterable[str] = (), **others: str) -> None:
    """Keep the checksums of files beside them.

    folder (Path): The component's folder.
    names (Iterable[str]): Names of its files.
    exclude (Iterable[str]): As `to_disk` takes it.
    others (str): Checksums by name of what else the component depends on.
    """
    if FIELD not in exclude:
        found = {name: _digest_file(folder / name) for name in kept(names, exclude)} | others
        write_atomically(folder / FILE, json.dumps(found, indent=1) + "\n")


def check_files(component: str, folder: Path, names: Iterable[str], exclude: Iterable[str] = ()) -> dict[str, str]:
    """See that files are as they were saved.

    component (str): Name of the component.
    folder (Path): Its folder.
    names (Iterable[str]): Names of its files.
    exclude (Iterable[str]): As `from_disk` takes it.
    RETURNS (Dict[str, str]): All checksums that are known.
    RAISES (ValueError): CE290 if a file is missing, CE291 if it is another one. Warns (CW290) if this is not known.
    """
    names = kept(names, exclude)
    for name in names:
        if not (folder / name).is_file():
            raise ValueError(Errors.CE290.format(name=component, file=name, folder=folder))
    if FIELD in exclude:
        return {}
    known: dict[str, str] = {}
    if (folder / FILE).is_file():
        with readable(component, folder / FILE):
            known = _checked(json.loads((folder / FILE).read_text(encoding="utf8")))
    _compare(component, str(folder), known, {name: _digest_file(folder / name) for name in names})
    return known


def add_checksums(data: bytes, exclude: Iterable[str] = (), **others: str) -> bytes:
    """Keep the checksums of fields with them.

    data (bytes): What `spacy.util.to_bytes` makes of a component.
    exclude (Iterable[str]), others (str): As for `write_checksums`.
    RETURNS (bytes): The same, and the checksums.
    """
    if FIELD in exclude:
        return data
    fields = srsly.msgpack_loads(data)
    found = {name: _digest(content) for name, content in fields.items()} | others
    return srsly.msgpack_dumps({**fields, FIELD: found})


def check_bytes(component: str, data: bytes, names: Iterable[str], exclude: Iterable[str] = ()) -> dict[str, str]:
    """See that fields are as they were saved; arguments, result and errors as of `check_files`.

    data (bytes): What `add_checksums` returned.
    """
    where, names = f"the bytes of {component}", kept(names, exclude)
    with readable(component, where):
        fields = dict(srsly.msgpack_loads(data))
        known = _checked(fields.get(FIELD, {}))
    for name in names:
        if name not in fields:
            raise ValueError(Errors.CE290.format(name=component, file=name, folder=where))
    if FIELD not in exclude:
        _compare(component, where, known, {name: _digest(fields[name]) for name in names})
    return known


@contextmanager
def readable(component: str, file: Path | str) -> Iterator[None]:
    """Name component and file where saved data cannot be read: the libraries' errors name neither.

    component (str): Name of the component.
    file (Union[Path, str]): What is read.
    RAISES (ValueError): CE292, from the library's error; coded errors pass.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # msgpack, JSON, Thinc and torch raise whatever the content makes Python raise
        if str(error).startswith("[CE"):
            raise
        raise ValueError(
            Errors.CE292.format(name=component, file=file, error=f"{type(error).__name__}: {error}")
        ) from error


def _compare(component: str, where: str, known: Mapping[str, str], found: Mapping[str, str]) -> None:
    for name, digest in found.items():
        if known.get(name, digest) != digest:
            raise ValueError(Errors.CE291.format(name=component, file=name, folder=where, checksums=FILE))
    if unknown := [name for name in found if name not in known]:
        warnings.warn(Warnings.CW290.format(name=component, files=", ".join(unknown), folder=where), stacklevel=4)


def _checked(known: object) -> dict[str, str]:
    if not isinstance(known, dict) or not all(isinstance(text, str) for row in known.items() for text in row):
        raise TypeError("no checksums by name")
    return known


def _digest(content: bytes | str) -> str:
    return hashlib.sha256(content.encode("utf8") if isinstance(content, str) else content).hexdigest()


def _digest_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
