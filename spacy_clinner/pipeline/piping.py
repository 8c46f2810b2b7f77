"""Prediction in batches, of which only what fails by itself is lost.

spaCy's trainable components hand a whole batch to the error handler if one of its documents fails.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from spacy.tokens import Doc
from spacy.util import minibatch

from ..annotations.keys import DOC_ID_KEY
from ..errors import Errors, Warnings


class PipesDocuments:
    """A trainable component, mixed in before spaCy's class, whose `predict` returns one item for each document."""

    name: str

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128, **asked: Any) -> Iterator[Doc]:
        """Annotate a stream of documents, batch by batch; a batch that fails is tried in halves.

        stream (Iterable[Doc]): The documents.
        batch_size (int): How many to predict at once.
        **asked (Any): What else this component's `predict` takes.
        YIELDS (Doc): The documents, in their order. The error handler gets each that fails, alone, when it is its turn;
            the error has a note, CE360, of which one it was. spaCy's default handler raises the error.
        """
        handle_error = self.get_error_handler()  # type: ignore[attr-defined]
        position = 0
        for docs in map(list, minibatch(stream, size=batch_size)):
            # each document is written once, also where a batch was tried in vain
            for doc, outcome in zip(docs, self._predict_batch(docs, asked), strict=True):
                position += 1
                try:
                    if isinstance(outcome, Exception):
                        raise outcome
                    self.set_annotations([doc], [outcome])  # type: ignore[attr-defined]
                except Exception as error:
                    error.add_note(Errors.CE360.format(name=self.name, doc=doc.user_data.get(DOC_ID_KEY), n=position))
                    handle_error(self.name, self, [doc], error)
                else:
                    yield doc

    def _predict_batch(self, docs: Sequence[Doc], asked: dict[str, Any]) -> Sequence[Any]:
        """What is predicted of each document, or why it fails."""
        try:
            return self.predict(docs, **asked)  # type: ignore[attr-defined]
        except Exception as error:
            if len(docs) == 1:
                return [error]
            half = len(docs) // 2
            found = [*self._predict_batch(docs[:half], asked), *self._predict_batch(docs[half:], asked)]
            if not any(isinstance(outcome, Exception) for outcome in found):
                kind = type(error).__name__
                warnings.warn(Warnings.CW360.format(name=self.name, n=len(docs), error=kind), stacklevel=3)
            return found
