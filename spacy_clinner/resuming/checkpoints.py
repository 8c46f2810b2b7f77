"""Checkpoints of a training on the disk: whole or not at all, the last two kept."""

import hashlib
import warnings
from pathlib import Path
from typing import Any

import srsly

from ..errors import Errors, Warnings
from ..files import write_atomically
from ..leftovers import remove_leftovers

KEPT = 2
ENDING = ".checkpoint"
DIGEST = hashlib.sha256().digest_size


class Checkpoints:
    """A folder of checkpoints, named by their steps."""

    def __init__(self, folder: Path) -> None:
        """Bind a folder. folder (Path): It is made with the first checkpoint."""
        self.folder = folder

    @property
    def paths(self) -> list[Path]:
        """RETURNS (List[Path]): The checkpoints, oldest first."""
        return sorted(self.folder.glob(f"*{ENDING}"))

    def write(self, step: int, state: dict[str, Any]) -> None:
        """Write a checkpoint, then remove all but the last ones.

        step (int): The step after which it was taken.
        state (Dict[str, Any]): Arrays, bytes, numbers and texts.
        """
        content = srsly.msgpack_dumps(state)
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{step:09}{ENDING}"
        write_atomically(path, hashlib.sha256(content).digest() + content)
        for old in self.paths[:-KEPT]:
            old.unlink()

    def clear(self) -> None:
        """Remove all checkpoints, what a kill has left half-written, and the folder if nothing else is in it."""
        remove_leftovers(self.folder)
        for path in self.paths:
            path.unlink()
        if self.folder.exists() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def read(self) -> dict[str, Any] | None:
        """Read the last checkpoint that is whole.

        Warns (CW450) of those that are damaged, though none should be.

        RETURNS (Optional[Dict[str, Any]]): The state; None if there is no checkpoint.
        RAISES (ValueError): CE451 if all of them are damaged.
        """
        for path in reversed(self.paths):
            content = path.read_bytes()
            if hashlib.sha256(content[DIGEST:]).digest() == content[:DIGEST]:
                return srsly.msgpack_loads(content[DIGEST:])
            warnings.warn(Warnings.CW450.format(path=path), stacklevel=2)
        if self.paths:
            raise ValueError(Errors.CE451.format(folder=self.folder))
        return None
