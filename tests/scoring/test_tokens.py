import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.metrics import precision_recall_fscore_support

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.scoring.counts import SUPPORT, macro, micro, weighted
from spacy_clinner.scoring.tokens import count_tokens, project, tags_to_binary, tags_to_types

from .strategies import LABELS, TOKENS, any_entities, collections, flat_entities

FOUR = TOKENS[:4]


@pytest.mark.parametrize(
    "entities, tags",
    [
        ([], ["O", "O", "O", "O"]),
        ([(4, 11, "A")], ["O", "B-A", "I-A", "O"]),
        ([(0, 3, "A"), (4, 7, "A")], ["B-A", "B-A", "O", "O"]),
        # other tokenisations: a part of a token is enough, the space between is not
        ([(5, 9, "A")], ["O", "B-A", "I-A", "O"]),
        ([(3, 4, "A")], ["O", "O", "O", "O"]),
        # two entities in one token: the first keeps it
        ([(0, 5, "A"), (5, 11, "B")], ["B-A", "I-A", "B-B", "O"]),
        # nested: the outer one keeps all
        ([(4, 7, "B"), (0, 15, "A")], ["B-A", "I-A", "I-A", "I-A"]),
        ([(4, 7, "A"), (4, 11, "B")], ["O", "B-B", "I-B", "O"]),
        # two labels of the same offsets: the alphabet decides
        ([(4, 7, "B"), (4, 7, "A")], ["O", "B-A", "O", "O"]),
    ],
)
def test_projection(entities, tags):
    assert project([Entity(*entity) for entity in entities], FOUR) == tags


def test_projection_without_tokens():
    assert project([Entity(0, 3, "A")], FOUR[:0]) == []


def test_types_and_binary():
    tags = ["B-A", "I-A", "O", "B-B-cell"]
    assert tags_to_types(tags) == ["A", "A", "O", "B-cell"]
    assert tags_to_binary(tags) == ["entity", "entity", "O", "entity"]


def tags_of(documents, view):
    gold = [view(project(document.gold, TOKENS)) for document in documents]
    predicted = [view(project(document.predicted, TOKENS)) for document in documents]
    return gold, predicted


@pytest.mark.parametrize("view", [list, tags_to_types, tags_to_binary])
@pytest.mark.parametrize("with_o", [True, False])
@settings(max_examples=30, deadline=None)
@given(documents=collections(any_entities()))
def test_equals_sklearn(view, with_o, documents):
    gold, predicted = tags_of(documents, view)
    counts = count_tokens(gold, predicted)
    counts = counts if with_o else counts.without("O")
    if not counts.labels:
        return
    flat = [[tag for tags in side for tag in tags] for side in (gold, predicted)]
    for name, average in {"micro": micro, "macro": macro, "weighted": weighted}.items():
        *theirs, _ = precision_recall_fscore_support(*flat, labels=counts.labels, average=name, zero_division=0)
        occurs = counts.total[:, [1, 3]].any(1)
        if name == "macro" and not occurs.all():
            continue  # scikit-learn's mean includes the O that never occurs
        assert average(counts.total).tolist() == pytest.approx(theirs)


@settings(deadline=None)
@given(collections(flat_entities()))
def test_projecting_gold_on_its_own_tokens_keeps_it(documents):
    for document in documents:
        tags = project(document.gold, TOKENS)
        starts = [start for start, tag in zip(TOKENS[:, 0].tolist(), tags, strict=True) if tag[0] == "B"]
        assert starts == sorted(entity.start for entity in document.gold)


def test_accuracy_is_the_micro_score_with_o():
    counts = count_tokens([["O", "A", "A", "O"]], [["O", "A", "O", "B"]])
    assert micro(counts.total).tolist() == [0.5] * 3
    assert micro(counts.without("O").total).tolist() == [0.5] * 3
    assert counts.total[:, SUPPORT].sum() == 4


def test_labels_are_those_that_occur():
    assert count_tokens([], []).labels == ("O",)
    assert count_tokens([LABELS], [LABELS]).labels == ("A", "B", "C", "O")
    assert np.shape(count_tokens([[]], [[]]).values) == (1, 1, 4)


def test_every_document_has_a_prediction():
    with pytest.raises(ValueError):
        count_tokens([["O"], ["A"]], [["O"]])
