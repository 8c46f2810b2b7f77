"""A batch of notes through a pipeline, losing none: what a component loses is tried in parts until it is alone."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc
from spacy.util import minibatch

from ..errors import Errors
from ..pipeline.piping import PipesDocuments
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
    """Annotate texts at once, component by component.

    A document that a component hands to the error handler by itself is known as the one that fails, and the others go
    on. Of documents that are lost together, nobody knows whose fault it was: that component, and no other, has them
    again in parts, as they were before it; what it had annotated until then stays.

    nlp (Language): The pipeline.
    texts (Sequence[Union[str, Failure]]): The texts; what failed before stays what it is.
    RETURNS (List[Union[Doc, Failure]]): A document for each, or what is wrong with it.
    """
    outcomes = [_tokenize(nlp, text) if isinstance(text, str) else text for text in texts]
    with _handling_errors(nlp) as failed:
        for stage, (name, component) in enumerate(nlp.pipeline):
            docs = {place: outcome for place, outcome in enumerate(outcomes) if isinstance(outcome, Doc)}
            try:
                found = _apply(name, component, [*docs.values()], failed)
            except _Lost:
                found = [_annotate_alone(nlp, str(texts[place]), nlp.pipeline[: stage + 1]) for place in docs]
            for place, outcome in zip(docs, found, strict=True):
                outcomes[place] = outcome
    return outcomes


def _tokenize(nlp: Language, text: str) -> Doc | Failure:
    try:
        return nlp.make_doc(text)
    except Exception as error:
        return _failure("tokenizer", error)


class _Lost(Exception):
    """A component lost a batch as a whole, and there are no copies of what it was given."""


def _apply(name: str, component: Any, docs: Sequence[Doc], failed: dict[int, Failure]) -> list[Doc | Failure]:
    """Let a component annotate documents; what it loses is tried in parts."""
    if len(docs) <= 1 or not hasattr(component, "pipe"):
        return [_apply_alone(name, component, doc) for doc in docs]
    # a component may have written on some of the documents before it fails
    before = [] if _hands_over_alone(component) else _copies(docs)
    done = []
    try:
        for doc in component.pipe(iter(docs), batch_size=len(docs)):
            done.append(doc)
    except Exception:
        pass
    outcomes = _told_apart(docs, done, failed)
    lost = [place for place in range(len(docs)) if place not in outcomes]
    if lost and not before:
        raise _Lost
    # as many parts as each has documents: of all equal parts, one culprit costs the fewest documents read again
    for places in minibatch(lost, math.isqrt(len(lost))):
        again = _apply(name, component, [before[place] for place in places], failed)
        outcomes |= dict(zip(places, again, strict=True))
    return [outcomes[place] for place in range(len(docs))]


def _told_apart(docs: Sequence[Doc], done: Sequence[Any], failed: dict[int, Failure]) -> dict[int, Doc | Failure]:
    """What became of the documents that a component was given, by their places; without those that were lost."""
    outcomes: dict[int, Doc | Failure] = {n: failed[id(doc)] for n, doc in enumerate(docs) if id(doc) in failed}
    if not all(isinstance(doc, Doc) for doc in done):
        return outcomes
    rest = {id(doc): place for place, doc in enumerate(docs) if place not in outcomes}
    if {id(doc) for doc in done} <= rest.keys():
        return outcomes | {rest[id(doc)]: doc for doc in done}
    # documents that the component made: whose they are is known only if there is one for each
    return outcomes | (dict(zip(rest.values(), done, strict=True)) if len(done) == len(rest) else {})


def _hands_over_alone(component: Any) -> bool:
    """Whether a component gives the error handler each document that fails, alone."""
    return isinstance(component, PipesDocuments) or getattr(type(component), "pipe", None) is Pipe.pipe


def _copies(docs: Sequence[Doc]) -> list[Doc]:
    """Copies of documents; none at all if one holds what cannot be copied, such as a span."""
    try:
        return [doc.copy() for doc in docs]
    except Exception:
        return []


@contextmanager
def _handling_errors(nlp: Language) -> Iterator[dict[int, Failure]]:
    """Note the documents that fail by themselves, by identity, in place of what the components' error handlers do."""
    failed: dict[int, Failure] = {}
    kept = []

    def note(name: str, component: Any, docs: Sequence[Doc], error: Exception) -> None:
        if len(docs) == 1:
            failed[id(docs[0])] = _failure(name, error)
            # so that no other document takes its identity
            kept.append(docs[0])

    components: list[Any] = [component for _, component in nlp.pipeline if hasattr(component, "set_error_handler")]
    before = [component.get_error_handler() for component in components]
    default, nlp.default_error_handler = nlp.default_error_handler, note
    for component in components:
        _set_error_handler(component, note)
    try:
        yield failed
    finally:
        nlp.default_error_handler = default
        for component, handler in zip(components, before, strict=True):
            _set_error_handler(component, handler)


def _set_error_handler(component: Any, handler: Callable) -> None:
    # spaCy's `ner` and `parser` are of compiled classes, which can keep none: they lose a batch as a whole
    with suppress(AttributeError):
        component.set_error_handler(handler)


def _annotate_alone(nlp: Language, text: str, pipeline: Sequence[tuple[str, Any]]) -> Doc | Failure:
    """As `nlp(text)` with some components, which does not say which one fails."""
    outcome = _tokenize(nlp, text)
    for name, component in pipeline:
        if isinstance(outcome, Doc):
            outcome = _apply_alone(name, component, outcome)
    return outcome


def _apply_alone(name: str, component: Any, doc: Doc) -> Doc | Failure:
    try:
        doc = component(doc)
        if not isinstance(doc, Doc):
            raise TypeError("no document")
    except Exception as error:
        return _failure(name, error)
    return doc


def _failure(component: str, error: Exception) -> Failure:
    kind = type(error).__name__
    return Failure(Errors.CE342.format(component=component, error=coded(error) or kind), kind)
