"""Run a pipeline's relation extractor on gold documents: given their entities, or end to end."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..annotations.keys import CONCEPT_RELATIONS_KEY, RELATIONS_KEY
from ..errors import Errors
from ..pipeline.relations.confidence import confidences
from ..pipeline.relations.extractor import RelationExtractor
from ..pipeline.relations.specific import SpecificRelations
from ..progress import progress
from ..reports.relation_table import Known
from ..scoring.counts import prf_of
from ..scoring.relations.concepts import gold_concepts, predicted_concepts
from ..scoring.relations.scorer import relations_of
from ..training.gold_ents_corpus import give_gold_entities

# Below the lowest threshold that is tried; keeps the number of stored relations small.
LOWEST = 0.05


def find_extractor(nlp: Language) -> tuple[str, RelationExtractor]:
    """Find the relation extractor of a pipeline.

    nlp (Language): The pipeline.
    RETURNS (Tuple[str, RelationExtractor]): Name and component.
    RAISES (ValueError): CE258 if there is none or more than one.
    """
    found = [(name, pipe) for name, pipe in nlp.pipeline if isinstance(pipe, RelationExtractor)]
    if len(found) != 1:
        raise ValueError(Errors.CE258.format(found=[name for name, _ in found], pipes=nlp.pipe_names))
    return found[0]


def known_of(nlp: Language) -> Known:
    """Collect what the relation extractors of a pipeline can find.

    nlp (Language): The pipeline.
    RETURNS (Known): Labels of heads and of relations; none if there is no extractor.
    """
    extractors = [pipe for _, pipe in nlp.pipeline if isinstance(pipe, RelationExtractor)]
    heads = {head for extractor in extractors for head in extractor.label_data["label_pairs"] or ()}
    return Known(sorted(heads), sorted({label for extractor in extractors for label in extractor.labels}))


def set_threshold(nlp: Language, threshold: float, relative: bool) -> None:
    """Change the threshold of a pipeline's relation extractor, now and in what is saved.

    nlp (Language): The pipeline.
    threshold (float): What a relation needs.
    relative (bool): Whether that is for its odds against the best of its document, not for its probability.
    RAISES (ValueError): CE258 as `find_extractor`.
    """
    name, extractor = find_extractor(nlp)
    for settings in (extractor.cfg, nlp.get_pipe_config(name)):
        settings.update(threshold=threshold, relative=relative)


def predict_relations(nlp: Language, docs: Sequence[Doc], given_entities: bool) -> list[Example]:
    """Annotate documents.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): The gold documents.
    given_entities (bool): Whether the gold's entities are given; components that find entities do not run then.
    RETURNS (List[Example]): The examples.
    RAISES (ValueError): CE207 if the gold's entities are no tokens of the pipeline, CE259 if no component finds any.
    """
    finders = [name for name in nlp.pipe_names if "doc.ents" in nlp.get_pipe_meta(name).assigns]
    if not given_entities and not finders:
        raise ValueError(Errors.CE259.format(pipes=nlp.pipe_names))
    predicted = [nlp.make_doc(doc.text) for doc in docs]
    if given_entities:
        for doc, gold in zip(predicted, docs, strict=True):
            give_gold_entities(doc, gold)
    with nlp.select_pipes(disable=finders if given_entities else []):
        annotated = list(progress(nlp.pipe(predicted), total=len(docs), unit="doc", desc="Predict"))
    return [Example(doc, gold) for doc, gold in zip(annotated, docs, strict=True)]


def score_thresholds(
    nlp: Language, docs: Sequence[Doc], given_entities: bool, thresholds: Sequence[float], relative: bool
) -> list[tuple[float, float, float]]:
    """Score the relations of documents at many thresholds, from one run of the pipeline.

    nlp (Language): The pipeline; its threshold is as it was in the end.
    docs (Sequence[Doc]): The gold documents.
    given_entities (bool): As for `predict_relations`.
    thresholds (Sequence[float]): Numbers from `LOWEST`.
    relative (bool): As for `set_threshold`.
    RETURNS (List[Tuple[float, float, float]]): P, R and F1 at each; between concepts if the gold tells of them.
    """
    _, extractor = find_extractor(nlp)
    # what follows from an unlikely relation is dropped only if that one is kept: after the threshold
    specific = {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, SpecificRelations)}
    before = extractor.cfg["threshold"], extractor.cfg["relative"]
    set_threshold(nlp, LOWEST, relative)
    try:
        with nlp.select_pipes(disable=list(specific)):
            examples = predict_relations(nlp, docs, given_entities)
    finally:
        set_threshold(nlp, *before)

    def keep(doc: Doc, threshold: float) -> list[dict[str, Any]]:
        relations = doc.user_data[RELATIONS_KEY]
        sure = confidences(np.array([relation["probability"] for relation in relations]), relative) >= threshold
        kept = [relation for relation, is_sure in zip(relations, sure, strict=True) if is_sure]
        for pipe in specific.values():
            kept = pipe.most_specific(doc, kept)
        return kept

    key = extractor.cfg["spans_key"]
    return [prf_of(*_count(examples, partial(keep, threshold=threshold), key)) for threshold in thresholds]


def best_threshold(thresholds: Sequence[float], scores: Sequence[tuple[float, float, float]]) -> float:
    """The threshold of the best F1; of several, the middle one, as the curve is noisy.

    thresholds (Sequence[float]): What was tried.
    scores (Sequence[Tuple[float, float, float]]): P, R and F1 at each.
    RETURNS (float): The best.
    """
    f = np.array([row[2] for row in scores])
    best = np.flatnonzero(f == f.max())
    return float(thresholds[best[len(best) // 2]])


def _count(
    examples: Sequence[Example], keep: Callable[[Doc], list[dict[str, Any]]], spans_key: str | None
) -> tuple[int, int, int]:
    """Found and right, found, and wanted relations, of those that are kept."""
    counts = np.zeros(3, dtype=int)
    for example in examples:
        gold, guesses = example.reference, example.predicted
        if RELATIONS_KEY not in gold.user_data:
            continue
        kept = keep(guesses)
        if CONCEPT_RELATIONS_KEY in gold.user_data:
            wanted, found = gold_concepts(gold), predicted_concepts(guesses, kept)
        else:
            wanted, found = relations_of(gold, spans_key), relations_of(guesses, spans_key, kept)
        counts += len(wanted & found), len(found), len(wanted)
    return tuple(counts.tolist())
