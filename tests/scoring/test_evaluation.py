import json

import numpy as np
import pytest
from hypothesis import given, settings

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.scoring.documents import ScoredDocument
from spacy_clinner.scoring.entities import ENTITY_MODES
from spacy_clinner.scoring.evaluation import Bootstrap, compare, evaluate

from .strategies import TOKENS, any_entities, collections

A, B = Entity(0, 3, "A"), Entity(8, 15, "B")


def documents_of(*pairs):
    return [ScoredDocument(str(i), TOKENS, frozenset(gold), frozenset(pred)) for i, (gold, pred) in enumerate(pairs)]


def test_missed_gold_lowers_recall_only():
    evaluation = evaluate(documents_of(([A, B], [A]), ([A], [A])))
    strict = evaluation.modes["strict"]
    assert strict.averages["micro"] == pytest.approx((1, 2 / 3, 0.8))
    assert strict.averages["macro"] == pytest.approx((0.5, 0.5, 0.5))
    assert strict.averages["weighted"] == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert strict.per_label == {"A": (1, 1, 1), "B": (0, 0, 0)}


def test_modes_differ_where_they_should():
    evaluation = evaluate(documents_of(([A, B], [A, Entity(8, 11, "B")])), Bootstrap(0))
    micro = {mode: scores.averages["micro"].f for mode, scores in evaluation.modes.items()}
    assert micro == pytest.approx(
        {
            "strict": 0.5,
            "exact": 0.5,
            "partial": 0.75,
            "partial_type": 0.75,
            "type": 1.0,
            "token_tags": 0.8,
            "token_tags_with_o": 0.95,
            "token_types": 0.8,
            "token_types_with_o": 0.95,
            "token_binary": 0.8,
        }
    )
    assert evaluation.modes["strict"].bounds is None
    assert evaluation.modes["strict"].interval("micro") is None


def test_result_is_jsonable_and_reproducible():
    documents = documents_of(([A, B], [A]), ([A], [A, B]), ([], []))
    result = evaluate(documents, Bootstrap(resamples=50, seed=3)).to_dict()
    assert json.loads(json.dumps(result)) == result
    assert result == evaluate(documents, Bootstrap(resamples=50, seed=3)).to_dict()
    assert (result["documents"], result["tokens"], result["entities"], result["predicted"]) == (3, 60, 3, 3)
    assert result["bootstrap"] == {"resamples": 50, "level": 0.95, "seed": 3, "unit": "document"}
    confusion = result["confusion"]
    assert confusion["entities"] == {"labels": ["A", "B"], "matrix": [[2, 0, 0], [0, 0, 1], [0, 1, 0]]}
    assert confusion["tokens"] == {"labels": ["A", "B"], "matrix": [[2, 0, 0], [0, 0, 2], [0, 2, 54]]}
    assert all(isinstance(count, int) for row in confusion["tokens"]["matrix"] for count in row)
    strict = result["modes"]["strict"]
    lower, upper = strict["micro"]["interval"]["f"]
    assert lower <= strict["micro"]["f"] <= upper
    assert strict["per_label"]["B"] == {
        **{"p": 0.0, "r": 0.0, "f": 0.0, "matched": 0.0, "support": 1, "predicted": 1},
        "interval": {"p": [0.0, 0.0], "r": [0.0, 0.0], "f": [0.0, 0.0]},
    }


@settings(deadline=None)
@given(collections(any_entities()))
def test_counts_add_up_in_every_mode(documents):
    result = evaluate(documents, Bootstrap(0)).to_dict()
    for mode in ENTITY_MODES:
        per_label = result["modes"][mode]["per_label"]
        assert sum(label["support"] for label in per_label.values()) == result["entities"]
        assert sum(label["predicted"] for label in per_label.values()) == result["predicted"]
        assert all(0 <= label["matched"] <= label["support"] for label in per_label.values())
    for mode in ("token_tags_with_o", "token_types_with_o"):
        assert sum(label["support"] for label in result["modes"][mode]["per_label"].values()) == result["tokens"]


def test_no_documents():
    with pytest.raises(ValueError, match="CE062"):
        evaluate([])


def test_documents_without_entities_score_zero():
    result = evaluate(documents_of(([], []), ([], [])))
    assert {scores.averages["micro"] for scores in result.modes.values()} == {(0, 0, 0), (1, 1, 1)}
    assert result.modes["token_types_with_o"].averages["micro"].f == 1


def test_compare():
    rng = np.random.default_rng(0)
    golds = [[Entity(4 * i, 4 * i + 3, "A") for i in range(10)] for _ in range(20)]
    good = evaluate(documents_of(*((gold, gold[:9]) for gold in golds)))
    bad = evaluate(documents_of(*((gold, gold[: rng.integers(2, 6)]) for gold in golds)))
    comparison = compare(good, bad, n_permutations=999)
    assert comparison["score"] == "strict micro F1" and comparison["permutations"] == 999
    assert comparison["difference"] == comparison["model"] - comparison["other"] > 0.2
    assert comparison["interval"][0] < comparison["difference"] < comparison["interval"][1]
    assert comparison["p_value"] == 0.001
    alike = compare(good, good)
    assert (alike["p_value"], alike["permutations"]) == (1, 10_000)
    assert json.dumps(comparison)


def test_settings_are_those_given():
    rng = np.random.default_rng(0)
    golds = [[Entity(4 * i, 4 * i + 3, "A") for i in range(10)] for _ in range(20)]
    guesses = [[[*gold[: rng.integers(2, 9)]] for gold in golds] for _ in range(2)]

    def scored(*bootstrap):
        return [evaluate(documents_of(*zip(golds, some, strict=True)), Bootstrap(*bootstrap)) for some in guesses]

    def compared(pair, **settings):
        return compare(*pair, n_permutations=99, **settings)

    several = [scored(*bootstrap) for bootstrap in [(50,), (51,), (50, 0.9), (50, 0.95, 1)]]
    assert len({one.modes["strict"].interval("micro") for one, _ in several}) == 4
    assert len({tuple(compared(pair)["interval"]) for pair in several}) == 4
    assert compared(scored(0))["interval"] is None
    usual, reseeded = compared(several[0]), compared(several[0], seed=1)
    assert [usual["permutations"], usual["seed"], reseeded["seed"]] == [99, 0, 1] and usual["model"] != usual["other"]
    assert usual == compared(several[0])
    assert reseeded["p_value"] != usual["p_value"] and reseeded["interval"] == usual["interval"]


def test_only_the_same_documents_compare():
    with pytest.raises(ValueError, match=r"CE063.*\(1 and 2 of them\)"):
        compare(evaluate(documents_of(([A], [A]))), evaluate(documents_of(([A], [A]), ([A], []))))
