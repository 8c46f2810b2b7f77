"""Gold entities of examples as BIOES tags, and what is possible where nobody annotated, or not for all labels."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.types import Ints1d

from ..annotations.documents import annotated_labels
from ..annotations.keys import DOC_ID_KEY
from ..errors import Errors
from ..layers.crf import UNKNOWN
from ..layers.tags.entries import label_entries
from ..layers.tags.layout import OUTSIDE, count_tags, spans_to_tags
from .gold_settings import GoldFrom, GoldSettings


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


def encode_gold(
    examples: Sequence[Example],
    labels: dict[str, int],
    settings: GoldSettings,
    skip_others: bool = False,
) -> EncodedGold:
    """Write the gold of a batch as tags of the predicted tokens.

    A tag is unknown in documents that teach another head, in tokens without annotation, in tokens that an entity covers
    in part. Where a document was not annotated for some of the labels (`annotations.keys.LABELS_KEY`), a token outside
    of its entities is outside or part of an entity of such a label: which, the gold does not say.

    examples (Sequence[Example]): the batch.
    labels (Dict[str, int]): number of each label.
    settings (GoldSettings): where the gold is.
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
        if settings.is_supervised(example.reference):
            entities, known = _align(example, settings.spans(example.reference), settings.gold_from)
            if skip_others:
                for start, end, label, _ in entities:
                    if label not in labels:
                        known[start:end] = False
                entities = [entity for entity in entities if entity[2] in labels]
            spans.extend(
                (number, start, end, label_number(label, labels, example.reference, offset))
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


def annotated_tokens(example: Example, gold_from: GoldFrom) -> np.ndarray:
    """Find the tokens that somebody looked at.

    example (Example): predicted and reference of one text.
    gold_from (str): as of `GoldSettings`; span groups tell of all tokens.
    RETURNS (ndarray): whether a predicted token has a character in common with an annotated one. Bool, shape: (n,)
    """
    predicted, reference = example.predicted, example.reference
    told = np.ones(len(predicted), dtype=bool)
    if gold_from == "ents" and not reference.to_array("ENT_IOB").all():
        told[:] = False
        for token in reference:
            if token.ent_iob:
                told[_covering(predicted, token.idx, token.idx + len(token))] = True
    return told


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


def label_number(label: str, labels: Mapping[str, int], reference: Doc, offset: int) -> int:
    """Find the number of a gold label.

    label (str): The label.
    labels (Mapping[str, int]): Number of each label.
    reference (Doc), offset (int): Where it is, for errors.
    RETURNS (int): Its number.
    RAISES (ValueError): CE203 if it has none.
    """
    if label not in labels:
        raise ValueError(
            Errors.CE203.format(
                doc=reference.user_data.get(DOC_ID_KEY), offset=offset, label=label, labels=", ".join(labels)
            )
        )
    return labels[label]
