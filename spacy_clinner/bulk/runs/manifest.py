"""The manifest of a run: which shards are written, and what must be as it was for that to count.

A SQLite file that the driver alone writes; a shard is in it when its files are in their places.
"""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import Errors
from ...provenance import sha256
from ...resuming.fingerprint import differences
from .counts import Counts
from .outputs import is_full
from .shards import Shard

NAME = "manifest.sqlite"
# a run of an earlier version goes on without them
NOT_ALWAYS_STORED = ("id_column", "text_column")
_TABLES = """
CREATE TABLE IF NOT EXISTS run (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS shards (
    number INTEGER PRIMARY KEY, notes INTEGER NOT NULL, digest TEXT NOT NULL,
    outputs TEXT, counts TEXT, seconds REAL
);
"""


class Planned(NamedTuple):
    """What is to be done.

    notes (int): Notes of all shards.
    todo (Dict[int, str]): By number of each shard that is to be annotated, why.
    done (int): Notes of shards that are done.
    removed (int): Shards that were done and are no more, as there are fewer notes.
    """

    notes: int
    todo: dict[int, str]
    done: int
    removed: int


class Manifest:
    """The manifest of a folder.

    folder (Path): The folder of the run.
    RAISES (ValueError): CE485 if the file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._connection = sqlite3.connect(folder / NAME)
        try:
            # what is committed is on the disk, whatever happens next
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript(_TABLES)
            (state,) = self._connection.execute("PRAGMA quick_check").fetchone()
        except sqlite3.DatabaseError as error:
            if is_full(error):
                self.close()
                raise
            state = type(error).__name__
        if state != "ok":
            self.close()
            raise ValueError(Errors.CE485.format(path=folder / NAME, error=state))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def forget(self) -> None:
        """Forget settings and shards."""
        with self._connection:
            self._connection.execute("DELETE FROM run")
            self._connection.execute("DELETE FROM shards")

    def settle(self, settings: Mapping[str, Any], **more: str) -> dict[str, str]:
        """Store the settings of a new run, or see that those of one that goes on are the same.

        settings (Mapping[str, Any]): What may not change, JSON-able.
        **more (str): What is stored with a new run and kept.
        RETURNS (Dict[str, str]): What is kept.
        RAISES (ValueError): CE474 if the run began with others.
        """
        stored = dict(self._connection.execute("SELECT name, value FROM run"))
        if not stored:
            stored = {"settings": json.dumps(settings), **more}
            with self._connection:
                self._connection.executemany("INSERT INTO run VALUES (?, ?)", stored.items())
        before = {name: settings.get(name) for name in NOT_ALWAYS_STORED} | json.loads(stored.pop("settings"))
        if before != dict(settings):
            names = differences(before, dict(settings))
            changed = "; ".join(f"{name}: {_shown(before.get(name))} -> {_shown(settings.get(name))}" for name in names)
            raise ValueError(Errors.CE474.format(folder=self.folder, changed=changed))
        return stored

    def plan(self, shards: Iterable[Shard]) -> Planned:
        """Store which shards there are, and see which of them are to be annotated.

        shards (Iterable[Shard]): All shards, in their order; none is held.
        RETURNS (Planned): What is to be done; without any shard what is stored stays, as of a mistyped path.
        """
        stored = {number: rest for number, *rest in self._connection.execute("SELECT * FROM shards")}
        written = {number for number, (_, _, outputs, *_) in stored.items() if outputs is not None}
        notes, done, todo, number = 0, 0, dict[int, str](), -1
        with self._connection:
            for number, shard in enumerate(shards):
                digest = shard.digest()
                notes += len(shard.notes)
                reason = self._reason(stored.get(number), digest)
                if reason is None:
                    done += len(shard.notes)
                    continue
                todo[number] = reason
                row = (number, len(shard.notes), digest)
                self._connection.execute("REPLACE INTO shards (number, notes, digest) VALUES (?, ?, ?)", row)
            removed = {n for n in written if n > number}
            if notes:
                self._connection.execute("DELETE FROM shards WHERE number > ?", (number,))
        return Planned(notes, todo, done, len(removed))

    def _reason(self, stored: list[Any] | None, digest: str) -> str | None:
        """Why a shard is to be annotated; None if it is done."""
        if stored is None or stored[2] is None:
            return "not done"
        _, before, outputs, *_ = stored
        if before != digest:
            return "its notes have changed"
        for name, expected in json.loads(outputs).items():
            path = self.folder / name
            if not path.is_file():
                return "output missing"
            if sha256(path) != expected:
                return "output damaged"
        return None

    def commit(self, number: int, files: Mapping[str, bytes], counts: Mapping[str, Any], seconds: float) -> None:
        """Say that a shard is done; its files are on the disk.

        number (int): The shard.
        files (Mapping[str, bytes]): Contents by path below the folder of the run.
        counts (Mapping[str, Any]): What was counted, JSON-able.
        seconds (float): How long it took.
        """
        outputs = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        row = (json.dumps(outputs), json.dumps(counts), seconds, number)
        with self._connection:
            self._connection.execute("UPDATE shards SET outputs = ?, counts = ?, seconds = ? WHERE number = ?", row)

    def digest_of(self, number: int) -> str | None:
        """RETURNS (Optional[str]): Digest with which a shard was planned; None if it was not."""
        row = self._connection.execute("SELECT digest FROM shards WHERE number = ?", (number,)).fetchone()
        return row and row[0]

    def outputs(self) -> set[str]:
        """RETURNS (Set[str]): Files of all shards that are done, by path below the folder of the run."""
        rows = self._connection.execute("SELECT outputs FROM shards WHERE outputs IS NOT NULL")
        return {name for (outputs,) in rows for name in json.loads(outputs)}

    def n_shards(self) -> tuple[int, int]:
        """RETURNS (Tuple[int, int]): Shards that are planned, and those of them that are done."""
        return self._connection.execute("SELECT COUNT(*), COUNT(outputs) FROM shards").fetchone()

    def counts(self) -> Counts:
        """RETURNS (Counts): What was counted in all shards that are done."""
        total = Counts()
        for (counts,) in self._connection.execute("SELECT counts FROM shards WHERE counts IS NOT NULL"):
            total.add(Counts(json.loads(counts)))
        return total


def _shown(value: Any) -> str:
    text = str(value)
    return text[:12] if len(text) == 64 else text


def reasons(todo: Mapping[int, str]) -> str:
    """RETURNS (str): Why shards are to be annotated, in one line: "3 not done, 1 output missing"."""
    return ", ".join(f"{n} {reason}" for reason, n in Counter(todo.values()).most_common())
