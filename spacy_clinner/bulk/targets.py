"""Where annotated notes go: one file, or a folder with files of each, written whole or not at all."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from spacy.tokens import Doc, DocBin

from ..annotations.span_groups import steady_spans
from ..corpora.exporting import export_docs
from ..corpora.formats import FORMATS as TABLE
from ..corpora.formats import WRITTEN
from ..corpora.formats.options import WriteOptions
from ..corpora.writing import check_ids
from ..errors import Errors
from ..files import replacing, replacing_folder
from ..reports.annotations import AnnotatedNote, read_note, round_probability
from ..reports.entity_table import ENTITY_COLUMNS, entity_rows
from ..reports.table import format_csv
from .documents import pack
from .earlier import PREDICTED, check_earlier

# Takes a document that knows its id.
Write = Callable[[str, Doc], object]
FILES = ("jsonl", "csv", "spacy")
FORMATS = (*FILES, *WRITTEN)
# the one file of all notes, in formats of annotation tools
STEM = "notes"


class Target(NamedTuple):
    """What is to be written.

    path (Path): The file, or the folder.
    format (str): One of `FORMATS`.
    spans_key (Optional[str]): Span group of the entities; None: `doc.ents`.
    spreadsheet_safe (bool): As for `reports.table.format_csv`.
    """

    path: Path
    format: str
    spans_key: str | None = None
    spreadsheet_safe: bool = False

    def check(self, note_ids: Iterable[str]) -> None:
        """See that notes can be written; better known before they are annotated than after.

        note_ids (Iterable[str]): Their ids.
        RAISES (ValueError): CE008 for an unknown format, CE344 if something is in the way that is no earlier output,
            CE012 for an id that can name no file.
        """
        path, problem = self.path, None
        if self.format not in FORMATS:
            raise ValueError(Errors.CE008.format(what="format", value=self.format, known=", ".join(FORMATS)))
        if self.format in FILES:
            problem = "a folder, but a file is to be written" if path.is_dir() else None
        elif path.is_dir():
            problem = "not empty, and results of two runs would be mixed" if any(path.iterdir()) else None
        elif path.exists():
            problem = "a file, but a folder is to be written"
        if problem:
            raise ValueError(Errors.CE344.format(path=path.name, problem=problem))
        if self.format in FILES:
            check_earlier(path, self.format)
        else:
            check_ids(note_ids, TABLE[self.format].endings)

    @contextmanager
    def open(self) -> Iterator[Write]:
        """Begin to write.

        YIELDS (Callable[[str, Doc], None]): Writes a document, with its id; raises coded ValueErrors for one that
            cannot be written. All that was written is at its place when the block has ended without an error.
        """
        place, writer = (replacing, _WRITERS[self.format]) if self.format in FILES else (replacing_folder, _folder)
        with place(self.path) as temporary, writer(temporary, self) as write:
            yield write


def prediction_of(note: AnnotatedNote) -> dict[str, Any]:
    """A note as a line of predictions, which `scoring.predictions.read_predictions` reads.

    note (AnnotatedNote): The note.
    RETURNS (Dict[str, Any]): "id" and "entities" ([start, end, label]); where they are known also "probabilities", in
        the order of the entities, "assertions" ([start, end, assertion]) and "relations" (offsets of "head" and
        "child", "label", "probability").
    """
    prediction: dict[str, Any] = {"id": note.id, "entities": [[e.start, e.end, e.label] for e in note.entities]}
    probabilities = [round_probability(entity.probability) for entity in note.entities]
    if any(probability is not None for probability in probabilities):
        prediction["probabilities"] = probabilities
    if assertions := [[entity.start, entity.end, said] for entity in note.entities for said in entity.assertions]:
        prediction["assertions"] = assertions
    if note.links is not None:
        prediction["relations"] = [
            {**link._asdict(), "probability": round_probability(link.probability)} for link in note.links
        ]
    return prediction


@contextmanager
def _lines(path: Path, target: Target, header: str, format_note: Callable[[AnnotatedNote], str]) -> Iterator[Write]:
    with path.open("w", encoding="utf8", newline="") as file:
        file.write(header)
        yield lambda doc_id, doc: file.write(format_note(read_note(doc_id, doc, target.spans_key)))


def _jsonl(path: Path, target: Target) -> AbstractContextManager[Write]:
    return _lines(path, target, "", lambda note: json.dumps(prediction_of(note), ensure_ascii=False) + "\n")


def _csv(path: Path, target: Target) -> AbstractContextManager[Write]:
    def lines(note: AnnotatedNote) -> str:
        return format_csv(ENTITY_COLUMNS, entity_rows(note), header=False, safe=target.spreadsheet_safe)

    return _lines(path, target, format_csv(ENTITY_COLUMNS, ()), lines)


@contextmanager
def _spacy(path: Path, target: Target) -> Iterator[Write]:
    """The documents are held, packed, until all are there."""
    docbin = DocBin(store_user_data=True)
    yield lambda doc_id, doc: pack(docbin, doc)
    path.write_bytes(docbin.to_bytes() + PREDICTED)


@contextmanager
def _folder(folder: Path, target: Target) -> Iterator[Write]:
    """Files of each document; of formats with one file for all, the documents are held until all are there."""
    held: list[Doc] = []
    format = TABLE[target.format]

    def write(doc_id: str, doc: Doc) -> None:
        _set_entities(doc, target)
        if format.one_file:
            # what cannot be written is found while its note can still be left out
            list(format.write([doc], WriteOptions(STEM, ents_only=True)))
            held.append(doc)
        elif export_docs([doc], folder, target.format, ents_only=True):
            raise ValueError(Errors.CE346.format(format=target.format, problem="it holds no word"))

    yield write
    if format.one_file:
        export_docs(held, folder, target.format, stem=STEM)


def _set_entities(doc: Doc, target: Target) -> None:
    """Formats of others hold `doc.ents`; where a pipeline has looked, missing ones are none."""
    spans = doc.ents if target.spans_key is None else steady_spans(doc, target.spans_key)
    try:
        doc.set_ents(list(spans), default="outside")
    except ValueError:
        problem = "entities overlap, or have no label (jsonl and csv can hold them)"
        raise ValueError(Errors.CE346.format(format=target.format, problem=problem)) from None


_WRITERS = {"jsonl": _jsonl, "csv": _csv, "spacy": _spacy}
