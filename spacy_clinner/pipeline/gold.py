"""Gold entities of examples as BIOES tags, and what is possible where nobody annotated, or not for all labels."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans
from thinc.types import Ints1d

from ..annotations.documents import annotated_labels
from ..annotations.entity import Entity
from ..annotations.keys import DOC_ID_KEY, DOMAIN_KEY
from ..errors import Errors
from ..layers.crf import UNKNOWN
from ..layers.tags.entries import label_entries
from ..layers.tags.layout import OUTSIDE, count_tags, spans_to_tags

GoldFrom = Literal["ents", "spans"]


class EncodedGold(NamedTuple):
    """The gold of a batch by its tokens.

    tags (Ints1d): Tags in the order of `layers.tags`; `layers.crf.UNKNOWN` where more than one is possible. Shape: (N,)
    allowed (Optional[ndarray]): Tags that a token of unknown tag may have; None: any. Bool, shape: (N, 4K+1)
    """

    tags: Ints1d
    allowed: np.ndarray | None

    @property
    def n_supervised(self) -> int:
        """RETURNS (int): Tokens of which the gold says anything."""
        told = self.tags != UNKNOWN
        return int((told if self.allowed is None else told | ~self.allowed.all(axis=1)).sum())


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


def gold_spans(
    reference: Doc, gold_from: GoldFrom, spans_key: str, gold_labels: Sequence[str] | None = None
) -> Sequence[Span]:
    """Entities of a supervised document without white space at their ends; one of white space alone is none.

    Of overlapping spans in a group the longest, then the first, counts. Those of other labels than the `gold_labels`
    are none; None for all.
    """
    spans: Sequence[Span] = reference.ents if gold_from == "ents" else list(reference.spans[spans_key])
    if gold_labels is not None:
        spans = [span for span in spans if span.label_ in gold_labels]
    if gold_from == "spans":
        spans = filter_spans(spans)
    return [trimmed for trimmed in map(_trim, spans) if len(trimmed)]


def gold_entities(
    reference: Doc,
    gold_from: GoldFrom,
    spans_key: str,
    domains: Sequence[str] | None,
    gold_labels: Sequence[str] | None = None,
) -> frozenset[Entity] | None:
    """RETURNS (Optional[FrozenSet[Entity]]): `gold_spans` by their characters; None if there is no supervision."""
    if not is_supervised(reference, gold_from, spans_key, domains):
        return None
    spans = gold_spans(reference, gold_from, spans_key, gold_labels)
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
    gold_labels: Sequence[str] | None = None,
    skip_others: bool = False,
) -> EncodedGold:
    """Write the gold of a batch as tags of the predicted tokens.

    A tag is unknown in documents that teach another head, in tokens without annotation, in tokens that an entity covers
    in part. Where a document was not annotated for some of the labels (`annotations.keys.LABELS_KEY`), a token outside
    of its entities is outside or part of an entity of such a label: which, the gold does not say.

    examples (Sequence[Example]): the batch.
    labels (Dict[str, int]): number of each label.
    gold_from (str), spans_key (str), domains (Optional[Sequence[str]]): as for `is_supervised`.
    gold_labels (Optional[Sequence[str]]): as for `gold_spans`.
    skip_others (bool): whether tokens of entities whose label is not known count as not annotated; else they are an
        error.
    RETURNS (EncodedGold): tags and what is allowed where they are unknown.
    RAISES: CE202 if predicted and reference differ in their text, CE203 if the gold has a label that is not known.
    """
    spans: list[tuple[int, int, int, int]] = []
    masks, silent = [], []
    for number, example in enumerate(examples):
        known = np.zeros(len(example.predicted), dtype=bool)
        unannotated: tuple[int, ...] = ()
        if is_supervised(example.reference, gold_from, spans_key, domains):
            found = gold_spans(example.reference, gold_from, spans_key, gold_labels)
            entities, known = _align(example, found, gold_from)
            if skip_others:
                for start, end, label, _ in entities:
                    if label not in labels:
                        known[start:end] = False
                entities = [entity for entity in entities if entity[2] in labels]
            spans.extend(
                (number, start, end, _number(label, labels, example.reference, offset))
                for start, end, label, offset in entities
            )
            annotated = annotated_labels(example.reference)
            unannotated = tuple(n for label, n in labels.items() if annotated is not None and label not in annotated)
        masks.append(known)
        silent.append(unannotated)
    lengths = np.array([len(mask) for mask in masks], dtype="int64")
    tags = spans_to_tags(np.array(spans, dtype="int64").reshape(-1, 4), lengths, len(labels))
    tags[~np.concatenate([*masks, np.zeros(0, dtype=bool)])] = UNKNOWN
    return EncodedGold(tags, _open_outside(tags, lengths, silent, len(labels)))


def _open_outside(tags: Ints1d, lengths: Ints1d, silent: Sequence[tuple[int, ...]], n_labels: int) -> np.ndarray | None:
    """Let what is outside be of labels that nobody looked for, in place; None where all labels were looked for."""
    if not any(silent):
        return None
    allowed = np.ones((len(tags), count_tags(n_labels)), dtype=bool)
    ends = np.cumsum(lengths)
    for start, end, unannotated in zip(ends - lengths, ends, silent, strict=True):
        if unannotated:
            outside = start + np.flatnonzero(tags[start:end] == OUTSIDE)
            allowed[outside] = False
            allowed[np.ix_(outside, label_entries(unannotated, n_labels)["tags"])] = True
            tags[outside] = UNKNOWN
    return allowed


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
