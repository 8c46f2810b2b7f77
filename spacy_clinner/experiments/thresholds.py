"""The threshold of relations that is best on dev."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..annotations.relations import has_relations, read_relations
from ..assembly.calibrated import META_KEY
from ..calibration.threshold import least_sure
from ..errors import Errors
from .relation_runs import best_threshold, find_extractor, predict_relations, score_thresholds, set_threshold

TRIED = tuple(round(0.05 * step, 2) for step in range(1, 20))


class Choice(NamedTuple):
    """What was chosen, and P, R and F1 at each threshold that was tried."""

    threshold: float
    scores: list[tuple[float, float, float]]


def choose_threshold(nlp: Language, dev: Sequence[Doc], given_entities: bool, relative: bool) -> Choice:
    """Try thresholds on dev, and give the pipeline the best one.

    nlp (Language): The pipeline, with one relation extractor; it is changed.
    dev (Sequence[Doc]): Documents with gold relations.
    given_entities (bool): Whether the gold's entities are given.
    relative (bool): As for `relation_runs.set_threshold`.
    RETURNS (Choice): The threshold of the best F1, and all scores.
    RAISES (ValueError): CE258 and CE259 as `score_thresholds`, CE298 if no document tells of relations.
    """
    if not any(map(has_relations, dev)):
        raise ValueError(Errors.CE298.format(n=len(dev)))
    scores = score_thresholds(nlp, dev, given_entities, TRIED, relative)
    best = best_threshold(TRIED, scores)
    # what depends on it is known of a calibrated extractor alone
    calibrated = find_extractor(nlp)[0] in nlp.meta.get(META_KEY, {})
    check_below = _least_sure(nlp, dev, given_entities, best, relative) if calibrated else None
    set_threshold(nlp, best, relative, check_below)
    return Choice(best, scores)


def _least_sure(
    nlp: Language, dev: Sequence[Doc], given_entities: bool, threshold: float, relative: bool
) -> float | None:
    examples = predict_relations(nlp, dev, given_entities, at_least=threshold, relative=relative)
    found = [relation.probability for example in examples for relation in read_relations(example.predicted)]
    return least_sure(np.array(found))
