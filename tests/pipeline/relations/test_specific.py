"""Relations that follow from narrower ones."""

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_clinner.annotations.keys import RELATIONS_KEY
from spacy_clinner.annotations.relations import read_relations, relation_of, write_relations
from spacy_clinner.pipeline.relations.hierarchy import Hierarchy, read_broader_concepts

# failure and nephrosis are diseases of the kidney, which are diseases; statins are drugs
BROADER = [("failure", "kidney"), ("nephrosis", "kidney"), ("kidney", "disease"), ("statin", "drug")]


def make_nlp(broader=BROADER, **config):
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_specific_relations", name="specific", config=config).initialize(broader=broader)
    return nlp


def annotate(doc, relations):
    """Relations between words, each of which is an entity and its own concept, "a+b" of two."""
    doc.set_ents([Span(doc, i, i + 1, label="X", kb_id=token.text.replace("+", "|")) for i, token in enumerate(doc)])
    words = {ent.text: ent for ent in doc.ents}
    write_relations(doc, [relation_of(words[head], words[child], label) for head, child, label in relations])
    return doc


def kept(nlp, *relations):
    """Which of the relations stay, each written as "head child LABEL"."""
    rows = [relation.split() for relation in relations]
    words = list(dict.fromkeys(word for head, child, _ in rows for word in (head, child)))
    doc = annotate(Doc(nlp.vocab, words=words), rows)
    for _, pipe in nlp.pipeline:
        doc = pipe(doc)
    text = doc.text
    return [
        " ".join([text[slice(*found.head)], text[slice(*found.child)], found.label]) for found in read_relations(doc)
    ]


@pytest.mark.parametrize(
    "relations, left",
    [
        ("statin kidney CID, statin failure CID", "statin failure CID"),
        ("statin disease CID, statin failure CID", "statin failure CID"),
        ("statin disease CID, statin kidney CID, statin nephrosis CID", "statin nephrosis CID"),
        # of the head as well as of the child, and of both at once
        ("drug failure CID, statin failure CID", "statin failure CID"),
        ("drug disease CID, statin failure CID", "statin failure CID"),
        # neither follows: siblings, another head, another label, narrower on one side only
        ("statin failure CID, statin nephrosis CID", None),
        ("gold kidney CID, statin failure CID", None),
        ("statin kidney TREATS, statin failure CID", None),
        ("drug failure CID, statin kidney CID", None),
        # of two concepts, one is news
        ("statin kidney+rash CID, statin failure CID", None),
        ("statin kidney+disease CID, statin failure CID", "statin failure CID"),
        ("statin unknown CID, unknown kidney CID", None),
    ],
)
def test_a_relation_that_follows_from_a_narrower_one_is_dropped(relations, left):
    rows = relations.split(", ")
    assert kept(make_nlp(), *rows) == (left.split(", ") if left else rows)


def test_relations_of_entities_without_a_concept_stay():
    nlp = make_nlp()
    doc = annotate(Doc(nlp.vocab, words=["statin", "kidney", "failure"]), [])
    doc.set_ents([Span(doc, i, i + 1, label="X") for i in range(3)])
    relations = [relation_of(doc.ents[0], child, "CID") for child in doc.ents[1:]]
    write_relations(doc, relations)
    assert read_relations(nlp.get_pipe("specific")(doc)) == relations


def test_what_stays_is_stored_as_it_was():
    nlp = make_nlp()
    doc = annotate(Doc(nlp.vocab, words=["statin", "kidney", "failure"]), [])
    relations = [relation_of(doc.ents[0], child, "CID", 0.75) for child in doc.ents[1:]]
    write_relations(doc, relations, [("X", "X")] * 2)
    before = doc.user_data[RELATIONS_KEY]
    assert nlp.get_pipe("specific")(doc).user_data[RELATIONS_KEY] == before[1:]


def test_entities_of_a_span_group_and_documents_without_relations():
    nlp = make_nlp(spans_key="found")
    doc = annotate(Doc(nlp.vocab, words=["statin", "kidney", "failure"]), [])
    del doc.user_data[RELATIONS_KEY]
    specific = nlp.get_pipe("specific")
    assert RELATIONS_KEY not in specific(doc).user_data
    write_relations(doc, [relation_of(doc.ents[0], child, "CID") for child in doc.ents[1:]])
    assert len(specific(doc).user_data[RELATIONS_KEY]) == 2
    doc.spans["found"] = list(doc.ents)
    assert len(specific(doc).user_data[RELATIONS_KEY]) == 1


names = st.sampled_from("abcdefg")


@given(st.lists(st.tuples(names, names), max_size=20))
def test_broader_is_a_strict_order(edges):
    hierarchy = Hierarchy(edges)
    for concept in "abcdefg":
        above = hierarchy.broader(concept)
        assert concept not in above
        for other in above:
            assert hierarchy.broader(other) < above


def test_a_circle_has_no_broader_member():
    hierarchy = Hierarchy([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")])
    assert hierarchy.broader("a") == hierarchy.broader("b") == {"d"}


@given(st.lists(st.sampled_from(["statin", "drug", "kidney", "disease", "failure", "rash"]), min_size=2, max_size=12))
def test_something_narrower_is_left_for_all_that_is_dropped(words):
    rows = [f"{head} {child} CID" for head, child in zip(words, words[1:], strict=False)]
    hierarchy = Hierarchy(BROADER)
    left = [row.split() for row in kept(NLP, *rows)]
    for head, child, _ in (row.split() for row in rows):
        assert any(
            head in {other, *hierarchy.broader(other)} and child in {another, *hierarchy.broader(another)}
            for other, another, _ in left
        )


def test_a_config_names_the_file_and_the_pipeline_keeps_it(tmp_path):
    file = tmp_path / "broader.tsv"
    file.write_text("".join(f"{concept}\t{broader}\n" for concept, broader in BROADER), encoding="utf8")
    assert read_broader_concepts(file) == BROADER
    reader = {"@readers": "spacy_clinner.broader_concepts.v1", "path": str(file)}
    nlp = spacy.blank("en", config={"initialize": {"components": {"specific": {"broader": reader}}}})
    nlp.add_pipe("clinner_specific_relations", name="specific")
    nlp.initialize()
    nlp.to_disk(tmp_path / "model")
    file.unlink()
    rows = ["statin kidney CID", "statin failure CID"]
    assert kept(spacy.load(tmp_path / "model"), *rows) == rows[1:]
    empty = spacy.blank("en")
    empty.add_pipe("clinner_specific_relations", name="specific")
    assert kept(empty.from_bytes(nlp.to_bytes()), *rows) == rows[1:]


@pytest.mark.parametrize("line", ["failure", "failure\t", "failure\tkidney\tdisease", ""])
def test_a_line_that_is_no_pair(tmp_path, line):
    file = tmp_path / "broader.tsv"
    file.write_text(f"failure\tkidney\n{line}\nkidney\tdisease\n", encoding="utf8")
    with pytest.raises(ValueError, match=r"\[CE280\] Line 2 of broader.tsv"):
        read_broader_concepts(file)


def test_a_hierarchy_of_another_system(tmp_path):
    file = tmp_path / "broader.tsv"
    file.write_bytes("\ufeffD2\tD1\rD4\tD2\x85D3\r\n".encode())
    assert read_broader_concepts(file) == [("D2", "D1"), ("D4", "D2\x85D3")]


def test_a_component_without_a_hierarchy():
    with pytest.raises(ValueError, match="CE281"):
        make_nlp(broader=[])
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_specific_relations")
    doc = annotate(Doc(nlp.vocab, words=["statin", "kidney"]), [["statin", "kidney", "CID"]])
    with pytest.raises(ValueError, match="CE281"):
        nlp.get_pipe("clinner_specific_relations")(doc)


NLP = make_nlp()
