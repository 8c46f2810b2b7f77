"""Windows: the pieces of a document that an encoder reads at once.

They depend on the document alone, so training and inference see the same ones, and together they hold every token.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from spacy.attrs import ORTH, SENT_START
from spacy.tokens import Doc, Span

from ..errors import Errors

Unit = Literal["auto", "sentences", "lines", "strides"]


def window_bounds(
    doc: Doc, *, unit: Unit = "auto", min_tokens: int = 0, max_tokens: int = 256
) -> list[tuple[int, int]]:
    """Cut a document into windows of whole units, none longer than a bound.

    doc (Doc): the document.
    unit (str): "sentences", "lines" (a line break ends one: LF, CR LF or CR), "strides" (only the bound counts), or
        "auto": sentences if an earlier component has set them, else lines.
    min_tokens (int): following units are joined until a window has at least so many tokens, within the bound.
    max_tokens (int): longest window; a longer unit is cut into pieces of nearly equal length.
    RETURNS (List[Tuple[int, int]]): token offsets of each window, end exclusive; together they cover the document.
    RAISES (ValueError): CE120 if there are no sentences to cut at, CE135 if a window could hold no token.
    """
    if max_tokens < 1:
        raise ValueError(Errors.CE135.format(setting="max_tokens", value=max_tokens, wanted="1 or more"))
    windows: list[tuple[int, int]] = []
    for start, end in _units(doc, unit):
        if windows and windows[-1][1] - windows[-1][0] < min_tokens and end - windows[-1][0] <= max_tokens:
            windows[-1] = (windows[-1][0], end)
        else:
            windows.extend(_pieces(start, end, max_tokens))
    return windows


def has_line_end(text: str) -> bool:
    """RETURNS (bool): Whether a line ends in a text: by LF, CR LF, or CR, as in notes of old systems and of HL7."""
    return "\n" in text or "\r" in text


def _units(doc: Doc, unit: Unit) -> Iterable[tuple[int, int]]:
    if unit == "strides":
        ends = []
    elif unit == "sentences" or (unit == "auto" and doc.has_annotation("SENT_START")):
        if len(doc) > 1 and not doc.has_annotation("SENT_START"):
            raise ValueError(Errors.CE120)
        ends = [i for i, start in enumerate(doc.to_array([SENT_START])) if start == 1 and i]
    else:
        words = doc.to_array([ORTH])
        breaks = [orth for orth in set(words.tolist()) if has_line_end(doc.vocab.strings[orth])]
        ends = (np.flatnonzero(np.isin(words, np.array(breaks, dtype=words.dtype))) + 1).tolist()
    bounds = [0, *ends, len(doc)]
    return ((start, end) for start, end in zip(bounds, bounds[1:], strict=False) if end > start)


def _pieces(start: int, end: int, max_tokens: int) -> list[tuple[int, int]]:
    n_pieces = -(-(end - start) // max_tokens)
    cuts = [start + (end - start) * i // n_pieces for i in range(n_pieces + 1)]
    return list(zip(cuts, cuts[1:], strict=False))


class Windows(NamedTuple):
    """Settings of windows, as for `window_bounds`."""

    unit: Unit
    min_tokens: int
    max_tokens: int

    def bounds(self, doc: Doc) -> list[tuple[int, int]]:
        """Cut a document. RETURNS (List[Tuple[int, int]]): token offsets of the windows."""
        return window_bounds(doc, **self._asdict())


def make_window_spans(
    unit: Unit = "lines", min_tokens: int = 0, max_tokens: int = 128, overlap: int = 0
) -> Callable[[Iterable[Doc]], list[list[Span]]]:
    """Let a transformer of spacy-transformers read the same windows as the other encoders.

    They are cut by tokens; `spacy_clinner.TransformerModel.v1` cuts those further that have too many word pieces.

    unit (str), min_tokens (int), max_tokens (int): as for `window_bounds`.
    overlap (int): tokens of context that are read with a window on either side. `spacy_clinner.TransformerModel.v1`
        takes a token's row from the window that it belongs to, not from those that it is context of.
    RETURNS (Callable[[Iterable[Doc]], List[List[Span]]]): a span getter, `@span_getters` in a config.
    RAISES (ValueError): CE130 if there can be no such overlap.
    """
    if overlap < 0:
        raise ValueError(Errors.CE130.format(overlap=overlap))
    return WindowSpans(Windows(unit, min_tokens, max_tokens), overlap)


@dataclass(frozen=True)
class WindowSpans:
    """Windows of documents as spans: a span getter.

    windows (Windows): how documents are cut.
    overlap (int): tokens of context on either side.
    """

    windows: Windows
    overlap: int

    def __call__(self, docs: Iterable[Doc]) -> list[list[Span]]:
        """Cut documents. RETURNS (List[List[Span]]): the windows of each, with their context."""
        return [[widened(doc, *bounds, self.overlap) for bounds in self.windows.bounds(doc)] for doc in docs]

    def without_context(self, docs: Iterable[Doc]) -> list[list[Span]]:
        """Cut documents. RETURNS (List[List[Span]]): the windows of each, which hold every token once."""
        return replace(self, overlap=0)(docs)


def widened(doc: Doc, start: int, end: int, overlap: int) -> Span:
    """Add context to a window.

    doc (Doc): the document.
    start (int), end (int): the window.
    overlap (int): tokens of context on either side, as far as there are any.
    RETURNS (Span): both.
    """
    return doc[max(start - overlap, 0) : end + overlap]
