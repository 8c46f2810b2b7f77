"""Where the gold of a head is, and which documents teach it."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from ..annotations.entity import Entity
from ..annotations.keys import DOMAIN_KEY, SOFT_KEY, SPANS_KEY

GoldFrom = Literal["ents", "spans"]


class GoldSettings(NamedTuple):
    """What of a reference is a head's gold.

    gold_from (str): "ents": `doc.ents`; "spans": the span group, empty or not.
    spans_key (str): The span group.
    domains (Optional[Sequence[Optional[str]]]): Corpora that teach the head, None for documents of no corpus; None for
        all.
    gold_labels (Optional[Sequence[str]]): Labels that it learns; entities of others are none. None for all.
    """

    gold_from: GoldFrom = "ents"
    spans_key: str = SPANS_KEY
    domains: Sequence[str | None] | None = None
    gold_labels: Sequence[str] | None = None

    def is_supervised(self, reference: Doc) -> bool:
        """RETURNS (bool): Whether a gold document teaches the head: whether it is of its corpora, and annotated."""
        if SOFT_KEY in reference.spans or not self._is_of_domains(reference):
            return False
        return self.spans_key in reference.spans if self.gold_from == "spans" else reference.has_annotation("ENT_IOB")

    def is_soft(self, reference: Doc) -> bool:
        """RETURNS (bool): Whether a document teaches the head what is probable: by `annotations.keys.SOFT_KEY`."""
        return SOFT_KEY in reference.spans and self._is_of_domains(reference)

    def spans(self, reference: Doc) -> list[Span]:
        """Find the entities of a document that teaches the head.

        reference (Doc): The document.
        RETURNS (List[Span]): Its entities without white space at their ends; one of white space alone is none. Of
            overlapping spans in a group the longest, then the first, counts.
        """
        spans: Sequence[Span] = reference.ents if self.gold_from == "ents" else list(reference.spans[self.spans_key])
        if self.gold_labels is not None:
            spans = [span for span in spans if span.label_ in self.gold_labels]
        if self.gold_from == "spans":
            spans = filter_spans(spans)
        return [trimmed for trimmed in map(_trim, spans) if len(trimmed)]

    def entities(self, reference: Doc) -> frozenset[Entity] | None:
        """RETURNS (Optional[FrozenSet[Entity]]): The `spans` by their characters; None if it does not teach a head."""
        if not self.is_supervised(reference):
            return None
        return frozenset(Entity(span.start_char, span.end_char, span.label_) for span in self.spans(reference))

    def labels(self, references: Iterable[Doc]) -> list[str]:
        """RETURNS (List[str]): The labels of all documents that teach the head, sorted."""
        found: set[str] = set()
        for reference in references:
            if self.is_soft(reference):
                labels = {span.label_ for span in reference.spans[SOFT_KEY]}
                found |= labels if self.gold_labels is None else labels & set(self.gold_labels)
            else:
                found.update(entity.label for entity in self.entities(reference) or ())
        return sorted(found)

    def _is_of_domains(self, reference: Doc) -> bool:
        return self.domains is None or reference.user_data.get(DOMAIN_KEY) in self.domains


def _trim(span: Span) -> Span:
    start, end = span.start, span.end
    while start < end and span.doc[start].is_space:
        start += 1
    while start < end and span.doc[end - 1].is_space:
        end -= 1
    return span if (start, end) == (span.start, span.end) else Span(span.doc, start, end, label=span.label)
