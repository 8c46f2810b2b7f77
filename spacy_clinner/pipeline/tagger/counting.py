"""Right, predicted and gold entities of documents, by a head's own gold."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.training import Example
from thinc.types import Ints2d

from ...annotations.entity import Entity
from ..gold import gold_spans, is_supervised


def count_entities(
    examples: Sequence[Example], spans: Sequence[Ints2d], labels: Sequence[str], **gold_settings: Any
) -> NDArray[np.int64]:
    """Count what is right, predicted and in the gold.

    examples (Sequence[Example]): The documents.
    spans (Sequence[Ints2d]): Entities of each, as start, end and label number of predicted tokens. Shape: (m, 3)
    labels (Sequence[str]): The labels.
    **gold_settings (Any): As for `pipeline.gold.is_supervised`.
    RETURNS (NDArray[int64]): The three numbers of each document; 0 where there is no gold. *Shape:* (documents, 3)
    """
    counts = np.zeros((len(examples), 3), dtype="int64")
    where = {name: gold_settings[name] for name in ("gold_from", "spans_key")}
    for row, example, own in zip(counts, examples, spans, strict=True):
        if not is_supervised(example.reference, **gold_settings):
            continue
        gold = {Entity(span.start_char, span.end_char, span.label_) for span in gold_spans(example.reference, **where)}
        found = {_entity(example.predicted, start, end, labels[label]) for start, end, label in own.tolist()}
        row[:] = len(gold & found), len(found), len(gold)
    return counts


def _entity(doc: Doc, start: int, end: int, label: str) -> Entity:
    return Entity(doc[start].idx, doc[end - 1].idx + len(doc[end - 1]), label)
