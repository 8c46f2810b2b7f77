"""Run a pipeline's relation extractor on gold documents: given their entities, or end to end."""

from collections.abc import Sequence
from functools import partial
from itertools import compress
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..annotations.relations import Offsets, Relation, read_relations
from ..annotations.writers import all_entity_writers
from ..assembly.calibrated import change_threshold
from ..errors import Errors
from ..pipeline.relations.confidence import confidences
from ..pipeline.relations.extractor import RelationExtractor
from ..pipeline.relations.specific import SpecificRelations
from ..progress import progress
from ..reports.relation_table import Known
from ..scoring.evaluation import Bootstrap, ModeScores
from ..scoring.relations.counting import best_mode, count_relations, prf_of_all
from ..scoring.relations.evaluation import evaluate_relations
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


def set_threshold(nlp: Language, threshold: float, relative: bool, check_below: float | None = None) -> None:
    """Change the threshold of a pipeline's relation extractor, now and in what is saved.

    nlp (Language): The pipeline.
    threshold (float): What a relation needs.
    relative (bool): Whether that is for its odds against the best of its document, not for its probability.
    check_below (Optional[float]): As for `change_threshold`.
    RAISES (ValueError): CE258 as `find_extractor`.
    """
    change_threshold(nlp, find_extractor(nlp)[0], check_below, threshold=threshold, relative=relative)


def predict_relations(
    nlp: Language, docs: Sequence[Doc], given_entities: bool, leave_out: Sequence[str] = (), **asked: Any
) -> list[Example]:
    """Annotate documents.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): The gold documents.
    given_entities (bool): Whether the gold's entities are given; components that find entities do not run then.
    leave_out (Sequence[str]): Names of further components that do not run.
    **asked (Any): What the relation extractor's `predict` takes besides documents.
    RETURNS (List[Example]): The examples.
    RAISES (ValueError): CE207 if the gold's entities are no tokens of the pipeline, CE259 if no component finds any;
        CE258 as `find_extractor`.
    """
    name, extractor = find_extractor(nlp)
    spans_key = extractor.cfg["spans_key"]
    finders = all_entity_writers(nlp, spans_key)
    if not given_entities and not finders:
        raise ValueError(Errors.CE259.format(pipes=nlp.pipe_names))
    predicted = [nlp.make_doc(doc.text) for doc in docs]
    if given_entities:
        for doc, gold in zip(predicted, docs, strict=True):
            give_gold_entities(doc, gold, spans_key)
    idle = [*leave_out, *(finders if given_entities else [])]
    annotated = nlp.pipe(predicted, disable=idle, component_cfg={name: asked})
    found = list(progress(annotated, total=len(docs), unit="doc", desc="Predict"))
    return [Example(doc, gold) for doc, gold in zip(found, docs, strict=True)]


def score_relations(
    nlp: Language, docs: Sequence[Doc], given_entities: bool, bootstrap: Bootstrap
) -> tuple[dict[str, ModeScores], float | None]:
    """Score the relations that a pipeline finds.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): The gold documents.
    given_entities (bool): As for `predict_relations`.
    bootstrap (Bootstrap): How to find intervals.
    RETURNS (Tuple[Dict[str, ModeScores], Optional[float]]): The scores by mode, and the share of the gold relations
        that were candidates.
    RAISES (ValueError): CE258 as `find_extractor`; CE207, CE259 as `predict_relations`.
    """
    _, extractor = find_extractor(nlp)
    examples = predict_relations(nlp, docs, given_entities)
    modes = evaluate_relations(examples, extractor.cfg["spans_key"], bootstrap)
    if given_entities:
        # to overlap is to be equal then
        modes.pop("overlap", None)
    return modes, extractor.score(examples)["rels_proposed"]


def score_thresholds(
    nlp: Language, docs: Sequence[Doc], given_entities: bool, thresholds: Sequence[float], relative: bool
) -> list[tuple[float, float, float]]:
    """Score the relations of documents at many thresholds, from one run of the pipeline.

    nlp (Language): The pipeline; its own threshold does not matter.
    docs (Sequence[Doc]): The gold documents.
    given_entities (bool): As for `predict_relations`.
    thresholds (Sequence[float]): Numbers from `LOWEST`.
    relative (bool): As for `set_threshold`.
    RETURNS (List[Tuple[float, float, float]]): P, R and F1 at each; between concepts if the gold tells of them.
    """
    _, extractor = find_extractor(nlp)
    # what follows from an unlikely relation is dropped only if that one is kept: after the threshold
    specific = {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, SpecificRelations)}
    examples = predict_relations(nlp, docs, given_entities, list(specific), at_least=LOWEST, relative=relative)
    mode, key = best_mode(examples), extractor.cfg["spans_key"]

    def keep(doc: Doc, threshold: float) -> list[Relation[Offsets]]:
        relations = read_relations(doc)
        sure = confidences(np.array([relation.probability for relation in relations]), relative) >= threshold
        kept = list(compress(relations, sure))
        for pipe in specific.values():
            kept = list(compress(kept, pipe.are_specific(doc, kept)))
        return kept

    counts = (count_relations(examples, mode, key, partial(keep, threshold=threshold)) for threshold in thresholds)
    return [prf_of_all(of_one) for of_one in counts]


def best_threshold(thresholds: Sequence[float], scores: Sequence[tuple[float, float, float]]) -> float:
    """The threshold of the best F1; of several, the middle one, as the curve is noisy.

    thresholds (Sequence[float]): What was tried.
    scores (Sequence[Tuple[float, float, float]]): P, R and F1 at each.
    RETURNS (float): The best.
    """
    f = np.array([row[2] for row in scores])
    best = np.flatnonzero(f == f.max())
    return float(thresholds[best[len(best) // 2]])
