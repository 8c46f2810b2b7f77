import pytest

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.reports.annotations import Annotation
from spacy_clinner.reports.tables import (
    annotation_table,
    comparison_table,
    confusion_table,
    fate_table,
    gold_table,
    label_table,
    mode_table,
)
from spacy_clinner.scoring.documents import ScoredDocument
from spacy_clinner.scoring.evaluation import Bootstrap, compare, evaluate
from spacy_clinner.scoring.original_gold import Annotations, OriginalGold, evaluate_original
from tests.scoring.strategies import TOKENS


@pytest.fixture(scope="module")
def evaluation():
    gold = frozenset({Entity(0, 3, "A"), Entity(8, 11, "B")})
    return evaluate([ScoredDocument(str(i), TOKENS, gold, frozenset({Entity(0, 3, "A")})) for i in range(2)])


def rows(table):
    return [line.split() for line in table.splitlines() if line.strip()]


def test_label_table(evaluation):
    lines = rows(label_table(evaluation.modes["strict"]))
    assert lines[2] == ["A", "100.00", "100.00", "100.00", "100.00-100.00", "2", "2"]
    assert lines[3] == ["B", "0.00", "0.00", "0.00", "0.00-0.00", "2", "0"]
    assert lines[4] == ["micro", "100.00", "50.00", "66.67", "66.67-66.67", "4", "2"]
    assert [line[0] for line in lines[5:]] == ["macro", "weighted"]


def test_tables_without_intervals():
    document = ScoredDocument("a", TOKENS, frozenset({Entity(0, 3, "A")}), frozenset())
    bare = evaluate([document], Bootstrap(resamples=0))
    assert rows(label_table(bare.modes["strict"]))[2] == ["A", "0.00", "0.00", "0.00", "1", "0"]
    assert rows(mode_table(bare))[2] == ["strict", "0.00", "0.00", "0.00", "0.00", "0.00"]


def test_mode_table(evaluation):
    lines = rows(mode_table(evaluation))
    assert [line[0] for line in lines[2:]] == list(evaluation.modes)
    assert lines[2] == ["strict", "100.00", "50.00", "66.67", "66.67-66.67", "50.00", "50.00"]


def test_confusion_table(evaluation):
    assert rows(confusion_table(evaluation.entity_confusion))[2:] == [["B", "(missed)", "2"]]


def test_tables_of_both_golds():
    moved, found = Entity(0, 3, "A"), Entity(8, 11, "B")
    documents = [ScoredDocument("a", TOKENS, frozenset({moved, found}), frozenset({moved, found}))]
    gold = OriginalGold({}, {"a": Annotations(frozenset({Entity(1, 3, "A"), found}), (Entity(20, 30, "B"),))})
    original = evaluate_original(gold, documents, {"a": documents[0].predicted})
    assert rows(gold_table(evaluate(documents), original, "doc.ents"))[2:] == [
        "model against doc.ents 100.00 100.00 100.00 2".split(),
        "model against the annotators' offsets 50.00 33.33 40.00 3".split(),
        "doc.ents against the annotators' offsets 50.00 33.33 40.00 3".split(),
    ]
    lines = rows(fate_table(original, "doc.ents"))[2:]
    assert [int(line[-1]) for line in lines] == [1, 1, 0, 1, 0, 3]
    assert "doc.ents" in lines[0] and lines[1][2] == "moved"


def test_comparison_table(evaluation):
    lines = rows(comparison_table(compare(evaluation, evaluation, n_permutations=9), ("one", "other")))
    assert lines[2:] == [["one", "66.67"], ["other", "66.67"], ["difference", "0.00", "0.00", "to", "0.00", "1.0000"]]


def test_annotation_table():
    text = "chest\r\npain \x1b[31mand fever"
    table = annotation_table(text, [Annotation(0, 11, "Problem", 0.9344), Annotation(12, 16, "X", None)])
    assert "\x1b" not in table
    assert rows(table)[2] == ["chest", "pain", "Problem", "0", "11", "0.934"]
