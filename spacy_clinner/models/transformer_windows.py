"""What a transformer reads at once: windows with as many word pieces as fit, and the context around them."""

import inspect
import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from spacy.tokens import Doc, Span

from ..annotations.keys import DOC_ID_KEY
from ..errors import Warnings
from ..text.windows import widened

if TYPE_CHECKING:
    from spacy_transformers.layers import TransformerModel

SpanGetter = Callable[[list[Doc]], list[list[Span]]]

# Word pieces at once where positions are relative, as in XLNet and DeBERTa, and the tokenizer does not know a limit
# either: memory grows with the square of a token of signs. Hardly a window of words has as many.
MOST_PIECES = 2048
# What transformers sets where a tokenizer's files name no limit is larger still.
_KNOWN = 10**9


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


class FittingSpans:
    """Windows, those with more word pieces than a transformer reads halved until they fit."""

    def __init__(self, get_spans: SpanGetter, model: "TransformerModel") -> None:
        """Bind windows to the model that knows their pieces.

        get_spans (Callable[[List[Doc]], List[List[Span]]]): the windows.
        model (TransformerModel): the model, whose tokenizer need not be loaded yet.
        """
        self.get_spans = get_spans
        self.model = model

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
        limit = settle(self.model)
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
        """Word pieces of each window, those that mark its ends included."""
        if not windows:
            return []
        pieces = self.model.tokenizer(
            [window.span.text for window in windows],
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        return [len(ids) for ids in pieces["input_ids"]]


def settle(model: "TransformerModel") -> int:
    """Have a transformer and its tokenizer agree: on the most word pieces at once, their sides and their types.

    Not every tokenizer knows the limit, and then a token that is too long by itself would end in an IndexError of
    torch: spacy-transformers drops what is over the tokenizer's limit, at the right end. So a tokenizer that pads on
    the left, as XLNet's, would lose what is read. XLNet hands the rows of a window on to the next, which nobody asks
    for, and DistilBERT knows no types of pieces, though a tokenizer of another class tells them.

    model (TransformerModel): the model, initialised.
    RETURNS (int): the tokenizer's limit, or the rows of the transformer's table of positions if they are fewer, or
        `MOST_PIECES` where there is neither.
    """
    tokenizer, transformer = model.tokenizer, model.transformer
    known = [limit for limit in (tokenizer.model_max_length, _positions(transformer)) if limit < _KNOWN]
    limit = int(min(known, default=MOST_PIECES))
    tokenizer.model_max_length = limit
    tokenizer.padding_side = "right"
    if "token_type_ids" not in inspect.signature(transformer.forward).parameters:
        tokenizer.model_input_names = [name for name in tokenizer.model_input_names if name != "token_type_ids"]
    if hasattr(transformer.config, "use_mems_eval"):
        transformer.config.use_mems_eval = False
    return limit


def _positions(transformer: Any) -> float:
    """Positions that a transformer knows, without end where they are relative."""
    table: Any = getattr(getattr(transformer, "embeddings", transformer), "position_embeddings", None)
    if not hasattr(table, "num_embeddings"):
        return math.inf
    # with padding among the positions, they count from the row after it
    return table.num_embeddings - (0 if table.padding_idx is None else table.padding_idx + 1)
