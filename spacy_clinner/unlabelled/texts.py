"""Unlabelled notes to learn from: each text once, and none that a model will be tested on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from ..annotations.documents import document_ids, read_docs
from ..bulk.notes import Note, iter_notes
from ..corpora.audit import ImportAudit
from ..corpora.overlap import SharedTexts
from ..errors import Errors

LABELLED = ".spacy"


class UnlabelledNote(NamedTuple):
    """A note to learn from.

    id (str): Its id; of several notes of one id, the second is called "id (2)", and so on.
    text (str): Its text.
    """

    id: str
    text: str


@dataclass
class Reading:
    """What was read, and what was left out and why. It is complete when the notes have been gone through.

    files (ImportAudit): The files.
    found (int): Notes that were found.
    benchmark (int): Those left out as their records are flagged `"benchmark": true`.
    empty (int): Those left out as they have no word.
    repeated (int): Those left out as a note before them has the same text.
    labelled (int): Those left out as they share text with a labelled document.
    words (int): Words of the notes that are left, between white space.
    """

    files: ImportAudit = field(default_factory=ImportAudit)
    found: int = 0
    benchmark: int = 0
    empty: int = 0
    repeated: int = 0
    labelled: int = 0
    words: int = 0

    @property
    def left_out(self) -> dict[str, int]:
        """Numbers of notes that were left out, by reason."""
        return {
            "flagged as benchmark": self.benchmark,
            "empty": self.empty,
            "repeated": self.repeated,
            "shared with labelled documents": self.labelled,
        }

    @property
    def kept(self) -> int:
        """Number of notes that are left."""
        return self.found - sum(self.left_out.values())

    def summary(self) -> str:
        """RETURNS (str): Numbers of notes and words, and what was left out, in a line."""
        return f"{self.kept} of {self.found} notes, {self.words} words; left out: {_in_words(self.left_out)}"


def read_unlabelled(
    paths: Iterable[Path],
    reading: Reading,
    against: Sequence[Path] = (),
    *,
    keep_repeated: bool = False,
    min_words: int = 1,
    setting: str = "min_words",
) -> Iterator[UnlabelledNote]:
    """Read notes one after the other, without those that nothing may be learned from.

    Left out are notes that are flagged as of a benchmark, empty ones, those of a text that was there before, and those
    that have half of the shorter text's sequences of words in common with a labelled document.

    paths (Iterable[Path]): Files and folders, as for `iter_notes`.
    reading (Reading): Gets the numbers.
    against (Sequence[Path]): .spacy files of labelled documents, and folders of such: above all dev and test of the
        task that something is learned for.
    keep_repeated (bool): Whether to read notes of a text that was there before, too.
    min_words (int): Fewest words that are worth learning from, at the end of all notes.
    setting (str): What the caller's user knows `min_words` by.
    YIELDS (UnlabelledNote): The notes that are left.
    RAISES (ValueError): CE421 if a folder of `against` holds no .spacy file, CE422 if no note is left, CE423 if they
        have too few words; those of `iter_notes` and of reading a note (CE001, CE300, CE341, CE410).
    """
    shared = SharedTexts(_labelled_texts(against))
    # None: whatever was there before
    seen: set[bytes] | None = None if keep_repeated else set()
    names: dict[str, int] = {}
    for _, note in iter_notes(paths, reading.files):
        reading.found += 1
        if (text := _text_of(note, reading, seen, shared)) is not None:
            reading.words += len(text.split())
            yield UnlabelledNote(_own_name(note.id, names), text)
    if not reading.kept:
        raise ValueError(Errors.CE422.format(found=reading.found, left_out=_in_words(reading.left_out)))
    if reading.words < min_words:
        raise ValueError(Errors.CE423.format(found=reading.words, wanted=min_words, setting=setting))


def check_lengths(notes: Iterable[UnlabelledNote], most: int) -> None:
    """See that a pipeline can read notes, before it learns from the first of them.

    notes (Iterable[UnlabelledNote]): The notes.
    most (int): Characters that it reads at once, `nlp.max_length`.
    RAISES (ValueError): CE436 if a note is longer.
    """
    for note in notes:
        if len(note.text) > most:
            raise ValueError(Errors.CE436.format(note=note.id, length=len(note.text), most=most))


def _text_of(note: Note, reading: Reading, seen: set[bytes] | None, shared: SharedTexts) -> str | None:
    """The text of a note; None if it is left out."""
    if note.benchmark:
        reading.benchmark += 1
        return None
    text = note.read()
    digest = blake2b(text.encode("utf8"), digest_size=16).digest()
    if not text.split():
        reading.empty += 1
    elif seen is not None and digest in seen:
        reading.repeated += 1
    elif any(shared.find(text)):
        reading.labelled += 1
    else:
        if seen is not None:
            seen.add(digest)
        return text
    return None


def _own_name(note_id: str, names: dict[str, int]) -> str:
    """An id that no note before has, though collections that are read together may name theirs alike."""
    names[note_id] = n = names.get(note_id, 0) + 1
    return note_id if n == 1 else _own_name(f"{note_id} ({n})", names)


def _labelled_texts(against: Iterable[Path]) -> dict[str, str]:
    """Texts of labelled documents, each once, by file and id."""
    texts: dict[str, str] = {}
    for path in against:
        files = [path] if path.is_file() else sorted(path.rglob(f"*{LABELLED}"))
        if not files:
            raise ValueError(Errors.CE421.format(path=path))
        for file in files:
            docs = read_docs(file)
            ids = document_ids(docs)
            texts |= {doc.text: f"{file} {doc_id}" for doc, doc_id in zip(docs, ids, strict=True)}
    return {name: text for text, name in texts.items()}


def _in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {reason}" for reason, n in counts.items() if n) or "none"
