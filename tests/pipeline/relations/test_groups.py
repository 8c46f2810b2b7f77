"""Pairs of mentions are judged each by itself, or those of the same two concepts together, with one probability."""

from functools import partial

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_clinner.annotations.keys import CONCEPT_RELATIONS_KEY, RELATIONS_KEY
from spacy_clinner.annotations.relations import relation_of, write_relations
from spacy_clinner.layers.pairs.features import Entities
from spacy_clinner.pipeline.relations.groups import group_pairs, number_concepts, targets_of_groups
from spacy_clinner.training.gold_ents_corpus import give_gold_entities

from ...toys.relations import make_nlp, relations

# words, entities as (word, label, concept), concepts that are related
NOTES = [
    (
        "aspirin caused a rash , the rash and pain were new , no aspirin since".split(),
        [(0, "DRUG", "A"), (3, "PROBLEM", "R"), (6, "PROBLEM", "R"), (8, "PROBLEM", "P"), (13, "DRUG", "A")],
        [("A", "R")],
    ),
    ("codeine against pain".split(), [(0, "DRUG", "C"), (2, "PROBLEM", "P")], []),
]


def examples(nlp):
    found = []
    for words, entities, related in NOTES:
        doc = Doc(nlp.vocab, words=words)
        doc.set_ents([Span(doc, at, at + 1, label, kb_id=concept) for at, label, concept in entities])
        pairs = [(a, b) for a in doc.ents for b in doc.ents if (a.kb_id_, b.kb_id_) in related]
        write_relations(doc, [relation_of(head, child, "CAUSES") for head, child in pairs])
        doc.user_data[CONCEPT_RELATIONS_KEY] = [["CAUSES", head, child] for head, child in related]
        predicted = Doc(nlp.vocab, words=words)
        give_gold_entities(predicted, doc)
        found.append(Example(predicted, doc))
    return found


def train(steps):
    nlp = make_nlp(level="concepts")
    optimizer = nlp.initialize(partial(examples, nlp))
    optimizer.learn_rate = 0.01
    for _ in range(steps):
        nlp.update(examples(nlp), sgd=optimizer)
    return nlp


def test_mentions_of_two_concepts_share_a_probability(tmp_path):
    trained = train(60)
    trained.to_disk(tmp_path / "model")
    for nlp in (trained, spacy.load(tmp_path / "model")):
        pairs = examples(nlp)
        docs = list(nlp.pipe([pair.x for pair in pairs]))
        assert [relations(doc) for doc in docs] == [sorted(relations(pair.y)) for pair in pairs]
        # two mentions of the drug, two of the problem
        probabilities = {relation["probability"] for relation in docs[0].user_data[RELATIONS_KEY]}
        assert len(docs[0].user_data[RELATIONS_KEY]) == 4 and len(probabilities) == 1
        assert nlp.get_pipe("relations").score(pairs)["rels_concepts_f"] == 1.0


def test_gradient_is_that_of_the_loss():
    nlp = train(1)
    pipe = nlp.get_pipe("relations")
    scores = pipe.model.get_ref("pair_scores")

    def loss(row, column, step):
        weights = scores.get_param("output").copy()
        moved = weights.copy()
        moved[row, column] += step
        scores.set_param("output", moved)
        found = pipe.update(examples(nlp))["relations"]
        scores.set_param("output", weights)
        return found

    scores.set_grad("output", scores.get_grad("output") * 0)
    loss(0, 0, 0)
    gradient = scores.get_grad("output").copy()
    assert np.abs(gradient).max() > 0.005
    for index in np.ndindex(gradient.shape):
        slope = (loss(*index, 1e-2) - loss(*index, -1e-2)) / 2e-2
        assert gradient[index] == pytest.approx(slope, abs=2e-4)


def test_dropout_acts_on_the_scores():
    nlp = make_nlp(shared=True)
    nlp.initialize(partial(examples, nlp))
    # a frozen encoder, whose own dropout is off
    settings = {"sgd": False, "exclude": ["tok2vec"], "annotates": ["tok2vec"]}
    for drop, n_losses in ((0.0, 1), (0.5, 3)):
        losses = [nlp.update(examples(nlp), drop=drop, losses={}, **settings)["relations"] for _ in range(3)]
        assert len(set(losses)) == n_losses


def test_entities_without_a_concept_are_their_own():
    doc = Doc(spacy.blank("en").vocab, words="a b c d".split())
    doc.set_ents([Span(doc, 0, 1, "X", kb_id="1"), Span(doc, 1, 2, "X"), Span(doc, 2, 3, "X", kb_id="1")])
    doc.set_ents([*doc.ents, Span(doc, 3, 4, "X")])
    assert number_concepts(doc.ents).tolist() == [0, 1, 0, 2]
    # also as what indexes are made of
    assert number_concepts([]).shape == (0,) and number_concepts([]).dtype == "int64"


def test_pairs_without_concepts_are_groups_of_their_own():
    entities = Entities(*(np.zeros(3, dtype="int64"),) * 4)
    portion = [(0, np.array([[0, 1], [2, 1]])), (1, np.array([[0, 1]]))]
    assert group_pairs(portion, [entities, entities]).tolist() == [0, 1, 2]


def test_groups_of_pairs_and_their_targets():
    concepts = np.array([0, 1, 0])
    entities = Entities(*(np.zeros(3, dtype="int64"),) * 4, concepts)
    portion = [(0, np.array([[0, 1], [2, 1], [1, 0]])), (1, np.array([[0, 1]]))]
    groups = group_pairs(portion, [entities, entities])
    assert groups.tolist() == [0, 0, 1, 2]
    found = targets_of_groups(np.array([[0], [1], [0], [0]], dtype="f"), groups)
    assert found.tolist() == [[1], [0], [0]] and found.dtype == "float32"
