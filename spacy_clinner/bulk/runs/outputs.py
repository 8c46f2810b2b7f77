"""The files of a run: a folder a table, a file a shard."""

import errno
import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import Errors
from ...leftovers import remove_leftovers

SUMMARY = "summary.html"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
DOCS = "docs"
TABLES = ("notes", "entities", "relations", "errors", "note_nlp", DOCS)
# as `output_name` names files
_OF_A_SHARD = re.compile(r"[a-z_]+-\d{8,}\.[a-z]+")


def output_name(table: str, shard: int, format: str) -> str:
    """RETURNS (str): Path of a shard's file below the folder of the run: "entities/entities-00000007.parquet"."""
    return f"{table}/{table}-{shard:08}.{'spacy' if table == DOCS else format}"


def remove_strangers(folder: Path, known: Collection[str]) -> None:
    """Remove files of shards that do not count, what a killed run has left half-written, and the summary of before.

    What has not the name of a shard's file is not of a run, and stays.

    folder (Path): The folder of the run.
    known (Collection[str]): Files that count, by path below it.
    """
    for table in TABLES:
        remove_leftovers(folder / table)
        for path in (folder / table).glob("*"):
            if f"{table}/{path.name}" not in known and _OF_A_SHARD.fullmatch(path.name):
                path.unlink()
    (folder / SUMMARY).unlink(missing_ok=True)


def is_full(error: OSError | sqlite3.Error) -> bool:
    """Whether an error says that a disk is full.

    error (Union[OSError, sqlite3.Error]): The system's error, or SQLite's, which has its own.
    RETURNS (bool): Whether it does.
    """
    if isinstance(error, OSError):
        return error.errno in _NO_SPACE
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


@contextmanager
def saying_when_full(folder: Path) -> Iterator[None]:
    """Say what to do when there is no space left for a file.

    folder (Path): The folder of the run.
    RAISES (ValueError): CE477 if the disk is full.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if is_full(error):
            raise ValueError(Errors.CE477.format(folder=folder)) from error
        raise
