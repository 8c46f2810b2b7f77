"""Character annotations -> token spans: trimmed, expanded, made flat, with an audit row for everything that changes."""

from collections.abc import Iterable, Sequence

from spacy.tokens import Doc, Span

from ...annotations.char_spans import expanded_span
from ..audit import ImportAudit
from .record import Mention


def align_mentions(
    doc: Doc, mentions: Iterable[Mention], audit: ImportAudit, doc_id: str
) -> tuple[list[Span], list[Span]]:
    """Find the tokens of annotations.

    A fragment without its outer white space is expanded to whole tokens. A discontinuous annotation whose fragments
    are parted by white space only is one entity; another one is no entity, its fragments are spans. Of overlapping
    entities the longest is kept, of equally long ones the first.

    doc (Doc): The tokenized text.
    mentions (Iterable[Mention]): Its annotations.
    audit (ImportAudit): Gets the counts, and a row for every annotation that is changed or left out.
    doc_id (str): Identifier of the document, for the audit.
    RETURNS (Tuple[List[Span], List[Span]]): All spans, one a fragment, `span.id_` set to the annotation's id, in the
        annotations' order; and the flat entities among them, in the text's order.
    """
    spans: list[Span] = []
    candidates: list[tuple[Span, Mention]] = []
    first_of: dict[tuple, str] = {}
    text = doc.text  # built anew at every access
    for mention in mentions:
        audit.annotations[mention.label] += 1
        found = _Placed(doc, text, mention, audit, doc_id)
        spans.extend(found.spans)
        if found.entity is None:
            continue
        key = (mention.label, tuple(found.fragments))
        if key in first_of:
            found.report("duplicate", f"left out of doc.ents, which holds {first_of[key]}")
        else:
            first_of[key] = mention.id
            candidates.append((found.entity, mention))
    entities = _flatten(candidates, audit, doc_id)
    audit.entities.update(span.label_ for span in entities)
    return spans, entities


def outer_offsets(text: str, fragments: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The one stretch of text that fragments make up: nothing but white space parts them.

    text (str): The text.
    fragments (Sequence[Tuple[int, int]]): At least one.
    RETURNS (Optional[Tuple[int, int]]): Its offsets; None for a discontinuous annotation.
    """
    ordered = sorted(fragments)
    gaps = (text[end:start] for (_, end), (start, _) in zip(ordered, ordered[1:], strict=False))
    return None if any(gap.strip() for gap in gaps) else (ordered[0][0], max(end for _, end in ordered))


def inner_offsets(text: str, start: int, end: int) -> tuple[int, int]:
    """Where a fragment begins and ends without outer white space.

    text (str): The text.
    start (int), end (int): The fragment.
    RETURNS (Tuple[int, int]): Its offsets; of nothing but white space the first is not below the second.
    """
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


class _Placed:
    """Where the fragments of one annotation lie in a document; problems go to the audit, each once."""

    def __init__(self, doc: Doc, text: str, mention: Mention, audit: ImportAudit, doc_id: str) -> None:
        self.mention, self.audit, self.doc_id = mention, audit, doc_id
        self.reported: set[str] = set()
        self.fragments = self._fragments(text)
        self.spans = [self._span(doc, start, end) for start, end in self.fragments]
        self.entity = self._entity(doc, text)

    def report(self, problem: str, action: str) -> None:
        if problem not in self.reported:
            self.reported.add(problem)
            _report(self.audit, self.doc_id, self.mention, problem, action)

    def _fragments(self, text: str) -> list[tuple[int, int]]:
        """The fragments without outer white space, none if the annotation cannot be placed."""
        trimmed = []
        for start, end in self.mention.fragments:
            if not 0 <= start <= end <= len(text):
                self.report("out of range", f"not imported: the text has {len(text)} characters")
                return []
            left, right = inner_offsets(text, start, end)
            if left >= right:
                self.report("empty", "fragment not imported: it holds no character but white space")
                continue
            if (left, right) != (start, end):
                self.report("whitespace", "outer white space trimmed")
            trimmed.append((left, right))
        return trimmed

    def _span(self, doc: Doc, start: int, end: int) -> Span:
        span = expanded_span(doc, start, end)
        if (span.start_char, span.end_char) != (start, end):
            self.report("misaligned", "expanded to whole tokens")
        return Span(doc, span.start, span.end, label=self.mention.label, span_id=self.mention.id)

    def _entity(self, doc: Doc, text: str) -> Span | None:
        if not self.fragments:
            return None
        if outer_offsets(text, self.fragments) is None:
            self.report("discontinuous", "left out of doc.ents, its fragments are spans")
            return None
        if len(self.fragments) > 1:
            self.report("discontinuous", "one entity in doc.ents: only white space parts its fragments")
        start, end = min(span.start for span in self.spans), max(span.end for span in self.spans)
        return Span(doc, start, end, label=self.mention.label, span_id=self.mention.id)


def _flatten(candidates: list[tuple[Span, Mention]], audit: ImportAudit, doc_id: str) -> list[Span]:
    """Keep the longest of overlapping entities, of equally long ones the first in the text, then in the list."""
    owner: dict[int, Span] = {}
    kept = []
    for span, mention in sorted(candidates, key=lambda pair: (pair[0].start - pair[0].end, pair[0].start)):
        taken = next((owner[i] for i in range(span.start, span.end) if i in owner), None)
        if taken is not None:
            _report(audit, doc_id, mention, "overlapping", f"left out of doc.ents, {taken.id_} is there")
            continue
        owner.update(dict.fromkeys(range(span.start, span.end), span))
        kept.append(span)
    return sorted(kept, key=lambda span: span.start)


def _report(audit: ImportAudit, doc_id: str, mention: Mention, problem: str, action: str) -> None:
    start, end = mention.extent
    audit.add(problem, action, doc_id=doc_id, annotation_id=mention.id, start=start, end=end, label=mention.label)
