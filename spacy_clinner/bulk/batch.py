"""A batch of notes through a pipeline, losing none: what fails together is tried in halves until it is alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors
from ..quoting import coded
from .notes import Note


class Failure(NamedTuple):
    """Why a note has no annotation.

    message (str): A coded message that quotes nothing of the note.
    kind (str): The kind of the error that is at the bottom of it.
    """

    message: str
    kind: str


def annotate_batch(nlp: Language, notes: Sequence[Note]) -> list[Doc | Failure]:
    """Read notes and annotate them at once, as `annotate_texts`.

    nlp (Language): The pipeline.
    notes (Sequence[Note]): The notes.
    RETURNS (List[Union[Doc, Failure]]): Their documents, or what is wrong with them.
    """
    return annotate_texts(nlp, [read_safely(note) for note in notes])


def read_safely(note: Note) -> str | Failure:
    """Read a note.

    note (Note): The note.
    RETURNS (Union[str, Failure]): Its text, or why it cannot be read.
    """
    try:
        return note.read()
    except (ValueError, OSError) as error:
        kind = type(error).__name__
        return Failure(coded(error) or Errors.CE343.format(error=kind), kind)


def annotate_texts(nlp: Language, texts: Sequence[str | Failure]) -> list[Doc | Failure]:
    """Annotate texts at once.

    A document that a component hands to the error handler by itself is known as the one that fails, and the others go
    on. Of a batch that is lost as a whole, nobody knows whose fault it was: its notes are begun anew in halves.

    nlp (Language): The pipeline.
    texts (Sequence[Union[str, Failure]]): The texts; what failed before stays what it is.
    RETURNS (List[Union[Doc, Failure]]): A document for each, or what is wrong with it.
    """
    found = iter(_annotate(nlp, [text for text in texts if isinstance(text, str)]))
    return [next(found) if isinstance(text, str) else text for text in texts]


def _annotate(nlp: Language, texts: Sequence[str]) -> list[Doc | Failure]:
    if len(texts) <= 1:
        return [_annotate_alone(nlp, text) for text in texts]
    outcomes = [_tokenize(nlp, text) for text in texts]
    # they are all kept until the end, so that none takes another's identity
    begun = [doc for doc in outcomes if isinstance(doc, Doc)]
    failed: dict[int, Failure] = {}
    with _handling_errors(nlp, failed):
        try:
            done = list(nlp.pipe(begun, batch_size=len(texts)))
        except Exception:
            done = []
    rest = [i for i, doc in enumerate(outcomes) if isinstance(doc, Doc) and id(doc) not in failed]
    if len(done) < len(rest) or not all(isinstance(doc, Doc) for doc in done):
        half = len(rest) // 2 or 1
        parts = (rest[:half], rest[half:])
        done = [outcome for part in parts for outcome in _annotate(nlp, [texts[i] for i in part])]  # type: ignore[misc]
    for i, outcome in zip(rest, done, strict=True):
        outcomes[i] = outcome
    return [failed.get(id(outcome), outcome) for outcome in outcomes]


def _tokenize(nlp: Language, text: str) -> Doc | Failure:
    try:
        return nlp.make_doc(text)
    except Exception as error:
        return _failure("tokenizer", error)


@contextmanager
def _handling_errors(nlp: Language, failed: dict[int, Failure]) -> Iterator[None]:
    """Note the documents that fail by themselves, in place of what the components' error handlers do."""

    def note(name: str, component: Any, docs: Sequence[Doc], error: Exception) -> None:
        if len(docs) == 1:
            failed[id(docs[0])] = _failure(name, error)

    components: list[Any] = [component for _, component in nlp.pipeline if hasattr(component, "set_error_handler")]
    before = [component.get_error_handler() for component in components]
    default, nlp.default_error_handler = nlp.default_error_handler, note
    for component in components:
        component.set_error_handler(note)
    try:
        yield
    finally:
        nlp.default_error_handler = default
        for component, handler in zip(components, before, strict=True):
            component.set_error_handler(handler)


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
        return _failure(name, error)
    return doc


def _failure(component: str, error: Exception) -> Failure:
    kind = type(error).__name__
    return Failure(Errors.CE342.format(component=component, error=coded(error) or kind), kind)
