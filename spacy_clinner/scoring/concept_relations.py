"""Relations of concepts, wherever in a document they are mentioned."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from spacy.tokens import Doc

from ..constants import CONCEPT_RELATIONS_KEY, RELATIONS_KEY


class ConceptRelation(NamedTuple):
    """A relation between two concepts of a document, wherever they are mentioned."""

    head: str
    child: str
    label: str


def gold_concepts(reference: Doc) -> frozenset[ConceptRelation]:
    """The relations of concepts that a corpus tells of a document."""
    relations = reference.user_data.get(CONCEPT_RELATIONS_KEY, ())
    return frozenset(ConceptRelation(head, child, label) for label, head, child in relations)


def predicted_concepts(doc: Doc, relations: Iterable[dict[str, Any]] | None = None) -> frozenset[ConceptRelation]:
    """The relations of concepts that follow from predicted relations of their mentions.

    doc (Doc): The document; the entities' concepts are their `kb_id_`, several joined by "|"; none has no relations.
    relations (Optional[Iterable[Dict[str, Any]]]): Some of its relations; None for all.
    RETURNS (FrozenSet[ConceptRelation]): The relations.
    """
    concepts = {(ent.start_char, ent.end_char): ent.kb_id_.split("|") if ent.kb_id_ else [] for ent in doc.ents}
    return frozenset(
        ConceptRelation(head, child, relation["label"])
        for relation in (doc.user_data.get(RELATIONS_KEY, ()) if relations is None else relations)
        for head in concepts.get(tuple(relation["head"]), ())
        for child in concepts.get(tuple(relation["child"]), ())
    )
