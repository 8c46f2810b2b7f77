"""Ids of notes: each once, however many there are."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator

from ...errors import Errors
from ...provenance import as_text
from ..notes import Note


def each_id_once(notes: Iterable[tuple[str, Note]]) -> Iterator[Note]:
    """See that no two notes have one id, without holding the ids of millions of notes in memory.

    notes (Iterable[Tuple[str, Note]]): Places and notes, as of `iter_notes`.
    YIELDS (Note): The notes.
    RAISES (ValueError): CE301 for two notes of one id.
    """
    # a file that the system removes when it is closed
    connection = sqlite3.connect("")
    try:
        connection.execute("CREATE TABLE ids (id BLOB PRIMARY KEY, place TEXT) WITHOUT ROWID")
        for place, note in notes:
            key = hashlib.blake2b(note.id.encode("utf8", "surrogatepass"), digest_size=16).digest()
            try:
                connection.execute("INSERT INTO ids VALUES (?, ?)", (key, as_text(place)))
            except sqlite3.IntegrityError:
                (other,) = connection.execute("SELECT place FROM ids WHERE id = ?", (key,)).fetchone()
                raise ValueError(Errors.CE301.format(doc=note.id, one=other, other=place)) from None
            yield note
    finally:
        connection.close()
