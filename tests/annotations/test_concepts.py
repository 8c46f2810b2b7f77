"""What `kb_id_` says: several concepts of a composite mention, everywhere the same."""

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_clinner.annotations.concepts import (
    concepts_by_offsets,
    concepts_of,
    implied_concept_relations,
    read_concept_relations,
    relations_of_concepts,
    tells_of_concepts,
)
from spacy_clinner.annotations.keys import CONCEPT_RELATIONS_KEY
from spacy_clinner.annotations.relations import Relation, relation_of, write_relations
from spacy_clinner.pipeline.relations.groups import number_concepts

NLP = spacy.blank("en")


def document(*concepts):
    """A document of words, each an entity with a concept."""
    doc = Doc(NLP.vocab, words=["word"] * len(concepts))
    doc.set_ents([Span(doc, i, i + 1, "X", kb_id=concept) for i, concept in enumerate(concepts)])
    return doc


@pytest.mark.parametrize(
    "kb_id, concepts",
    [
        ("D001943", ("D001943",)),
        ("D010051|D001943", ("D010051", "D001943")),
        # as BioRED writes them
        ("D010051,D001943", ("D010051", "D001943")),
        ("672;675", ("672", "675")),
        ("a|b,c", ("a", "b", "c")),
        # names of variants hold bars
        ("p|SUB|V|600|E", ("p|SUB|V|600|E",)),
        ("c|DEL|1314_1328|", ("c|DEL|1314_1328|",)),
        ("c|DUP||15,c|INS|5382|C", ("c|DUP||15", "c|INS|5382|C")),
        ("c|Allele|G|111", ("c|Allele|G|111",)),
        ("c|DEL888|C", ("c|DEL888|C",)),
        ("|INS|125_126|AA", ("|INS|125_126|AA",)),
        ("a||b", ("a", "b")),
        ("", ()),
        ("|", ()),
    ],
)
def test_a_composite_mention_names_several_concepts(kb_id, concepts):
    (entity,) = document(kb_id).ents
    assert concepts_of(entity) == concepts


def test_relations_are_of_single_concepts():
    doc = document("a|b", "c", "")
    first, second, third = doc.ents
    concepts = concepts_by_offsets(doc.ents)
    assert concepts == {(0, 4): ("a", "b"), (5, 9): ("c",)}
    found = relations_of_concepts(relation_of(first, second, "R", 0.5), concepts)
    assert found == {Relation("a", "c", "R"), Relation("b", "c", "R")}
    assert relations_of_concepts(relation_of(first, third, "R"), concepts) == set()
    write_relations(doc, [relation_of(first, second, "R", 0.5), relation_of(second, first, "S", 0.25)])
    assert implied_concept_relations(doc) == found | {Relation("c", "a", "S"), Relation("c", "b", "S")}
    assert implied_concept_relations(doc, []) == frozenset()


def test_gold_tells_relations_of_concepts():
    doc = document("a", "b")
    assert not tells_of_concepts(doc) and read_concept_relations(doc) == frozenset()
    doc.user_data[CONCEPT_RELATIONS_KEY] = [["R", "a", "b"]]
    assert tells_of_concepts(doc) and read_concept_relations(doc) == {Relation("a", "b", "R")}


def test_an_extractor_takes_what_a_composite_mention_names_together():
    """A mention has one score with another: it cannot answer for each of its concepts alone."""
    assert number_concepts(document("a|b", "a", "b", "a|b", "", "").ents).tolist() == [0, 1, 2, 0, 3, 4]
