"""Notes for a table: annotated by a pipeline, or before."""

from collections.abc import Sequence
from pathlib import Path

from spacy.language import Language

from ..annotations.documents import document_ids, read_docs
from ..errors import Errors
from ..reports.annotations import AnnotatedNote, read_note
from .notes import Note
from .predict import Report, annotated_docs


def read_annotated(paths: Sequence[Path], spans_key: str | None) -> list[AnnotatedNote]:
    """Read documents that are annotated already.

    paths (Sequence[Path]): `.spacy` files.
    spans_key (Optional[str]): Span group of the entities; None: `doc.ents`.
    RETURNS (List[AnnotatedNote]): Their documents.
    RAISES (ValueError): CE088 if a path is another file, CE064 if two documents have the same id.
    """
    if strange := next((path for path in paths if path.suffix != ".spacy"), None):
        raise ValueError(Errors.CE088.format(source=strange.name))
    docs = [doc for path in paths for doc in read_docs(path)]
    return [read_note(*row, spans_key) for row in zip(document_ids(docs), docs, strict=True)]


def annotate(nlp: Language, notes: Sequence[Note], spans_key: str | None, report: Report) -> list[AnnotatedNote]:
    """Annotate notes.

    nlp (Language): The pipeline.
    notes (Sequence[Note]): The notes.
    spans_key (Optional[str]): As for `read_annotated`.
    report (Callable[[str, str], None]): As for `annotated_docs`.
    RETURNS (List[AnnotatedNote]): Those that could be.
    RAISES (ValueError): CE347 if there are none.
    """
    annotated = [read_note(*row, spans_key) for row in annotated_docs(nlp, notes, report)]
    if not annotated:
        raise ValueError(Errors.CE347.format(n=len(notes), path="the table"))
    return annotated
