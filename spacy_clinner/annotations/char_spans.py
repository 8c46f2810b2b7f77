"""The way from characters to tokens."""

from typing import Any

from spacy.tokens import Doc, Span

from ..errors import Errors
from .keys import DOC_ID_KEY


def expanded_span(doc: Doc, start: int, end: int, **settings: Any) -> Span:
    """Find the tokens of some characters; a span that begins or ends inside of a token grows to it.

    doc (Doc): The document.
    start (int): First character.
    end (int): The one after the last.
    **settings (Any): Label, concept and the like, as of `Doc.char_span`.
    RETURNS (Span): The span.
    RAISES (ValueError): CE418 if the text does not have these characters.
    """
    span = doc.char_span(start, end, alignment_mode="expand", **settings)
    if span is None:
        where = {"doc": doc.user_data.get(DOC_ID_KEY), "start": start, "end": end, "n": len(doc.text)}
        raise ValueError(Errors.CE418.format(**where))
    return span
