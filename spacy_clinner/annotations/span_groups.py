"""Span groups that stay where they are in the text when a component changes the tokens.

spaCy's groups hold token numbers, which `doc.retokenize()` leaves as they were: behind `merge_entities` a group names
other words, or none. A group holds the characters of its spans as well, and they tell where the spans belong.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import srsly
from spacy.tokens import Doc, Span, SpanGroup

from .char_spans import expanded_span
from .keys import SPANS_KEY

# A span in the bytes of a group: id, kb_id, label, first and last token, first and last character. The bytes are the
# only way to a span whose tokens are gone.
_SPAN = struct.Struct(">QQQllll")


class SteadySpanGroup(SpanGroup):
    """A span group whose spans are looked up by their characters if the tokens have changed.

    A span that begins or ends inside of a new token grows to it. Documents that were stored come back with spaCy's own
    groups; `steady_spans` reads both kinds.
    """

    def __getitem__(self, i: int) -> Span:
        """Get a span.

        i (int): Its number.
        RETURNS (Span): The span, of the document's tokens as they are now.
        """
        if -len(self) <= i < len(self) and not _fits(self, i):
            self._move_spans()
        return super().__getitem__(i)

    def __iter__(self) -> Iterator[Span]:
        """YIELDS (Span): The spans."""
        return (self[i] for i in range(len(self)))

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The group, of the document's tokens as they are now."""
        if not all(_fits(self, i) for i in range(len(self))):
            self._move_spans()
        return super().to_bytes()

    def copy(self, doc: Doc | None = None) -> "SteadySpanGroup":
        """Copy the group.

        doc (Optional[Doc]): Document with the same tokens that the copy is of; None: the same.
        RETURNS (SteadySpanGroup): The copy.
        """
        copied = super().copy(doc)
        return SteadySpanGroup(copied.doc, name=copied.name, attrs=copied.attrs, spans=list(copied))

    def _move_spans(self) -> None:
        for i, row in enumerate(srsly.msgpack_loads(super().to_bytes())["spans"]):
            span_id, kb_id, label, _, _, start, end = _SPAN.unpack(row)
            # spaCy's stubs do not know that a group's spans may be replaced
            moved: Any = self
            moved[i] = expanded_span(self.doc, start, end, label=label, kb_id=kb_id, span_id=span_id)


def steady_spans(doc: Doc, key: str) -> list[Span]:
    """Read a span group, wherever it comes from: also one that a component behind its maker has made stale.

    doc (Doc): A document.
    key (str): The group; an absent one has no spans.
    RETURNS (List[Span]): Its spans, of the document's tokens as they are now.
    """
    group = doc.spans.get(key, ())
    if not isinstance(group, SpanGroup):
        return list(group)
    try:
        spans: list[Span] = [SpanGroup.__getitem__(group, i) for i in range(len(group))]
        if _all_fit(doc, spans):
            return spans
    except IndexError:
        # of tokens that are gone
        pass
    return list(SteadySpanGroup(doc).from_bytes(group.to_bytes()))


def probabilities_of(doc: Doc, key: str) -> dict[tuple[int, int, int], float]:
    """Read how probable a tagger found its entities.

    doc (Doc): An annotated document.
    key (str): The tagger's span group.
    RETURNS (Dict[Tuple[int, int, int], float]): By first token, token after the last, and label (its hash); none if no
        tagger wrote them, or there are more spans than that, as in two groups that were added up.
    """
    spans = steady_spans(doc, key)
    scores = doc.spans[key].attrs.get("scores", ()) if spans else ()
    if len(scores) != len(spans):
        return {}
    return {(span.start, span.end, span.label): float(p) for span, p in zip(spans, scores, strict=True)}


def kept_scores(group: SpanGroup, kept: Sequence[bool]) -> dict[str, Any]:
    """Keep the probabilities of those spans of a group that are kept.

    group (SpanGroup): The group.
    kept (Sequence[bool]): Whether each of its spans is kept.
    RETURNS (Dict[str, Any]): Attributes of the new group: "scores" if there are as many as spans, else none.
    """
    scores = group.attrs.get("scores", ())
    if not len(scores) or len(scores) != len(kept):
        return {}
    return {"scores": np.asarray(scores, dtype="float32")[np.asarray(kept, dtype=bool)]}


def group_of_ents(doc: Doc) -> str:
    """Find the span group in which the tagger that wrote `doc.ents` keeps their probabilities.

    doc (Doc): An annotated document.
    RETURNS (str): The group with probabilities that holds all of `doc.ents`, that of the default key before others; the
        default key if there is none, or no entity tells.
    """
    return _find_group(doc)[0]


def probabilities_of_ents(doc: Doc) -> dict[tuple[int, int, int], float]:
    """Read how probable a tagger found `doc.ents`.

    doc (Doc): An annotated document.
    RETURNS (Dict[Tuple[int, int, int], float]): As of `probabilities_of`, for the group that `group_of_ents` finds.
    """
    return _find_group(doc)[1]


def _find_group(doc: Doc) -> tuple[str, dict[tuple[int, int, int], float]]:
    """The group of `group_of_ents`, and its probabilities."""
    entities = {(span.start, span.end, span.label) for span in doc.ents}
    if entities or SPANS_KEY not in doc.spans:
        for key in sorted(doc.spans, key=lambda key: (key != SPANS_KEY, key)):
            if "scores" in doc.spans[key].attrs and entities <= (found := probabilities_of(doc, key)).keys():
                return key, found
    return SPANS_KEY, probabilities_of(doc, SPANS_KEY)


def _all_fit(doc: Doc, spans: Sequence[Span]) -> bool:
    """As `_fits`, of all spans at once, for documents with hundreds of them."""
    if not spans:
        return True
    starts, lengths = doc.to_array(["IDX", "LENGTH"]).astype("int64").T
    rows = np.array([(span.start, span.end, span.start_char, span.end_char) for span in spans if len(span)])
    if not len(rows):
        return True
    first, end, start_char, end_char = rows.T
    return bool(((starts[first] == start_char) & ((starts + lengths)[end - 1] == end_char)).all())


def _fits(group: SpanGroup, i: int) -> bool:
    """Whether the tokens of a span are those of its characters."""
    try:
        span: Any = SpanGroup.__getitem__(group, i)
    except IndexError:
        return False
    if not len(span):
        return True
    first, last = span[0], span[-1]
    return first.idx == span.start_char and last.idx + len(last) == span.end_char
