"""What a transformer reads at once: windows with as many word pieces as fit, and the context around them."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from spacy.tokens import Doc, Span

from ..annotations.keys import DOC_ID_KEY
from ..errors import Warnings
from ..text.windows import widened

SpanGetter = Callable[[list[Doc]], list[list[Span]]]


class Window(NamedTuple):
    """Tokens that get their rows from one pass of the transformer, and what it reads with them.

    doc (Doc): the document.
    start (int), end (int): the tokens.
    overlap (int): tokens of context on either side.
    """

    doc: Doc
    start: int
    end: int
    overlap: int

    @property
    def span(self) -> Span:
        """RETURNS (Span): all that is read."""
        return widened(self.doc, self.start, self.end, self.overlap)

    def shortened(self) -> list["Window"]:
        """RETURNS (List[Window]): windows of fewer pieces in its stead; none if this is one token without context."""
        size = self.end - self.start
        if size > max(1, self.overlap):
            middle = self.start + size // 2
            return [self._replace(end=middle), self._replace(start=middle)]
        return [self._replace(overlap=self.overlap // 2)] if self.overlap else []


class Pieces(Protocol):
    """What windows must know of a transformer's word pieces."""

    def limit(self) -> int:
        """RETURNS (int): Most pieces that are read at once."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """RETURNS (List[int]): Pieces of each text, those that mark its ends included."""


class FittingSpans:
    """Windows, those with more word pieces than a transformer reads halved until they fit."""

    def __init__(self, get_spans: SpanGetter, pieces: Pieces) -> None:
        """Bind windows to pieces.

        get_spans (Callable[[List[Doc]], List[List[Span]]]): the windows.
        pieces (Pieces): the pieces; they need not be loaded yet.
        """
        self.get_spans = get_spans
        self.pieces = pieces

    def __call__(self, docs: Iterable[Doc]) -> list[list[Span]]:
        """Cut documents.

        docs (Iterable[Doc]): the documents.
        RETURNS (List[List[Span]]): the windows of each, with their context.
        """
        return [[window.span for window in windows] for windows in self.windows(docs)]

    def windows(self, docs: Iterable[Doc]) -> list[list[Window]]:
        """Cut documents, and tell windows from their context.

        docs (Iterable[Doc]): the documents.
        RETURNS (List[List[Window]]): the windows of each.
        """
        overlap = getattr(self.get_spans, "overlap", 0)
        get_spans = getattr(self.get_spans, "without_context", self.get_spans)
        nested = [
            [Window(span.doc, span.start, span.end, overlap) for span in spans] for spans in get_spans(list(docs))
        ]
        limit = self.pieces.limit()
        counts = iter(self._count([window for windows in nested for window in windows]))
        return [[part for window in windows for part in self._fit(window, next(counts), limit)] for windows in nested]

    def _fit(self, window: Window, n_pieces: int, limit: int) -> list[Window]:
        if n_pieces <= limit:
            return [window]
        if shorter := window.shortened():
            counts = self._count(shorter)
            return [part for one, n in zip(shorter, counts, strict=True) for part in self._fit(one, n, limit)]
        doc = window.doc.user_data.get(DOC_ID_KEY)
        size = len(window.span.text)
        warnings.warn(
            Warnings.CW120.format(doc=doc, token=window.start, size=size, n=n_pieces, limit=limit), stacklevel=2
        )
        return [window]

    def _count(self, windows: Sequence[Window]) -> list[int]:
        return self.pieces.count([window.span.text for window in windows]) if windows else []
