"""The scorer of relations over `Example`s: strict and overlapping, micro, macro and per label.

A gold relation is found or missed, whether or not its pair was ever a candidate.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from spacy import registry
from spacy.tokens import Doc
from spacy.training import Example

from ...annotations.documents import entities_of
from ...annotations.entity import Entity
from ...annotations.keys import CONCEPT_RELATIONS_KEY, DOC_ID_KEY, RELATIONS_KEY
from ...errors import Errors
from ..counts import prf_of, report_labels
from .concepts import gold_concepts, predicted_concepts


class RelationOf(NamedTuple):
    """A relation with the labels of its entities."""

    head: Entity
    child: Entity
    label: str


@registry.scorers("spacy_clinner.relation_scorer.v1")
def make_relation_scorer() -> Callable[..., dict[str, Any]]:
    """Make the scorer of relation extractors.

    RETURNS (Callable): `relation_score`.
    """
    return relation_score


def relation_score(examples: Iterable[Example], *, spans_key: str | None = None, **kwargs: Any) -> dict[str, Any]:
    """Score predicted relations.

    Strictly, a relation is right if its label, and offsets and labels of head and child are. In overlap, head and
    child need the right labels and a common character; a gold relation is found once, and a prediction finds one.
    Documents whose gold has no relations in `user_data` are not annotated and are left out. With gold entities in the
    predicted documents, these are the scores given gold entities; with a tagger's, those end to end.

    examples (Iterable[Example]): The examples; predicted and reference must have the same text.
    spans_key (Optional[str]): Span group of the entities; None for `doc.ents`.
    **kwargs (Any): Further settings of the component, not used.
    RETURNS (Dict[str, Any]): `rels_p`, `rels_r`, `rels_f`, `rels_macro_f`, `rels_per_type`, and `rels_overlap_f`; all
        None if there was nothing to score. `rels_concepts_f`: between concepts, None if the gold tells of none.
    RAISES (ValueError): CE252 if the texts of an example differ.
    """
    matched, predicted, support = Counter(), Counter(), Counter()
    overlapping = 0
    concepts = Counter()
    for example in examples:
        if RELATIONS_KEY not in example.reference.user_data:
            continue
        if example.predicted.text != example.reference.text:
            raise ValueError(Errors.CE252.format(doc=example.reference.user_data.get(DOC_ID_KEY)))
        gold, guesses = (relations_of(doc, spans_key) for doc in (example.reference, example.predicted))
        matched.update(relation.label for relation in gold & guesses)
        predicted.update(relation.label for relation in guesses)
        support.update(relation.label for relation in gold)
        overlapping += len(find_overlapping(gold, guesses))
        if CONCEPT_RELATIONS_KEY in example.reference.user_data:
            wanted, found = gold_concepts(example.reference), predicted_concepts(example.predicted)
            concepts.update(matched=len(wanted & found), predicted=len(found), support=len(wanted))
    scores = report_labels("rels", matched, predicted, support)
    of_concepts = prf_of(concepts["matched"], concepts["predicted"], concepts["support"])[2] if concepts else None
    scores["rels_concepts_f"] = of_concepts
    if (per_type := scores["rels_per_type"]) is None:
        return {**scores, "rels_macro_f": None, "rels_overlap_f": None}
    scores["rels_macro_f"] = sum(label["f"] for label in per_type.values()) / len(per_type)
    scores["rels_overlap_f"] = prf_of(overlapping, predicted.total(), support.total())[2]
    return scores


def relations_of(
    doc: Doc, spans_key: str | None = None, relations: Iterable[dict[str, Any]] | None = None
) -> frozenset[RelationOf]:
    """Read the relations of a document.

    doc (Doc): The document.
    spans_key (Optional[str]): Span group of its entities; None for `doc.ents`.
    relations (Optional[Iterable[Dict[str, Any]]]): Some of its relations; None for all.
    RETURNS (FrozenSet[RelationOf]): The relations; an argument that is no entity has no label.
    """
    labels = {(start, end): label for start, end, label in entities_of(doc, spans_key)}
    ends = [
        (tuple(relation["head"]), tuple(relation["child"]), relation["label"])
        for relation in (doc.user_data.get(RELATIONS_KEY, ()) if relations is None else relations)
    ]
    return frozenset(
        RelationOf(Entity(*head, labels.get(head, "")), Entity(*child, labels.get(child, "")), label)
        for head, child, label in ends
    )


def find_overlapping(gold: frozenset[RelationOf], guesses: frozenset[RelationOf]) -> list[RelationOf]:
    """Find the gold relations whose ends overlap with those of a predicted one, exact ones first.

    gold (FrozenSet[RelationOf]), guesses (FrozenSet[RelationOf]): Relations of a document.
    RETURNS (List[RelationOf]): The gold relations that are found; each prediction finds one.
    """
    found, left = sorted(gold & guesses), sorted(guesses - gold)
    for relation in sorted(gold - guesses):
        guess = next((guess for guess in left if _overlap(relation, guess)), None)
        if guess is not None:
            left.remove(guess)
            found.append(relation)
    return found


def _overlap(one: RelationOf, other: RelationOf) -> bool:
    return one.label == other.label and all(
        a.label == b.label and a.start < b.end and b.start < a.end
        for a, b in ((one.head, other.head), (one.child, other.child))
    )
