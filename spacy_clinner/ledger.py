"""The results of an experiment: a line each, safe from kills and from a second run."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from .errors import Errors
from .files import parse_json
from .leftovers import remove_leftovers

LOCK = ".lock"


@contextmanager
def only_run(output: Path) -> Iterator[None]:
    """Keep other runs away from a folder. The lock is the operating system's: it goes with the process, even by a kill.

    What killed runs have left half-written in the folder is removed.

    output (Path): Folder of the results; it is made if missing.
    RAISES (ValueError): CE372 if another run works there.
    """
    output.mkdir(parents=True, exist_ok=True)
    lock = FileLock(output / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise ValueError(Errors.CE372.format(folder=output)) from None
    try:
        remove_leftovers(output)
        yield
    finally:
        lock.release()


def read_results(path: Path, cut: bool = True) -> dict[str, dict[str, Any]]:
    """Read results by identity.

    path (Path): The JSON lines; may be missing.
    cut (bool): Whether to cut off what follows the last line end. Only the run that has the folder may: to another, it
        is a line that is being written.
    RETURNS (Dict[str, Dict[str, Any]]): The records of all complete lines.
    RAISES (ValueError): CE373 if a complete line is no result.
    """
    if not path.exists():
        return {}
    content = path.read_bytes()
    complete = content[: content.rfind(b"\n") + 1]
    if cut and len(complete) < len(content):
        os.truncate(path, len(complete))
    records = {}
    for number, line in enumerate(complete.split(b"\n")[:-1], 1):
        try:
            record = parse_json(line.decode("utf8"))
            records[record["identity"]] = record
        except (ValueError, KeyError, TypeError):
            raise ValueError(Errors.CE373.format(path=path, line=number)) from None
    return records


def append_result(path: Path, record: dict[str, Any]) -> None:
    """Write one line and see it on the disk."""
    with path.open("a", encoding="utf8") as file:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
