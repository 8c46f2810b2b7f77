import json

import pytest
from hypothesis import given, settings

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.scoring.documents import ScoredDocument
from spacy_clinner.scoring.evaluation import Bootstrap, compare, evaluate
from spacy_clinner.scoring.original_gold import Annotations, OriginalGold, evaluate_original

from .strategies import TOKENS, any_entities, collections

NO_INTERVALS = Bootstrap(resamples=0)
# marked within a word; the data has the whole of it
MARKED, MOVED = Entity(5, 7, "A"), Entity(4, 7, "A")


def scored(annotations, imported, predicted):
    """One document's scores."""
    gold = OriginalGold({"kept_in": "the documents"}, {"a": annotations})
    data = [ScoredDocument("a", TOKENS, frozenset(imported), frozenset(predicted))]
    return evaluate_original(gold, data, {"a": frozenset(predicted)}, NO_INTERVALS)


def micro(evaluation):
    return evaluation.modes["strict"].averages["micro"]


def test_the_annotators_offsets_are_right_and_the_datas_are_not():
    annotations = Annotations(frozenset({MARKED, Entity(12, 15, "A")}))
    imported = [MOVED, Entity(12, 15, "A")]
    assert micro(scored(annotations, imported, annotations.entities)) == (1, 1, 1)
    bent = scored(annotations, imported, imported)
    assert micro(bent) == bent.imported.averages["micro"] == (0.5, 0.5, 0.5)
    assert bent.fates == {"as annotated": 1, "moved": 1, "overlapping": 0, "discontinuous": 0, "left out": 0}


def test_a_discontinuous_annotation_counts_and_nothing_matches_it():
    outermost = Entity(0, 11, "A")
    twice = Annotations(frozenset({MARKED}), (outermost, outermost))
    evaluation = scored(twice, [MARKED], [MARKED, outermost])
    assert micro(evaluation) == pytest.approx((1 / 2, 1 / 3, 2 / 5))
    assert evaluation.modes["strict"].per_label.keys() == {"A"}
    assert evaluation.fates["discontinuous"] == 2 and evaluation.to_dict()["annotations"] == 3
    assert scored(Annotations(frozenset(), (outermost,)), [], []).modes["strict"].per_label["A"] == (0, 0, 0)


def test_what_the_import_left_out():
    nested, elsewhere, relabelled = Entity(5, 6, "A"), Entity(40, 43, "A"), Entity(60, 63, "A")
    annotations = Annotations(frozenset({MARKED, nested, elsewhere, relabelled}))
    evaluation = scored(annotations, [MOVED, Entity(60, 63, "B")], [])
    assert evaluation.fates == {
        "as annotated": 0, "moved": 1, "overlapping": 2, "discontinuous": 0, "left out": 1,
    }  # fmt: skip
    # another label at the same place is no kept annotation
    assert evaluation.imported.averages["micro"] == (0, 0, 0)


def test_only_documents_of_both_count():
    data = [ScoredDocument(name, TOKENS, frozenset({MOVED}), frozenset({MOVED})) for name in "abc"]
    predictions = dict.fromkeys("abc", frozenset({MOVED}))
    gold = OriginalGold({"path": "x"}, {"b": Annotations(frozenset({MOVED})), "z": Annotations(frozenset())}, ignored=7)
    evaluation = evaluate_original(gold, data, predictions)
    assert evaluation.ids == ("b",) and micro(evaluation) == (1, 1, 1)
    result = evaluation.to_dict()
    assert json.loads(json.dumps(result)) == result
    assert (result["documents"], result["ignored_documents"], result["source"]) == (1, 7, {"path": "x"})
    assert result["strict"]["micro"]["interval"]["f"] == [1, 1]
    assert evaluate_original(OriginalGold({}, {}), data, predictions) is None


def test_predictions_that_the_data_cannot_judge_are_judged():
    gold = OriginalGold({}, {"a": Annotations(frozenset({MARKED}))})
    without = [ScoredDocument("a", TOKENS, frozenset(), frozenset())]
    assert micro(evaluate_original(gold, without, {"a": frozenset({MARKED})}, NO_INTERVALS)) == (1, 1, 1)


def test_compare():
    annotations = Annotations(frozenset({MARKED}))
    good, bad = (scored(annotations, [MOVED], [entity]) for entity in (MARKED, MOVED))
    comparison = compare(good, bad, n_permutations=9)
    assert (comparison["model"], comparison["other"], comparison["interval"]) == (1, 0, None)


@settings(deadline=None)
@given(collections(any_entities()))
def test_gold_that_nothing_moved_scores_the_same(documents):
    gold = OriginalGold({}, {document.id: Annotations(document.gold) for document in documents})
    predictions = {document.id: document.predicted for document in documents}
    ours, same = evaluate_original(gold, documents, predictions, NO_INTERVALS), evaluate(documents, NO_INTERVALS)
    strict = same.modes["strict"].to_dict()
    # in another order, the mean of floats may differ in the last digit
    assert ours.modes["strict"].to_dict()["micro"] == strict["micro"]
    assert ours.modes["strict"].to_dict()["per_label"] == strict["per_label"]
    assert ours.fates["as annotated"] == sum(ours.fates.values()) == same.to_dict()["entities"]
