"""Relations of gold and prediction counted, in every mode in one way: what is wanted, what was found, what is right.

A gold relation is found or missed, whether or not its pair was ever a candidate.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ...annotations.concepts import implied_concept_relations, read_concept_relations, tells_of_concepts
from ...annotations.documents import entities_of
from ...annotations.entity import Entity
from ...annotations.keys import DOC_ID_KEY
from ...annotations.relations import Offsets, Relation, has_relations, read_relations
from ...errors import Errors
from ..counts import MATCHED_GOLD, MATCHED_PREDICTED, PREDICTED, SUPPORT, Counts, prf_of

Mode = Literal["strict", "overlap", "concepts"]
Keep = Callable[[Doc], Iterable[Relation[Offsets]]]


class Compared(NamedTuple):
    """The relations of a document: what its gold wants, what was predicted, and what of the gold was found."""

    gold: Collection[Relation]
    guesses: Collection[Relation]
    found: Collection[Relation]


def count_relations(
    examples: Iterable[Example], mode: Mode, spans_key: str | None = None, keep: Keep = read_relations
) -> Counts:
    """Count the relations of documents.

    examples (Iterable[Example]): The examples. One whose gold has no relations annotated (between concepts: does not
        tell of concepts) is left out.
    mode (str): "strict": a relation is right if its label, and offsets and labels of head and child are. "overlap":
        head and child need the right labels and a common character; a gold relation is found once, and a prediction
        finds one. "concepts": those between concepts that follow from relations of their mentions are compared with
        those that the gold tells.
    spans_key (Optional[str]): Span group of the entities; None for `doc.ents`.
    keep (Callable[[Doc], Iterable[Relation]]): The relations of a predicted document that count; all of them.
    RETURNS (Counts): A row for each document that is not left out.
    RAISES (ValueError): CE252 if the texts of an example differ.
    """
    return _to_counts([_compare(example, mode, spans_key, keep) for example in examples if _is_gold(example, mode)])


def by_label(counts: Counts) -> tuple[Counter, Counter, Counter]:
    """RETURNS (Tuple[Counter, Counter, Counter]): Of each label, how many are right, predicted, in the gold."""
    matched, predicted, support = (_column(counts, what) for what in (MATCHED_GOLD, PREDICTED, SUPPORT))
    return matched, predicted, support


def _column(counts: Counts, what: int) -> Counter:
    return Counter(dict(zip(counts.labels, counts.total[:, what].astype(int).tolist(), strict=True)))


def prf_of_all(counts: Counts) -> tuple[float, float, float]:
    """RETURNS (Tuple[float, float, float]): Precision, recall and F1 over all labels."""
    return prf_of(*(counter.total() for counter in by_label(counts)))


def best_mode(examples: Iterable[Example]) -> Mode:
    """RETURNS (str): "concepts" if any gold tells of these, else "strict"."""
    return "concepts" if any(_is_gold(example, "concepts") for example in examples) else "strict"


def _is_gold(example: Example, mode: Mode) -> bool:
    gold = example.reference
    return has_relations(gold) and (mode != "concepts" or tells_of_concepts(gold))


def _compare(example: Example, mode: Mode, spans_key: str | None, keep: Keep) -> Compared:
    reference, predicted = example.reference, example.predicted
    if predicted.text != reference.text:
        raise ValueError(Errors.CE252.format(doc=reference.user_data.get(DOC_ID_KEY)))
    if mode == "concepts":
        told, implied = read_concept_relations(reference), implied_concept_relations(predicted, keep(predicted))
        return Compared(told, implied, told & implied)
    gold = _with_labels(reference, spans_key, read_relations(reference))
    guesses = _with_labels(predicted, spans_key, keep(predicted))
    return Compared(gold, guesses, gold & guesses if mode == "strict" else _find_overlapping(gold, guesses))


def _with_labels(
    doc: Doc, spans_key: str | None, relations: Iterable[Relation[Offsets]]
) -> frozenset[Relation[Entity]]:
    """Relations between entities with their labels, of several the first one; what is no entity has none."""
    labels = {(start, end): label for start, end, label in sorted(entities_of(doc, spans_key), reverse=True)}

    def entity(offsets: Offsets) -> Entity:
        return Entity(*offsets, labels.get(offsets, ""))

    return frozenset(Relation(entity(one.head), entity(one.child), one.label) for one in relations)


def _find_overlapping(
    gold: frozenset[Relation[Entity]], guesses: frozenset[Relation[Entity]]
) -> list[Relation[Entity]]:
    """The gold relations whose ends overlap with those of a predicted one, exact ones first."""
    found, left = sorted(gold & guesses), sorted(guesses - gold)
    for relation in sorted(gold - guesses):
        guess = next((guess for guess in left if _overlap(relation, guess)), None)
        if guess is not None:
            left.remove(guess)
            found.append(relation)
    return found


def _overlap(one: Relation[Entity], other: Relation[Entity]) -> bool:
    return one.label == other.label and all(
        a.label == b.label and a.start < b.end and b.start < a.end
        for a, b in ((one.head, other.head), (one.child, other.child))
    )


def _to_counts(documents: Sequence[Compared]) -> Counts:
    """Gold, predicted and found relations per document and label."""
    labels = sorted({relation.label for gold, guesses, _ in documents for relation in (*gold, *guesses)})
    columns = {label: column for column, label in enumerate(labels)}
    values = np.zeros((len(documents), len(labels), 4))
    for row, (gold, guesses, found) in zip(values, documents, strict=True):
        for relations, what in ((gold, SUPPORT), (guesses, PREDICTED), (found, [MATCHED_GOLD, MATCHED_PREDICTED])):
            for relation in relations:
                row[columns[relation.label], what] += 1
    return Counts(tuple(labels), values)
