"""What the entities of a document mention, and relations between concepts, wherever they are mentioned."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from spacy.tokens import Span

# Concepts of entities by their character offsets.
Concepts = Mapping[tuple[int, int], Sequence[str]]


class ConceptRelation(NamedTuple):
    """A relation between two concepts of a document, wherever they are mentioned."""

    head: str
    child: str
    label: str


def concepts_by_offsets(spans: Iterable[Span]) -> Concepts:
    """Read the concepts of entities.

    spans (Iterable[Span]): Entities; their concepts are their `kb_id_`, several joined by "|".
    RETURNS (Mapping[Tuple[int, int], Sequence[str]]): The concepts of those that have any.
    """
    return {(span.start_char, span.end_char): span.kb_id_.split("|") for span in spans if span.kb_id_}


def relations_of_concepts(relation: Mapping[str, Any], concepts: Concepts) -> set[ConceptRelation]:
    """What a relation of entities says of their concepts.

    relation (Mapping[str, Any]): The relation as it is stored.
    concepts (Mapping[Tuple[int, int], Sequence[str]]): As `concepts_by_offsets` returns them.
    RETURNS (Set[ConceptRelation]): The relations; none if head or child has no concept.
    """
    return {
        ConceptRelation(head, child, relation["label"])
        for head in concepts.get(tuple(relation["head"]), ())
        for child in concepts.get(tuple(relation["child"]), ())
    }
