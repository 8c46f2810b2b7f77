"""What the entities of a document mention, and relations between concepts, wherever they are mentioned.

`kb_id_` names an entity's concept. A composite mention ("ovarian and breast cancer") names several, as corpora write
them: "D010051|D001943". It is read here only. Relations are told, scored and dropped between single concepts; a
relation extractor that judges concepts takes what a composite mention names together (`pipeline.relations.groups`).
"""

import re
from collections.abc import Collection, Iterable, Mapping

from spacy.tokens import Doc, Span

from .keys import CONCEPT_RELATIONS_KEY
from .relations import Offsets, Relation, read_relations

# Concepts of entities by their character offsets.
Concepts = Mapping[Offsets, tuple[str, ...]]

_LISTED = re.compile(r"[,;]")
# a variant of a gene, whose name holds bars: p|SUB|V|600|E, c|Allele|G|111, |INS|125_126|AA
_VARIANT = re.compile(r"[a-z]?\|[A-Za-z]{2,}\d*\|")


def split_concepts(kb_id: str) -> tuple[str, ...]:
    """Tell the concepts of a mention apart.

    kb_id (str): Its concepts, as corpora write them.
    RETURNS (Tuple[str, ...]): Those that "|", "," or ";" separates, in their order; a variant's name keeps its bars.
    """
    names = [name for part in _LISTED.split(kb_id) for name in ([part] if _VARIANT.match(part) else part.split("|"))]
    return tuple(filter(None, names))


def concepts_of(span: Span) -> tuple[str, ...]:
    """RETURNS (Tuple[str, ...]): The concepts that an entity names, none if it has no `kb_id_`."""
    return split_concepts(span.kb_id_)


def concepts_by_offsets(spans: Iterable[Span]) -> Concepts:
    """Read the concepts of entities.

    spans (Iterable[Span]): The entities.
    RETURNS (Mapping[Offsets, Tuple[str, ...]]): The concepts of those that have any.
    """
    return {(span.start_char, span.end_char): found for span in spans if (found := concepts_of(span))}


def relations_of_concepts(relation: Relation[Offsets], concepts: Concepts) -> set[Relation[str]]:
    """What a relation of entities says of their concepts.

    relation (Relation[Offsets]): The relation.
    concepts (Mapping[Offsets, Tuple[str, ...]]): As `concepts_by_offsets` returns them.
    RETURNS (Set[Relation[str]]): The relations; none if head or child has no concept.
    """
    return {
        Relation(head, child, relation.label)
        for head in concepts.get(relation.head, ())
        for child in concepts.get(relation.child, ())
    }


def tells_of_concepts(doc: Doc) -> bool:
    """RETURNS (bool): Whether a gold document tells which of its concepts are related."""
    return CONCEPT_RELATIONS_KEY in doc.user_data


def read_concept_relations(doc: Doc) -> frozenset[Relation[str]]:
    """RETURNS (FrozenSet[Relation[str]]): The relations of concepts that a corpus tells of a document."""
    relations = doc.user_data.get(CONCEPT_RELATIONS_KEY, ())
    return frozenset(Relation(head, child, label) for label, head, child in relations)


def drop_concepts(doc: Doc, concepts: Collection[str]) -> None:
    """Drop relations of concepts that nothing mentions any more.

    doc (Doc): The document; if nobody told relations of its concepts, it stays as it is.
    concepts (Collection[str]): The concepts.
    """
    if tells_of_concepts(doc):
        stored = doc.user_data[CONCEPT_RELATIONS_KEY]
        doc.user_data[CONCEPT_RELATIONS_KEY] = [one for one in stored if not set(concepts).intersection(one[1:])]


def implied_concept_relations(
    doc: Doc, relations: Iterable[Relation[Offsets]] | None = None
) -> frozenset[Relation[str]]:
    """The relations of concepts that follow from relations of their mentions.

    doc (Doc): The document, whose entities (`doc.ents`) have concepts.
    relations (Optional[Iterable[Relation[Offsets]]]): Some of its relations; None for all.
    RETURNS (FrozenSet[Relation[str]]): The relations.
    """
    concepts = concepts_by_offsets(doc.ents)
    relations = read_relations(doc) if relations is None else relations
    return frozenset().union(*(relations_of_concepts(relation, concepts) for relation in relations))
