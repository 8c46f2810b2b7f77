"""The scorer of relations over `Example`s: strict and overlapping, micro, macro and per label."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy import registry
from spacy.training import Example

from ..counts import report_labels
from .counting import by_label, count_relations, prf_of_all


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
    examples = list(examples)
    strict = count_relations(examples, "strict", spans_key)
    scores = report_labels("rels", *by_label(strict))
    concepts = count_relations(examples, "concepts", spans_key)
    scores["rels_concepts_f"] = prf_of_all(concepts)[2] if len(concepts.values) else None
    if (per_type := scores["rels_per_type"]) is None:
        return {**scores, "rels_macro_f": None, "rels_overlap_f": None}
    scores["rels_macro_f"] = sum(label["f"] for label in per_type.values()) / len(per_type)
    scores["rels_overlap_f"] = prf_of_all(count_relations(examples, "overlap", spans_key))[2]
    return scores
