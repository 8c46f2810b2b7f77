"""The evaluation of relations: strict, overlapping and between concepts, per label, with intervals."""

from collections.abc import Collection, Sequence

import numpy as np
from spacy.training import Example

from ...annotations.keys import CONCEPT_RELATIONS_KEY, RELATIONS_KEY
from ..counts import MATCHED_GOLD, MATCHED_PREDICTED, PREDICTED, SUPPORT, Counts
from ..evaluation import Bootstrap, ModeScores, score_counts
from .concepts import gold_concepts, predicted_concepts
from .scorer import find_overlapping, relations_of


def evaluate_relations(
    examples: Sequence[Example], spans_key: str | None = None, bootstrap: Bootstrap | None = None
) -> dict[str, ModeScores]:
    """Score the predicted relations of documents.

    examples (Sequence[Example]): The examples; those without annotated relations are left out.
    spans_key (Optional[str]): Span group of the entities; None for `doc.ents`.
    bootstrap (Optional[Bootstrap]): Settings of the intervals; None: the defaults.
    RETURNS (Dict[str, ModeScores]): "strict" and "overlap", as `relation_score` defines them; and "concepts" if the
        gold tells relations of concepts: a predicted one is between the concepts of the entities of a predicted
        relation.
    """
    bootstrap = bootstrap or Bootstrap()
    annotated = [example for example in examples if RELATIONS_KEY in example.reference.user_data]
    pairs = [tuple(relations_of(doc, spans_key) for doc in (eg.reference, eg.predicted)) for eg in annotated]
    modes = {
        "strict": _count([(gold, guesses, gold & guesses) for gold, guesses in pairs]),
        "overlap": _count([(gold, guesses, find_overlapping(gold, guesses)) for gold, guesses in pairs]),
    }
    if any(CONCEPT_RELATIONS_KEY in example.reference.user_data for example in annotated):
        concepts = [(gold_concepts(example.reference), predicted_concepts(example.predicted)) for example in annotated]
        modes["concepts"] = _count([(gold, guesses, gold & guesses) for gold, guesses in concepts])
    return {name: score_counts(counts, bootstrap) for name, counts in modes.items()}


def _count(documents: Sequence[tuple[Collection, Collection, Collection]]) -> Counts:
    """Count gold, predicted and found relations per document and label."""
    labels = sorted({relation.label for gold, guesses, _ in documents for relation in (*gold, *guesses)})
    rows = {label: row for row, label in enumerate(labels)}
    values = np.zeros((len(documents), len(labels), 4))
    for number, (gold, guesses, found) in enumerate(documents):
        for relation in gold:
            values[number, rows[relation.label], SUPPORT] += 1
        for relation in guesses:
            values[number, rows[relation.label], PREDICTED] += 1
        for relation in found:
            values[number, rows[relation.label], [MATCHED_GOLD, MATCHED_PREDICTED]] += 1
    return Counts(tuple(labels), values)
