import json

from hypothesis import given, settings

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.scoring.documents import ScoredDocument
from spacy_clinner.scoring.evaluation import Bootstrap, evaluate

from .strategies import TOKENS, any_entities, collections

NO_INTERVAL = Bootstrap(resamples=0)


@settings(deadline=None)
@given(collections(any_entities()))
def test_rows_add_up_to_support_and_columns_to_predictions(documents):
    confusion = evaluate(documents, NO_INTERVAL).entity_confusion
    for i, label in enumerate(confusion.labels):
        assert confusion.matrix[i].sum() == sum(e.label == label for d in documents for e in d.gold)
        assert confusion.matrix[:, i].sum() == sum(e.label == label for d in documents for e in d.predicted)


def test_errors_by_kind():
    document = ScoredDocument(
        id="a",
        tokens=TOKENS,
        gold=frozenset({Entity(0, 3, "A"), Entity(8, 11, "A"), Entity(16, 23, "A"), Entity(24, 27, "B")}),
        predicted=frozenset({Entity(0, 3, "A"), Entity(16, 19, "B"), Entity(40, 43, "B")}),
    )
    evaluation = evaluate([document], NO_INTERVAL)
    confusion = evaluation.entity_confusion
    assert confusion.labels == ("A", "B")
    assert confusion.matrix.tolist() == [[1, 1, 1], [0, 0, 1], [0, 1, 0]]
    assert confusion.most_confused(2) == [("A", "B", 1), ("A", None, 1)]
    assert confusion.most_confused(9) == [("A", "B", 1), ("A", None, 1), ("B", None, 1), (None, "B", 1)]
    # tokens: the second half of the third entity was missed, too, and what both call O stands in the corner
    assert evaluation.token_confusion.matrix.tolist() == [[1, 1, 2], [0, 0, 1], [0, 1, 14]]
    assert json.loads(json.dumps(confusion.to_dict()))["matrix"] == confusion.matrix.tolist()


def test_agreement_is_no_confusion():
    document = ScoredDocument("a", TOKENS, frozenset({Entity(0, 3, "A")}), frozenset({Entity(0, 3, "A")}))
    assert evaluate([document], NO_INTERVAL).entity_confusion.most_confused(5) == []
    assert evaluate([document], NO_INTERVAL).token_confusion.most_confused(5) == []
