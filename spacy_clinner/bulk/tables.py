"""Notes for a table: annotated by a pipeline, or before, also by a run."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from spacy.language import Language

from ..annotations.documents import check_group, document_ids, read_docs
from ..errors import Errors, Warnings
from ..quoting import coded
from ..reports.annotations import AnnotatedNote, read_note
from .notes import Note
from .predict import Report, annotated_docs
from .runs.manifest import NAME, Manifest
from .runs.outputs import DOCS


def read_annotated(paths: Sequence[Path], spans_key: str | None) -> list[AnnotatedNote]:
    """Read documents that are annotated already.

    paths (Sequence[Path]): `.spacy` files, and folders of runs.
    spans_key (Optional[str]): Span group of the entities; None: `doc.ents`.
    RETURNS (List[AnnotatedNote]): Their documents.
    RAISES (ValueError): CE088 if a path is another file, CE064 if two documents have the same id, CE348 if none has the
        group; and as `documents_of_run`.
    """
    files = [file for path in paths for file in (documents_of_run(path) if (path / NAME).is_file() else [path])]
    if strange := next((path for path in files if path.suffix != ".spacy"), None):
        raise ValueError(Errors.CE088.format(source=strange.name))
    docs = [doc for path in files for doc in read_docs(path)]
    check_group({key for doc in docs for key in doc.spans}, spans_key)
    return [read_note(*row, spans_key) for row in zip(document_ids(docs), docs, strict=True)]


def documents_of_run(folder: Path) -> list[Path]:
    """Find the documents that a run has written.

    Warns (CW470) of notes that it could not annotate.

    folder (Path): The folder of the run.
    RETURNS (List[Path]): `.spacy` files, in the order of the notes.
    RAISES (ValueError): CE486 if the run is not complete, or wrote no documents; CE485 as `Manifest`.
    """
    manifest = Manifest(folder)
    try:
        (n_planned, n_done), n_errors = manifest.n_shards(), manifest.counts().n_errors
        names = sorted(manifest.outputs())
    finally:
        manifest.close()
    files = [folder / name for name in names if name.startswith(f"{DOCS}/")]
    if n_errors:
        warnings.warn(Warnings.CW470.format(folder=folder.name, n=n_errors), stacklevel=2)
    if n_done < n_planned or not files:
        n_todo = n_planned - n_done
        problem = f"{n_todo} shards are to be done, by --resume" if n_todo else "it wrote no documents; --docs does"
        raise ValueError(Errors.CE486.format(folder=folder.name, problem=problem))
    return files


def annotate(nlp: Language, notes: Sequence[Note], spans_key: str | None, report: Report) -> list[AnnotatedNote]:
    """Annotate notes.

    nlp (Language): The pipeline.
    notes (Sequence[Note]): The notes.
    spans_key (Optional[str]): As for `read_annotated`.
    report (Callable[[str, str], None]): As for `annotated_docs`.
    RETURNS (List[AnnotatedNote]): Those that could be.
    RAISES (ValueError): CE347 if there are none.
    """
    annotated = []
    for note_id, doc in annotated_docs(nlp, notes, report):
        try:
            check_group(doc.spans, spans_key)
            annotated.append(read_note(note_id, doc, spans_key))
        except Exception as error:
            report(note_id, coded(error) or Errors.CE366.format(error=type(error).__name__))
    if not annotated:
        raise ValueError(Errors.CE347.format(n=len(notes), path="the table"))
    return annotated
