"""Scores against what the annotators marked: by their own offsets, before an import moved these to tokens.

Everything here is characters. An annotation in several pieces counts, but no entity can match it; so does one that the
import left out. The gold of a data file has lost both, and where tokens are too coarse it has moved others.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..annotations.entity import Entity
from .counts import PREDICTED, SUPPORT, Counts
from .documents import Predictions, ScoredDocument
from .entities import align_entities, count_entities
from .evaluation import Bootstrap, ModeScores, score_counts

# What became of annotations in the gold of a data file.
FATES = ("as annotated", "moved", "overlapping", "discontinuous", "left out")


@dataclass(frozen=True)
class Annotations:
    """What the annotators marked in a document, each once.

    entities (FrozenSet[Entity]): Annotations of one stretch of text.
    discontinuous (Tuple[Entity, ...]): Annotations in pieces with other text between them, by their outermost offsets.
    """

    entities: frozenset[Entity]
    discontinuous: tuple[Entity, ...] = ()


@dataclass(frozen=True)
class OriginalGold:
    """The annotations of a corpus by the annotators' offsets.

    source (Mapping[str, Any]): Where they come from, for result files.
    documents (Mapping[str, Annotations]): Annotations by document identifier; those that are not annotated are absent.
    ignored (int): Number of documents of the corpus that the data does not hold.
    """

    source: Mapping[str, Any]
    documents: Mapping[str, Annotations]
    ignored: int = 0

    @property
    def labels(self) -> set[str]:
        """Labels of the annotations."""
        return {
            entity.label
            for annotations in self.documents.values()
            for entity in (*annotations.entities, *annotations.discontinuous)
        }


@dataclass(frozen=True)
class OriginalEvaluation:
    """Strict scores against the annotators' offsets.

    source (Mapping[str, Any]): Where these come from.
    ids (Tuple[str, ...]): Identifiers of the documents.
    ignored (int): Number of documents of the corpus that the data does not hold.
    modes (Mapping[str, ModeScores]): The model's scores, under "strict".
    fates (Mapping[str, int]): How many annotations are in the data's gold "as annotated", how many it holds "moved",
        and how many not at all: "overlapping" one of its entities, "discontinuous", or otherwise "left out".
    imported (ModeScores): Scores of the data's gold itself: what a model reaches that predicts it exactly, without
        intervals.
    bootstrap (Bootstrap): Settings of the intervals.
    """

    source: Mapping[str, Any]
    ids: tuple[str, ...]
    ignored: int
    modes: Mapping[str, ModeScores]
    fates: Mapping[str, int]
    imported: ModeScores
    bootstrap: Bootstrap = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): JSON-able scores, without the documents' identifiers."""
        total = self.modes["strict"].counts.total.sum(0)
        return {
            "source": dict(self.source),
            "documents": len(self.ids),
            "ignored_documents": self.ignored,
            "annotations": int(total[SUPPORT]),
            "predicted": int(total[PREDICTED]),
            "in_the_data": dict(self.fates),
            "strict": self.modes["strict"].to_dict(),
            "strict_of_the_data": self.imported.to_dict(),
        }


def evaluate_original(
    gold: OriginalGold,
    data: Sequence[ScoredDocument],
    predictions: Predictions,
    bootstrap: Bootstrap | None = None,
) -> OriginalEvaluation | None:
    """Score predictions against the annotators' offsets.

    gold (OriginalGold): The annotations.
    data (Sequence[ScoredDocument]): The documents to score, with the gold of the data.
    predictions (Predictions): Predicted entities by document identifier, all of labels that were annotated: the
        annotators judge also what the gold of the data cannot.
    bootstrap (Optional[Bootstrap]): Settings of the intervals; None: the defaults.
    RETURNS (Optional[OriginalEvaluation]): The scores; None if the annotations are of other documents.
    """
    data = [document for document in data if document.id in gold.documents]
    if not data:
        return None
    bootstrap = bootstrap or Bootstrap()
    documents = [gold.documents[document.id] for document in data]
    imported = [document.gold for document in data]
    fates = sum(map(_fates, documents, imported), Counter())
    return OriginalEvaluation(
        source=gold.source,
        ids=tuple(document.id for document in data),
        ignored=gold.ignored,
        modes={"strict": score_counts(_count(documents, [predictions[document.id] for document in data]), bootstrap)},
        fates={fate: fates[fate] for fate in FATES},
        imported=ModeScores(_count(documents, imported), None),
        bootstrap=bootstrap,
    )


def _count(documents: Sequence[Annotations], found: Sequence[frozenset[Entity]]) -> Counts:
    pairs = [
        [*align_entities(one.entities, entities), *((entity, None) for entity in one.discontinuous)]
        for one, entities in zip(documents, found, strict=True)
    ]
    labels = sorted({entity.label for document in pairs for pair in document for entity in pair if entity})
    return count_entities(pairs, labels, "strict")


def _fates(annotations: Annotations, imported: frozenset[Entity]) -> Counter[str]:
    fates = Counter(discontinuous=len(annotations.discontinuous))
    for one, other in align_entities(annotations.entities, imported):
        if one is None:
            continue
        if one == other:
            fates["as annotated"] += 1
        elif other and one.label == other.label:
            fates["moved"] += 1
        elif any(one.start < entity.end and entity.start < one.end for entity in imported):
            fates["overlapping"] += 1
        else:
            fates["left out"] += 1
    return fates
