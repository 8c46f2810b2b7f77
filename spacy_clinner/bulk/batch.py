"""A batch of notes through a pipeline, losing none: what fails together is tried alone, and told."""

from collections.abc import Sequence
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors
from .notes import Note

# messages that quote no text: ours, and spaCy's of a note that is too long
SAFE = ("[CE", "[E088]")


class Failure(NamedTuple):
    """Why a note has no annotation: a coded message that quotes nothing of it."""

    message: str


def annotate_batch(nlp: Language, notes: Sequence[Note]) -> list[Doc | Failure]:
    """Annotate notes at once. If a component fails, though a single note may be the cause, each by itself.

    nlp (Language): The pipeline.
    notes (Sequence[Note]): The notes.
    RETURNS (List[Union[Doc, Failure]]): Their documents, or what is wrong with them.
    """
    texts = [_read(note) for note in notes]
    try:
        docs = list(nlp.pipe([text for text in texts if isinstance(text, str)], batch_size=len(texts)))
    except Exception:
        docs = []
    if len(docs) < sum(isinstance(text, str) for text in texts):
        return [_annotate_alone(nlp, text) if isinstance(text, str) else text for text in texts]
    found = iter(docs)
    return [next(found) if isinstance(text, str) else text for text in texts]


def _read(note: Note) -> str | Failure:
    try:
        return note.read()
    except (ValueError, OSError) as error:
        return Failure(_coded(error) or Errors.CE343.format(error=type(error).__name__))


def _annotate_alone(nlp: Language, text: str) -> Doc | Failure:
    """As `nlp(text)`, which does not say which component fails."""
    name = "tokenizer"
    try:
        doc = nlp.make_doc(text)
        for name, component in nlp.pipeline:  # noqa: B007
            doc = component(doc)
            if not isinstance(doc, Doc):
                raise TypeError("no document")
    except Exception as error:
        return Failure(Errors.CE342.format(component=name, error=_coded(error) or type(error).__name__))
    return doc


def _coded(error: Exception) -> str | None:
    """The message of an error that is known to quote no note."""
    return str(error) if str(error).startswith(SAFE) else None
