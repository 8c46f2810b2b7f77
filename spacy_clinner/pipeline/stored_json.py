"""Components that keep one thing as JSON, with its checksum.

Python's own module writes and reads it: srsly's rounds numbers.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from spacy import util

from ..files import write_atomically
from .checksums import add_checksums, check_bytes, check_files, readable, write_checksums


class StoredJson(ABC):
    """A component, not trainable, that saves one thing. A class that mixes it in says what, in `stored` and
    `take_stored`, and how it is called, in `part`.
    """

    name: str
    # its name in bytes and in `exclude`, and that of its file
    part: str

    @abstractmethod
    def stored(self) -> Any:
        """RETURNS (Any): What is saved, as JSON has it."""

    @abstractmethod
    def take_stored(self, content: Any) -> None:
        """Put what was saved in the place of what is there.

        content (Any): What `stored` returned.
        """

    def to_text(self) -> str:
        """RETURNS (str): The content of the file."""
        return json.dumps(self.stored()) + "\n"

    def read_file(self, path: Path) -> Any:
        """Read the file.

        path (Path): The file, as `to_text` made it.
        RETURNS (Any): What is saved, as `take_stored` takes it.
        """
        return json.loads(path.read_text(encoding="utf8"))

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialise the component.

        exclude (Iterable[str]): The name of its part leaves that out, "checksums" its checksum.
        RETURNS (bytes): The data.
        """
        content = {self.part: lambda: json.dumps(self.stored()).encode("utf8")}
        return add_checksums(util.to_bytes(content, exclude), exclude)

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Load the component.

        data (bytes): What `to_bytes` returned.
        exclude (Iterable[str]): The name of its part leaves that as it is, "checksums" compares none.
        RETURNS (StoredJson): The component.
        RAISES (ValueError): CE290 to CE292 if the data are damaged.
        """
        check_bytes(self.name, data, [self.part], exclude)
        with readable(self.name, "its bytes"):
            util.from_bytes(data, {self.part: lambda content: self.take_stored(json.loads(content))}, exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the component to a folder.

        path (Union[str, Path]): The folder.
        exclude (Iterable[str]): As for `to_bytes`.
        """
        content, file = self.to_text(), f"{self.part}.json"
        util.to_disk(Path(path), {file: lambda place: write_atomically(place, content)}, exclude)
        write_checksums(Path(path), [file], exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Load the component from a folder.

        path (Union[str, Path]): The folder.
        exclude (Iterable[str]): As for `from_bytes`.
        RETURNS (StoredJson): The component.
        RAISES (ValueError): CE290 to CE292 if the file is missing or damaged.
        """
        file = f"{self.part}.json"
        check_files(self.name, Path(path), [file], exclude)
        with readable(self.name, Path(path)):
            util.from_disk(Path(path), {file: lambda place: self.take_stored(self.read_file(place))}, exclude)
        return self
