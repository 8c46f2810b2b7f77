"""The way from characters to tokens."""

from typing import Any

from spacy.tokens import Doc, Span


def expanded_span(doc: Doc, start: int, end: int, **settings: Any) -> Span:
    """Find the tokens of some characters; a span that begins or ends inside of a token grows to it.

    doc (Doc): The document.
    start (int): First character.
    end (int): The one after the last; both lie in the text.
    **settings (Any): Label, concept and the like, as of `Doc.char_span`.
    RETURNS (Span): The span.
    """
    span = doc.char_span(start, end, alignment_mode="expand", **settings)
    # spaCy finds none of characters that the text does not have
    assert span is not None, f"characters {start} to {end} of a text of {len(doc.text)}"
    return span
