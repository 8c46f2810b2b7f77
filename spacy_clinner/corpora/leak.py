"""A document or sentence of a corpus that is in another one, too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..cells import format_tsv
from ..files import write_atomically

DOCUMENT, SENTENCE = "document", "sentence"
TEXT, ID, SEQUENCES = "text", "id", "sequences"
HEADER = ("doc_id", "start", "end", "what", "evidence", "share", "entities", "other", "other_id")


@dataclass(frozen=True)
class Leak:
    """A document, or a sentence of one, that is in another corpus.

    doc (int): Number of the document.
    doc_id (str): Its id.
    start (int): First token.
    end (int): The token after the last.
    what (str): "document" if all of it is meant, though some of its words may differ, else "sentence".
    evidence (str): "text": all letters and digits are the same; "id": the ids are, and the texts in part; "sequences":
        so many sequences of words are.
    share (float): Share of its sequences of words (of few words: 1 if they are the same) that are in the other corpus.
    entities (int): Number of entities in `doc.ents` that it touches.
    other (str): Name of the other corpus.
    other_id (str): Id of a document there that holds it, or most of it.
    """

    doc: int
    doc_id: str
    start: int
    end: int
    what: str
    evidence: str
    share: float
    entities: int
    other: str
    other_id: str


@dataclass(frozen=True)
class Leaks:
    """What of a corpus is in another one.

    other (str): Name of the other one.
    found (Sequence[Leak]): In the order of the documents; of a document that is meant as a whole, no sentences.
    other_sentences (int): Sentences of the other corpus that have words enough to be found.
    other_found (int): Those of them that are in this one.
    """

    other: str
    found: Sequence[Leak]
    other_sentences: int
    other_found: int

    @property
    def counts(self) -> dict[str, int]:
        """Documents, sentences outside of these, and tokens and entities of both."""
        return {
            "documents": sum(leak.what == DOCUMENT for leak in self.found),
            "sentences": sum(leak.what == SENTENCE for leak in self.found),
            "tokens": sum(leak.end - leak.start for leak in self.found),
            "entities": sum(leak.entities for leak in self.found),
        }


def write_leaks(leaks: Iterable[Leaks], path: Path) -> None:
    """Write ids and token ranges as tab-separated values, with a header line; no text is in it.

    leaks (Iterable[Leaks]): What was found, of one or more corpora.
    path (Path): The file, written whole or not at all.
    """
    found = [leak for one in leaks for leak in one.found]
    rows = [[getattr(leak, name) if name != "share" else f"{leak.share:.2f}" for name in HEADER] for leak in found]
    write_atomically(path, format_tsv([HEADER, *rows]))
