"""Relations in Python and as they are stored."""

import pickle

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span

from spacy_clinner.annotations.keys import DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.annotations.relations import (
    Relation,
    cut_relations,
    has_relations,
    keep_relations,
    read_end_labels,
    read_relations,
    relation_of,
    to_stored,
    write_relations,
)
from spacy_clinner.annotations.relations_view import register_relations_view, view_relations

NLP = spacy.blank("en")
WORDS = ["take", "aspirin", "5", "mg", "daily"]
OFFSETS = st.tuples(st.integers(0, 20), st.integers(0, 20))
RELATIONS = st.builds(Relation, OFFSETS, OFFSETS, st.sampled_from("AB"), st.none() | st.floats(0, 1))


def document():
    doc = Doc(NLP.vocab, words=WORDS)
    doc.set_ents([Span(doc, 1, 2, "DRUG"), Span(doc, 2, 4, "DOSE"), Span(doc, 4, 5, "OFTEN")])
    return doc


def test_gold_and_predicted_are_stored_as_plain_data():
    doc = document()
    drug, dose, often = doc.ents
    assert not has_relations(doc) and read_relations(doc) == []
    write_relations(doc, [])
    assert has_relations(doc) and doc.user_data[RELATIONS_KEY] == []
    # sorted by the place of the head, then of the child
    write_relations(doc, [relation_of(drug, often, "HAS"), relation_of(drug, dose, "HAS")])
    assert doc.user_data[RELATIONS_KEY] == [
        {"head": [5, 12], "child": [13, 17], "label": "HAS"},
        {"head": [5, 12], "child": [18, 23], "label": "HAS"},
    ]
    write_relations(doc, [relation_of(drug, dose, "HAS", 0.75)], [("DRUG", "DOSE")])
    (stored,) = doc.user_data[RELATIONS_KEY]
    assert list(stored) == ["head", "child", "label", "head_label", "child_label", "probability"]
    assert list(stored.values()) == [[5, 12], [13, 17], "HAS", "DRUG", "DOSE", 0.75]
    assert read_end_labels(doc) == [("DRUG", "DOSE")]


@given(st.lists(RELATIONS, max_size=8))
def test_what_is_written_is_read_after_every_way_of_saving(relations):
    doc = document()
    write_relations(doc, relations)
    stored = doc.user_data[RELATIONS_KEY]
    wanted = sorted(relations, key=lambda one: one[:3])
    (from_bin,) = DocBin(docs=[doc], store_user_data=True).get_docs(NLP.vocab)
    for each in (doc, from_bin, Doc(NLP.vocab).from_bytes(doc.to_bytes()), pickle.loads(pickle.dumps(doc))):
        assert read_relations(each) == wanted
    write_relations(doc, read_relations(doc))
    assert doc.user_data[RELATIONS_KEY] == stored == to_stored(relations)
    assert pickle.loads(pickle.dumps(relations)) == relations


def test_labels_are_of_their_relations_whatever_the_order():
    doc = document()
    drug, dose, often = doc.ents
    write_relations(doc, [relation_of(often, drug, "A"), relation_of(drug, dose, "A")], [("x", "y"), ("p", "q")])
    assert read_end_labels(doc) == [("p", "q"), ("x", "y")]
    with pytest.raises(ValueError):
        write_relations(doc, read_relations(doc), [("x", "y")])


def test_some_are_kept_as_they_are_stored():
    doc = document()
    drug, dose, often = doc.ents
    relations = [relation_of(drug, dose, "A", 0.5), relation_of(drug, often, "A", 0.25)]
    write_relations(doc, relations, [("DRUG", "DOSE"), ("DRUG", "OFTEN")])
    before = doc.user_data[RELATIONS_KEY]
    keep_relations(doc, [False, True])
    assert doc.user_data[RELATIONS_KEY] == before[1:]
    with pytest.raises(ValueError):
        keep_relations(doc, [True, True])


def test_a_part_of_a_document_has_the_relations_within():
    doc = document()
    drug, dose, often = doc.ents
    part = doc[1:4].as_doc()
    cut_relations(doc, doc[1:4], part)
    assert not has_relations(part)
    relations = [relation_of(drug, dose, "A", 0.5), relation_of(drug, often, "A"), relation_of(often, drug, "B")]
    write_relations(doc, relations)
    cut_relations(doc, doc[1:4], part)
    assert read_relations(part) == [Relation((0, 7), (8, 12), "A", 0.5)]
    assert [part.text[slice(*end)] for end in read_relations(part)[0][:2]] == ["aspirin", "5 mg"]
    assert read_relations(doc) == sorted(relations, key=lambda one: one[:3])


def test_the_view_has_spans_and_may_be_unpacked():
    register_relations_view()
    doc = document()
    drug, dose, _ = doc.ents
    assert doc._.relations == view_relations(doc) == []
    write_relations(doc, [relation_of(drug, dose, "HAS", 0.5)], [("DRUG", "DOSE")])
    ((head, child, label, probability),) = doc._.relations
    assert (head.text, head.label_, child.text, child.label_) == ("aspirin", "DRUG", "5 mg", "DOSE")
    assert (label, probability) == ("HAS", 0.5)
    # gold knows no labels; an offset within a token is expanded
    write_relations(doc, [Relation((6, 9), (13, 17), "HAS")])
    (relation,) = doc._.relations
    assert (relation.head.text, relation.head.label_, relation.probability) == ("aspirin", "", None)


def test_relations_of_a_longer_text_are_not_shown():
    doc = document()
    doc.user_data[DOC_ID_KEY] = "n1"
    drug, _, often = doc.ents
    write_relations(doc, [relation_of(drug, often, "HAS")])
    with pytest.raises(ValueError, match="CE418.*'n1'.*characters 18 to 23.*text has 15"):
        view_relations(doc[0:3].as_doc(copy_user_data=True))
