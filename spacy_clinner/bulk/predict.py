"""Notes in, predictions out: what `clinner predict` does."""

from collections.abc import Callable, Iterator, Sequence

from spacy.language import Language
from spacy.tokens import Doc

from ..annotations.documents import check_group
from ..errors import Errors
from ..progress import progress
from ..quoting import coded
from .annotate import BATCH_SIZE, annotate_notes
from .batch import Failure
from .notes import Note
from .targets import Target

# Takes the id of a note that has no prediction, and why: a coded message that quotes nothing of the note.
Report = Callable[[str, str], None]


def annotated_docs(
    nlp: Language, notes: Sequence[Note], report: Report, *, n_process: int = 1, batch_size: int = BATCH_SIZE
) -> Iterator[tuple[str, Doc]]:
    """Annotate notes, showing progress, and report those that cannot be.

    nlp (Language): The pipeline.
    notes (Sequence[Note]): The notes.
    report (Callable[[str, str], None]): Gets id and message of each note that fails.
    n_process (int), batch_size (int): As for `annotate_notes`.
    YIELDS (Tuple[str, Doc]): Id and document of each other note.
    """
    found = annotate_notes(nlp, notes, n_process=n_process, batch_size=batch_size)
    for note_id, doc in progress(found, total=len(notes), unit="note", desc="Annotate"):
        if isinstance(doc, Failure):
            report(note_id, doc.message)
        else:
            yield note_id, doc


def predict_notes(
    nlp: Language,
    notes: Sequence[Note],
    target: Target,
    report: Report,
    *,
    n_process: int = 1,
    batch_size: int = BATCH_SIZE,
) -> int:
    """Annotate notes and write what was found.

    nlp (Language): The pipeline.
    notes (Sequence[Note]): The notes.
    target (Target): What is to be written; the caller has checked it.
    report (Callable[[str, str], None]), n_process (int), batch_size (int): As for `annotated_docs`.
    RETURNS (int): Number of notes written.
    RAISES (ValueError): CE347 if there are none; what was at the target stays then.
    """
    written = 0
    with target.open() as write:
        for note_id, doc in annotated_docs(nlp, notes, report, n_process=n_process, batch_size=batch_size):
            try:
                check_group(doc.spans, target.spans_key)
                write(note_id, doc)
                written += 1
            except OSError:
                # of the disk, not of the note
                raise
            except Exception as error:
                report(note_id, coded(error) or Errors.CE366.format(error=type(error).__name__))
        if not written:
            raise ValueError(Errors.CE347.format(n=len(notes), path=target.path.name))
    return written
