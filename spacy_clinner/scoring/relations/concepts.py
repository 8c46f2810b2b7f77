"""Relations of concepts that a document's gold tells, and those that follow from predictions."""

from collections.abc import Iterable
from typing import Any

from spacy.tokens import Doc

from ...annotations.concepts import ConceptRelation, concepts_by_offsets, relations_of_concepts
from ...annotations.keys import CONCEPT_RELATIONS_KEY, RELATIONS_KEY


def gold_concepts(reference: Doc) -> frozenset[ConceptRelation]:
    """The relations of concepts that a corpus tells of a document."""
    relations = reference.user_data.get(CONCEPT_RELATIONS_KEY, ())
    return frozenset(ConceptRelation(head, child, label) for label, head, child in relations)


def predicted_concepts(doc: Doc, relations: Iterable[dict[str, Any]] | None = None) -> frozenset[ConceptRelation]:
    """The relations of concepts that follow from predicted relations of their mentions.

    doc (Doc): The document, whose entities have concepts.
    relations (Optional[Iterable[Dict[str, Any]]]): Some of its relations; None for all.
    RETURNS (FrozenSet[ConceptRelation]): The relations.
    """
    concepts = concepts_by_offsets(doc.ents)
    if relations is None:
        relations = doc.user_data.get(RELATIONS_KEY, ())
    return frozenset().union(*(relations_of_concepts(relation, concepts) for relation in relations))
