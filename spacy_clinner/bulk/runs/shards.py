"""Notes cut into shards of bounded size: what one worker does at once, and what a kill can cost."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..batch import Failure, read_safely
from ..notes import Note

SHARD_BYTES = 4_000_000
# a batch of long notes would hold the encoder's rows of all of them
BATCH_CHARS = 200_000


class ShardNote(NamedTuple):
    """A note that has been read.

    id (str): Its id.
    text (Union[str, Failure]): Its text, or why it could not be read.
    also (Tuple[Optional[str], ...]): What travels along.
    """

    id: str
    text: str | Failure
    also: tuple[str | None, ...] = ()

    @property
    def length(self) -> int:
        """Characters of its text."""
        return len(self.text) if isinstance(self.text, str) else 0


class Shard(NamedTuple):
    """Notes that are annotated and written together.

    number (int): Its position in the run.
    notes (Tuple[ShardNote, ...]): Its notes.
    """

    number: int
    notes: tuple[ShardNote, ...]

    def digest(self) -> str:
        """RETURNS (str): SHA-256 of the ids, the texts and what travels along, in hexadecimal digits."""
        found = hashlib.sha256()
        for note in self.notes:
            parts: list[str | None] = [note.id, *note.also]
            parts += ["failed", *note.text] if isinstance(note.text, Failure) else ["read", note.text]
            for part in parts:
                content = b"" if part is None else part.encode("utf8", "surrogatepass")
                # with lengths, or the end of a part could pass for the begin of the next
                found.update(b"none:" if part is None else b"%d:" % len(content))
                found.update(content)
        return found.hexdigest()


def cut(notes: Iterable[Note], shard_bytes: int = SHARD_BYTES) -> Iterator[Shard]:
    """Cut notes into shards. The same notes give the same shards.

    notes (Iterable[Note]): The notes; they are read here, one after the other.
    shard_bytes (int): Bytes of text after which a shard ends; a note that is longer by itself has one of its own.
    YIELDS (Shard): The shards; only the one that grows is held.
    """
    number, size, held = 0, 0, list[ShardNote]()
    for note in notes:
        text = read_safely(note)
        bytes_ = len(text.encode("utf8", "surrogatepass")) if isinstance(text, str) else 0
        if held and size + bytes_ > shard_bytes:
            yield Shard(number, tuple(held))
            number, size, held = number + 1, 0, []
        held.append(ShardNote(note.id, text, note.also))
        size += bytes_
    if held:
        yield Shard(number, tuple(held))


def batches(notes: Iterable[ShardNote], batch_size: int) -> list[range]:
    """Cut the notes of a shard into batches, by their numbers and lengths.

    notes (Iterable[ShardNote]): The notes.
    batch_size (int): How many notes a batch may have.
    RETURNS (List[range]): Positions of the notes of each batch; batches of more than `BATCH_CHARS` have one note.
    """
    found: list[range] = []
    start, chars, end = 0, 0, 0
    for end, note in enumerate(notes):
        if end > start and (end - start >= batch_size or chars + note.length > BATCH_CHARS):
            found.append(range(start, end))
            start, chars = end, 0
        chars += note.length
    return [*found, range(start, end + 1)]
