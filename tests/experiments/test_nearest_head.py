import spacy

from spacy_clinner.annotations.keys import RELATIONS_KEY
from spacy_clinner.experiments.nearest_head import NearestHead

from ..toys.relations import NOTES, reference, relations

VOCAB = spacy.blank("en").vocab


def notes():
    return [reference(VOCAB, *note) for note in NOTES]


def test_a_dose_belongs_to_the_nearest_drug_of_its_line():
    rule = NearestHead(notes(), "HAS")
    assert rule.pairs == {("DRUG", "DOSE")} and rule.children == {"DOSE"}
    words = "aspirin and codeine 5 mg \n 3 mg".split(" ")
    doc = reference(VOCAB, words, [(0, 1, "DRUG"), (2, 3, "DRUG"), (3, 5, "DOSE"), (6, 8, "DOSE")], [])
    # the other dose has no drug in its line
    assert relations(rule(doc)) == [(12, 19, 20, 24, "HAS")]


def test_labels_that_are_mostly_no_children_have_no_head():
    docs = notes()
    assert NearestHead(docs, "BEFORE").children == set()
    (first, *_) = [NearestHead(docs, "BEFORE")(doc) for doc in docs]
    assert first.user_data[RELATIONS_KEY] == []


def test_rare_pairs_can_be_left_out():
    # the doses of the notes belong to a drug three times
    assert NearestHead(notes(), "HAS", min_count=3).pairs == {("DRUG", "DOSE")}
    assert NearestHead(notes(), "HAS", min_count=4).pairs == set()
