"""The threshold of relations that is best on dev."""

from collections.abc import Sequence
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from ..annotations.relations import has_relations
from ..errors import Errors
from .relation_runs import best_threshold, score_thresholds, set_threshold

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
    set_threshold(nlp, best, relative)
    return Choice(best, scores)
