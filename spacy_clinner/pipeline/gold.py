"""Gold entities of examples as BIOES tags, with a mark for tokens that nobody annotated."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans
from thinc.types import Ints1d

from ..annotations.entity import Entity
from ..annotations.keys import DOC_ID_KEY, DOMAIN_KEY
from ..errors import Errors
from ..layers.crf import UNKNOWN
from ..layers.tags.layout import spans_to_tags

GoldFrom = Literal["ents", "spans"]


def is_supervised(reference: Doc, gold_from: GoldFrom, spans_key: str, domains: Sequence[str] | None) -> bool:
    """Tell whether a document teaches a head.

    reference (Doc): the gold document.
    gold_from (str): "ents": it must have entity annotation; "spans": the group must be there, empty or not.
    spans_key (str): the span group.
    domains (Optional[Sequence[str]]): corpora that teach the head; None for all.
    RETURNS (bool): whether any of its tokens is supervised.
    """
    if domains is not None and reference.user_data.get(DOMAIN_KEY) not in domains:
        return False
    return spans_key in reference.spans if gold_from == "spans" else reference.has_annotation("ENT_IOB")


def gold_spans(reference: Doc, gold_from: GoldFrom, spans_key: str) -> Sequence[Span]:
    """Entities of a supervised document without white space at their ends; one of white space alone is none.

    Of overlapping spans in a group the longest, then the first, counts.
    """
    spans = reference.ents if gold_from == "ents" else filter_spans(reference.spans[spans_key])
    return [trimmed for trimmed in map(_trim, spans) if len(trimmed)]


def gold_entities(
    reference: Doc, gold_from: GoldFrom, spans_key: str, domains: Sequence[str] | None
) -> frozenset[Entity] | None:
    """RETURNS (Optional[FrozenSet[Entity]]): `gold_spans` by their characters; None if there is no supervision."""
    if not is_supervised(reference, gold_from, spans_key, domains):
        return None
    spans = gold_spans(reference, gold_from, spans_key)
    return frozenset(Entity(span.start_char, span.end_char, span.label_) for span in spans)


def _trim(span: Span) -> Span:
    start, end = span.start, span.end
    while start < end and span.doc[start].is_space:
        start += 1
    while start < end and span.doc[end - 1].is_space:
        end -= 1
    return span if (start, end) == (span.start, span.end) else Span(span.doc, start, end, label=span.label)


def encode_gold(
    examples: Sequence[Example],
    labels: dict[str, int],
    *,
    gold_from: GoldFrom,
    spans_key: str,
    domains: Sequence[str] | None,
) -> Ints1d:
    """Write the gold of a batch as tags of the predicted tokens.

    examples (Sequence[Example]): the batch.
    labels (Dict[str, int]): number of each label.
    gold_from (str), spans_key (str), domains (Optional[Sequence[str]]): as for `is_supervised`.
    RETURNS (Ints1d): tags in the order of `layers.tags`; `layers.crf.UNKNOWN` where the annotation is missing: in
        documents that teach another head, in tokens without annotation, in tokens that an entity covers in part.
        Shape: (number of tokens,)
    RAISES: CE202 if predicted and reference differ in their text, CE203 if the gold has a label that is not known.
    """
    spans: list[tuple[int, int, int, int]] = []
    masks = []
    for number, example in enumerate(examples):
        known = np.zeros(len(example.predicted), dtype=bool)
        if is_supervised(example.reference, gold_from, spans_key, domains):
            entities, known = _align(example, gold_spans(example.reference, gold_from, spans_key), gold_from)
            spans.extend(
                (number, start, end, _number(label, labels, example.reference, offset))
                for start, end, label, offset in entities
            )
        masks.append(known)
    lengths = np.array([len(mask) for mask in masks], dtype="int64")
    tags = spans_to_tags(np.array(spans, dtype="int64").reshape(-1, 4), lengths, len(labels))
    tags[~np.concatenate([*masks, np.zeros(0, dtype=bool)])] = UNKNOWN
    return tags


def _align(
    example: Example, spans: Sequence[Span], gold_from: GoldFrom
) -> tuple[list[tuple[int, int, str, int]], np.ndarray]:
    """Entities as (start, end, label, character offset) over predicted tokens, and which tokens are annotated."""
    predicted, reference = example.predicted, example.reference
    annotated = reference.to_array("ENT_IOB") != 0 if gold_from == "ents" else np.ones(len(reference), dtype=bool)
    words = reference.to_array("ORTH")
    if len(words) == len(predicted) and (words == predicted.to_array("ORTH")).all():
        return [(span.start, span.end, span.label_, span.start_char) for span in spans], annotated
    if predicted.text != reference.text:
        raise ValueError(Errors.CE202.format(doc=reference.user_data.get(DOC_ID_KEY)))
    known = np.ones(len(predicted), dtype=bool)
    for token in reference:
        if not annotated[token.i]:
            known[_covering(predicted, token.idx, token.idx + len(token))] = False
    entities = []
    for span in spans:
        aligned = predicted.char_span(span.start_char, span.end_char)
        if aligned is None:
            known[_covering(predicted, span.start_char, span.end_char)] = False
        else:
            entities.append((aligned.start, aligned.end, span.label_, span.start_char))
    return entities, known


def _covering(doc: Doc, start: int, end: int) -> slice:
    span = doc.char_span(start, end, alignment_mode="expand")
    return slice(span.start, span.end) if span is not None else slice(0, 0)


def _number(label: str, labels: dict[str, int], reference: Doc, offset: int) -> int:
    if label not in labels:
        raise ValueError(
            Errors.CE203.format(
                doc=reference.user_data.get(DOC_ID_KEY), offset=offset, label=label, labels=", ".join(labels)
            )
        )
    return labels[label]
