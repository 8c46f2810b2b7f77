"""The entities between which an example teaches relations, and the relations that it teaches."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.annotations.relations import relation_of, write_relations
from spacy_clinner.pipeline.relations.gold import read_gold_relations, targets_of, taught_entities

NLP = spacy.blank("en")
KEY = "drugs"


def document(*spans, key=None):
    """A document with spans (start, end, label, concept) in `doc.ents` or in a group; no key and no spans: not read."""
    doc = Doc(NLP.vocab, words=["take", "aspirin", "forte", "daily"], user_data={DOC_ID_KEY: "note7"})
    made = [Span(doc, start, end, label, kb_id=concept) for start, end, label, concept in spans]
    if key:
        doc.spans[key] = made
    elif made:
        doc.set_ents(made)
    return doc


@pytest.mark.parametrize("key", [None, KEY])
def test_of_the_gold(key):
    gold = document((1, 3, "DRUG", "D1"), key=key)
    found = taught_entities(Example(document((1, 2, "X", ""), key=key), gold), key, from_gold=True)
    assert [(span.start, span.end, span.label_, span.kb_id_) for span in found.spans] == [(1, 3, "DRUG", "D1")]
    assert found.spans[0].doc is not gold and found.gold == [(5, 18, "DRUG")]


@pytest.mark.parametrize("key", [None, KEY])
def test_of_an_earlier_component(key):
    predicted = document((1, 2, "X", ""), key=key)
    found = taught_entities(Example(predicted, document((1, 3, "DRUG", "D1"), key=key)), key, from_gold=False)
    assert [(span.start, span.end, span.label_) for span in found.spans] == [(1, 2, "X")]
    assert found.gold == [(5, 12, "X")]


@pytest.mark.parametrize("key, other", [(None, KEY), (KEY, None), (KEY, "others")])
def test_where_nobody_has_looked(key, other):
    predicted, gold = document((1, 2, "X", ""), key=other), document((1, 3, "DRUG", ""), key=key)
    with pytest.raises(ValueError, match="CE254.*note7"):
        taught_entities(Example(predicted, gold), key, from_gold=False)
    # the gold's are taken all the same, and a document of nothing has none to look for
    assert len(taught_entities(Example(predicted, gold), key, from_gold=True).spans) == 1
    empty = Example(Doc(NLP.vocab), Doc(NLP.vocab))
    assert taught_entities(empty, None, from_gold=False).spans == []


LABELS = {"GETS": 0, "WHEN": 1}


def related(*ends, label="WHEN", key=None):
    """A document whose drug and time are entities, with a relation between two spans of tokens."""
    doc = document((1, 3, "DRUG", ""), (3, 4, "TIME", ""), key=key)
    write_relations(doc, [relation_of(*(Span(doc, *end) for end in ends), label)])
    return doc


@pytest.mark.parametrize("key", [None, KEY])
def test_relations_are_numbers_of_entities_and_labels(key):
    gold = related((1, 3), (3, 4), key=key)
    entities = [Entity(19, 24, "TIME"), Entity(5, 18, "DRUG"), Entity(0, 4, "X")]
    found = read_gold_relations(gold, entities, LABELS, key)
    assert found.tolist() == [[1, 0, 1]] and found.dtype == "int64"
    targets = targets_of(np.array([[0, 1], [1, 0], [1, 2]]), found, len(LABELS))
    assert targets.tolist() == [[0, 0], [0, 1], [0, 0]] and targets.dtype == "float32"
    # a relation of what was not found, or was given another label, is not taught
    for others in (entities[:1], [entities[0], Entity(5, 18, "X")], []):
        none = read_gold_relations(gold, others, LABELS, key)
        assert none.shape == (0, 3) and none.dtype == "int64"


@pytest.mark.parametrize("ends, side, start", [([(1, 2), (3, 4)], "head", 5), ([(1, 3), (0, 1)], "child", 0)])
def test_an_end_that_is_no_entity_is_told(ends, side, start):
    with pytest.raises(ValueError, match=rf"CE253.*'note7': the {side} of a relation 'WHEN' is \[{start},"):
        read_gold_relations(related(*ends), [], LABELS, None)


def test_a_label_that_is_not_known_is_told():
    with pytest.raises(ValueError, match="CE251.*'note7'.*'SINCE'.*GETS, WHEN"):
        read_gold_relations(related((1, 3), (3, 4), label="SINCE"), [], LABELS, None)
