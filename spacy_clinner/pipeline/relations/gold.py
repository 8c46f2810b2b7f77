"""Gold relations of examples, as numbers of entities and labels."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.types import Floats2d, Ints2d

from ...annotations.char_spans import expanded_span
from ...annotations.entity import Entity
from ...annotations.keys import DOC_ID_KEY
from ...annotations.relations import labels_by_offsets, read_relations, spans_of
from ...errors import Errors


class TaughtEntities(NamedTuple):
    """Entities that a document's relations are learned between.

    spans (List[Span]): Spans of the predicted document, in the order of their starts.
    gold (List[Entity]): What each is called in the gold: offsets may differ where the tokens do.
    """

    spans: list[Span]
    gold: list[Entity]


def taught_entities(example: Example, spans_key: str | None, from_gold: bool) -> TaughtEntities:
    """Find the entities between which an example teaches relations.

    example (Example): the example.
    spans_key (Optional[str]): as for `spans_of`.
    from_gold (bool): take those of the gold; else those that an earlier component has found.
    RETURNS (TaughtEntities): the entities.
    RAISES (ValueError): CE252 if the texts differ, CE254 if no component has looked for entities.
    """
    predicted, reference = example.predicted, example.reference
    if predicted.text != reference.text:
        raise ValueError(Errors.CE252.format(doc=reference.user_data.get(DOC_ID_KEY)))
    spans = spans_of(reference if from_gold else predicted, spans_key)
    if not from_gold and len(predicted):
        looked = predicted.has_annotation("ENT_IOB") if spans_key is None else spans_key in predicted.spans
        if not looked:
            raise ValueError(Errors.CE254.format(doc=reference.user_data.get(DOC_ID_KEY)))
    gold = [Entity(span.start_char, span.end_char, span.label_) for span in spans]
    if from_gold:
        spans = [
            expanded_span(predicted, span.start_char, span.end_char, label=span.label_, kb_id=span.kb_id_)
            for span in spans
        ]
    return TaughtEntities(list(spans), gold)


def read_gold_relations(
    reference: Doc,
    entities: Sequence[Entity],
    labels: Mapping[str, int],
    spans_key: str | None,
    skip_others: bool = False,
) -> Ints2d:
    """Read the relations of a gold document that hold between given entities.

    reference (Doc): the gold document, annotated.
    entities (Sequence[Entity]): the entities; a relation of others is left out.
    labels (Mapping[str, int]): number of each relation label.
    spans_key (Optional[str]): as for `spans_of`.
    skip_others (bool): whether relations whose label is not known are left out; else they are an error.
    RETURNS (Ints2d): head, child and label of each relation, as numbers. Shape: (g, 3)
    RAISES (ValueError): CE251 for an unknown label, CE253 if head or child is no entity of the gold.
    """
    numbers = {entity: number for number, entity in enumerate(entities)}
    names = labels_by_offsets(reference, spans_key)
    rows = []
    for *ends, label, _ in read_relations(reference):
        doc = reference.user_data.get(DOC_ID_KEY)
        if label not in labels and skip_others:
            continue
        if label not in labels:
            raise ValueError(Errors.CE251.format(doc=doc, label=label, labels=", ".join(labels)))
        for side, offsets in zip(("head", "child"), ends, strict=True):
            if offsets not in names:
                raise ValueError(Errors.CE253.format(doc=doc, side=side, start=offsets[0], end=offsets[1], label=label))
        head, child = (numbers.get(Entity(*offsets, names[offsets])) for offsets in ends)
        if head is not None and child is not None:
            rows.append((head, child, labels[label]))
    return np.array(rows, dtype="int64").reshape(-1, 3)


def targets_of(pairs: Ints2d, relations: Ints2d, n_labels: int) -> Floats2d:
    """Mark the relations of pairs.

    pairs (Ints2d): head and child of each pair. Shape: (p, 2)
    relations (Ints2d): head, child and label of each relation. Shape: (g, 3)
    n_labels (int): number of relation labels.
    RETURNS (Floats2d): 1 where a pair has a relation. Shape: (p, n_labels)
    """
    targets = np.zeros((len(pairs), n_labels), dtype="f")
    rows = {pair: row for row, pair in enumerate(map(tuple, pairs.tolist()))}
    for head, child, label in relations.tolist():
        if (row := rows.get((head, child))) is not None:
            targets[row, label] = 1
    return targets
