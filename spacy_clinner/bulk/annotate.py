"""Run a pipeline over notes, in one process or several."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from spacy.language import Language
from spacy.tokens import Doc

from ..annotations.keys import DOC_ID_KEY
from .batch import Failure, annotate_batch
from .notes import Note
from .processes import annotate_in_processes

BATCH_SIZE = 16


def annotate_notes(
    nlp: Language, notes: Iterable[Note], *, n_process: int = 1, batch_size: int = BATCH_SIZE
) -> Iterator[tuple[str, Doc | Failure]]:
    """Annotate notes; only the texts of the batches that are under way are held.

    nlp (Language): The pipeline.
    notes (Iterable[Note]): The notes.
    n_process (int): Number of processes; 1: this one.
    batch_size (int): Notes that components see at once.
    YIELDS (Tuple[str, Union[Doc, Failure]]): For each note, in their order, its id and its document, or what is wrong
        with the note.
    """
    notes = iter(notes)
    batches = iter(lambda: list(islice(notes, batch_size)), [])
    results: Iterator[tuple[Sequence[Note], list[Doc | Failure]]]
    if n_process == 1:
        results = ((batch, annotate_batch(nlp, batch)) for batch in batches)
    else:
        results = annotate_in_processes(nlp, batches, n_process)
    for batch, found in results:
        for note, doc in zip(batch, found, strict=True):
            if isinstance(doc, Doc):
                doc.user_data[DOC_ID_KEY] = note.id
            yield note.id, doc
