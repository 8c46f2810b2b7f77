"""Which labels relations have, and which pairs of entity labels they hold between."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from spacy.training import Example

from ...annotations.relations import labels_by_offsets, read_relations


def collect_labels(examples: Iterable[Example], spans_key: str | None) -> dict[str, Any]:
    """Find the labels that occur in gold documents.

    examples (Iterable[Example]): the examples.
    spans_key (Optional[str]): span group of the entities; None: `doc.ents`.
    RETURNS (Dict[str, Any]): "labels" of relations, "entity_labels", and "label_pairs": of each head's label those of
        its children; all sorted.
    """
    labels, entity_labels = set[str](), set[str]()
    pairs: dict[str, set[str]] = {}
    for example in examples:
        names = labels_by_offsets(example.reference, spans_key)
        entity_labels.update(names.values())
        for relation in read_relations(example.reference):
            labels.add(relation.label)
            head, child = names.get(relation.head), names.get(relation.child)
            if head and child:
                pairs.setdefault(head, set()).add(child)
    label_pairs = {head: sorted(children) for head, children in sorted(pairs.items())}
    return {"labels": sorted(labels), "entity_labels": sorted(entity_labels), "label_pairs": label_pairs}


def allowed_pairs(entity_labels: Sequence[str], label_pairs: Mapping[str, Sequence[str]] | None) -> np.ndarray:
    """Write pairs of labels by number.

    entity_labels (Sequence[str]): labels 1, 2, ...; label 0 is that of entities with another one.
    label_pairs (Optional[Mapping[str, Sequence[str]]]): labels of heads, and of each those of its children.
    RETURNS (ndarray): whether a head's label may have a child's. Bool, shape (labels + 1, labels + 1)
    """
    labels, pairs = ["", *entity_labels], label_pairs or {}
    return np.array([[child in pairs.get(head, ()) for child in labels] for head in labels], dtype=bool)
