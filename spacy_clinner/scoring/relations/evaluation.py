"""The evaluation of relations: strict, overlapping and between concepts, per label, with intervals."""

from collections.abc import Sequence

from spacy.training import Example

from ...annotations.relations import has_relations
from ...errors import Errors
from ..evaluation import Bootstrap, ModeScores, score_counts
from .counting import Mode, best_mode, count_relations


def evaluate_relations(
    examples: Sequence[Example], spans_key: str | None = None, bootstrap: Bootstrap | None = None
) -> dict[str, ModeScores]:
    """Score the predicted relations of documents.

    examples (Sequence[Example]): The examples; those without annotated relations are left out.
    spans_key (Optional[str]): Span group of the entities; None for `doc.ents`.
    bootstrap (Optional[Bootstrap]): Settings of the intervals; None: the defaults.
    RETURNS (Dict[str, ModeScores]): "strict" and "overlap"; and "concepts" if any gold tells relations of concepts: all
        as `count_relations` defines them.
    RAISES (ValueError): CE252 if the texts of an example differ, CE298 if no example has annotated relations.
    """
    if not any(has_relations(example.reference) for example in examples):
        raise ValueError(Errors.CE298.format(n=len(examples)))
    modes: list[Mode] = ["strict", "overlap"]
    if best_mode(examples) == "concepts":
        modes.append("concepts")
    bootstrap = bootstrap or Bootstrap()
    return {mode: score_counts(count_relations(examples, mode, spans_key), bootstrap) for mode in modes}
