"""Groups of any component, united on documents that are written by hand."""

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span, SpanGroup

from spacy_clinner.annotations.keys import DOC_ID_KEY, SPANS_KEY
from spacy_clinner.annotations.span_groups import SteadySpanGroup
from spacy_clinner.pipeline.union.entity_union import EntityUnion
from spacy_clinner.reports.annotations import annotations_of

from ...toys.tagger import examples

WORDS = "old chest pain after aspirin 5 mg daily".split()


def make_nlp(**config):
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_entity_union", name="union", config={"heads": ["one", "two"], **config})
    return nlp


def make_doc(nlp, **groups):
    """A document with groups of (start, end, label, probability)."""
    doc = Doc(nlp.vocab, words=WORDS)
    doc.user_data[DOC_ID_KEY] = "note-7"
    for key, rows in groups.items():
        spans = [Span(doc, start, end, label=label, kb_id="C1") for start, end, label, _ in rows]
        doc.spans[key] = SpanGroup(doc, name=key, spans=spans, attrs={"scores": [row[3] for row in rows]})
    return doc


def in_group(doc, key=SPANS_KEY):
    spans, scores = doc.spans[key], doc.spans[key].attrs["scores"]
    return [(s.start, s.end, s.label_, round(float(p), 3)) for s, p in zip(spans, scores, strict=True)]


def in_ents(doc):
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]


ONE = [(1, 3, "PROBLEM", 0.6), (4, 5, "DRUG", 0.9)]
TWO = [(0, 3, "SIGN", 0.5), (1, 2, "BODY", 0.7), (4, 5, "DRUG", 0.8), (7, 8, "TIME", 0.2)]


@pytest.mark.parametrize(
    "rule, of_chest_pain",
    [("probability", (1, 2, "BODY")), ("longest", (0, 3, "SIGN")), ("priority", (1, 3, "PROBLEM"))],
)
def test_all_are_in_the_group_and_the_best_by_the_rule_in_ents(rule, of_chest_pain):
    nlp = make_nlp(rule=rule)
    doc = nlp(make_doc(nlp, one=ONE, two=TWO))
    everything = [(0, 3, "SIGN", 0.5), ONE[0], (1, 2, "BODY", 0.7), (4, 5, "DRUG", 0.9), (7, 8, "TIME", 0.2)]
    assert in_group(doc) == everything
    assert in_ents(doc) == [of_chest_pain, (4, 5, "DRUG"), (7, 8, "TIME")]
    assert type(doc.spans[SPANS_KEY]) is SteadySpanGroup and doc.ents[0].kb_id_ == "C1"
    assert in_group(doc, "one") == ONE and in_group(doc, "two") == TWO
    assert [one.probability for one in annotations_of(doc)][1:] == pytest.approx([0.9, 0.2])


def test_labels_are_renamed_and_left_out_by_head():
    nlp = make_nlp(labels={"two": {"DRUG": "MEDICATION", "SIGN": "", "BODY": "PROBLEM"}})
    doc = nlp(make_doc(nlp, one=ONE, two=TWO))
    assert [row[2] for row in in_group(doc)] == ["PROBLEM", "PROBLEM", "DRUG", "MEDICATION", "TIME"]
    assert in_ents(doc) == [(1, 2, "PROBLEM"), (4, 5, "DRUG"), (7, 8, "TIME")]


def test_a_threshold_of_all():
    nlp = make_nlp(threshold=0.6)
    doc = nlp(make_doc(nlp, one=ONE, two=TWO))
    assert in_group(doc) == [ONE[0], (1, 2, "BODY", 0.7), (4, 5, "DRUG", 0.9)]
    # as `spacy find-threshold` does
    nlp.get_pipe("union").cfg["threshold"] = 0.65
    assert in_ents(nlp(make_doc(nlp, one=ONE, two=TWO))) == [(1, 2, "BODY"), (4, 5, "DRUG")]


def test_a_probability_that_is_the_threshold():
    nlp = make_nlp(threshold=0.7)
    doc = make_doc(nlp, one=[], two=[])
    scores = np.array([0.7], dtype="float32")
    doc.spans["one"] = SpanGroup(doc, name="one", spans=[Span(doc, 4, 5, label="DRUG")], attrs={"scores": scores})
    assert in_group(nlp(doc)) == [(4, 5, "DRUG", 0.7)]


def test_ents_can_be_left_alone_and_are_replaced_otherwise():
    for set_ents, expected in ((False, [(6, 8, "X")]), (True, [])):
        nlp = make_nlp(set_ents=set_ents, spans_key="all")
        doc = make_doc(nlp, one=[], two=[])
        doc.set_ents([Span(doc, 6, 8, "X")])
        assert in_ents(nlp(doc)) == expected and in_group(doc, "all") == []
        assert doc.has_annotation("ENT_IOB")


rows = st.lists(
    st.tuples(st.integers(0, 6), st.integers(1, 3), st.sampled_from("AB"), st.floats(0, 1)).map(
        lambda row: (row[0], min(row[0] + row[1], len(WORDS)), *row[2:])
    ),
    max_size=8,
)


@pytest.fixture(scope="module")
def nlp():
    return make_nlp()


@settings(deadline=None, max_examples=50)
@given(one=rows, two=rows, rule=st.sampled_from(["probability", "longest", "priority"]))
def test_ents_are_never_in_conflict_and_some_of_the_group(nlp, one, two, rule):
    nlp.get_pipe("union").cfg["rule"] = rule
    doc = nlp(make_doc(nlp, one=one, two=two))
    assert {row[:3] for row in in_group(doc)} == {row[:3] for row in [*one, *two]}
    assert {*in_ents(doc)} <= {row[:3] for row in [*one, *two]} and bool(doc.ents) == bool(one or two)


def test_tokens_that_have_changed_since():
    """What the heads have found grows to one entity, as all others do."""
    nlp = make_nlp()
    doc = make_doc(nlp, one=[(1, 2, "X", 0.4), (4, 5, "Y", 0.5)], two=[(1, 3, "X", 0.3)])
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[1:3])
    assert in_group(nlp(doc)) == [(1, 2, "X", 0.4), (3, 4, "Y", 0.5)]
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2])
    assert [(span.text, span.label_) for span in doc.spans[SPANS_KEY]] == [("old chest pain", "X"), ("aspirin", "Y")]


def test_rules_and_spancat_beside_each_other():
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("span_ruler", config={"spans_key": "one"})
    nlp.add_pipe("spancat", config={"spans_key": "two", "threshold": 0.0}).add_label("NEW")
    nlp.add_pipe("clinner_entity_union", name="union", config={"heads": ["one", "two"], "assumed": {"one": 0.95}})
    nlp.initialize(lambda: examples(nlp))
    ruler.add_patterns([{"label": "DRUG", "pattern": "aspirin"}])
    doc = nlp("aspirin again")
    assert (0, 1, "DRUG", 0.95) in in_group(doc)
    scores = doc.spans["two"].attrs["scores"]
    of_spancat = {(s.start, s.end): float(p) for s, p in zip(doc.spans["two"], scores, strict=True)}
    united = {row[:2]: row[3] for row in in_group(doc) if row[2] == "NEW"}
    assert len(united) > 1 and united == pytest.approx(of_spancat, abs=1e-3)
    assert in_ents(doc) and in_ents(nlp("")) == []


def test_a_head_that_did_not_run():
    nlp = make_nlp()
    with pytest.raises(ValueError, match=r"\[CE377\].*'union'.*'two'.*'note-7'.*it has: one"):
        nlp(make_doc(nlp, one=ONE))


@pytest.mark.parametrize("scores", [None, [0.5], [0.5, 1.5], [0.5, -0.1], [0.5, float("nan")]])
def test_what_are_no_probabilities(scores):
    nlp = make_nlp()
    doc = make_doc(nlp, one=ONE, two=[])
    doc.spans["one"].attrs = {} if scores is None else {"scores": np.array(scores)}
    with pytest.raises(ValueError, match=r"\[CE378\].*'note-7'.*'one' of 2 spans.*'union'"):
        nlp(doc)


@pytest.mark.parametrize(
    "config, says",
    [
        ({"heads": []}, "CE375.*`heads`.*'u' is .*at least one"),
        ({"heads": ["a", "b", "a"]}, "CE375.*`heads`"),
        ({"heads": ["a", SPANS_KEY]}, "CE375.*`heads`.*none that it writes"),
        ({"heads": ["a"], "threshold": 1.5}, "CE375.*`threshold`.*1.5"),
        ({"heads": ["a"], "assumed": {"a": 2.0}}, "CE375.*`assumed`"),
        ({"heads": ["a"], "labels": {"a": {"C:1": "X", "C": "Y"}}}, "CE375.*`labels`.*of 'a.C:1', but"),
        ({"heads": ["a"], "labels": {"a": {"X": "${Y}"}}}, "CE375.*`labels`.*of 'a.X', but"),
        ({"heads": ["a.b"], "labels": {"a.b": {"X": "Y"}}}, "CE375.*`labels`.*of 'a.b', but"),
        ({"heads": ["a:b"], "assumed": {"a:b": 0.95}}, "CE375.*`assumed`.*of 'a:b', but"),
        ({"heads": ["a"], "labels": {"b": {"X": "Y"}}}, "CE376.*`labels`.*'b'.*only: 'a'"),
        ({"heads": ["a"], "assumed": {"b": 0.5}}, "CE376.*`assumed`.*'b'.*only: 'a'"),
        ({"heads": ["a"], "rule": "surest"}, "rule"),
    ],
)
def test_wrong_settings(config, says):
    with pytest.raises(ValueError, match=says):
        spacy.blank("en").add_pipe("clinner_entity_union", name="u", config=config)


def test_labels_that_no_head_finds_are_told_before_training():
    nlp = spacy.blank("en")
    nlp.add_pipe("span_ruler", config={"spans_key": "one"}).add_patterns([{"label": "DRUG", "pattern": "aspirin"}])
    config = {"heads": ["one", "other"], "labels": {"one": {"DRGU": "X"}, "other": {"Y": "Z"}}}
    nlp.add_pipe("clinner_entity_union", name="union", config=config)
    with pytest.raises(ValueError, match=r"CE376.*`labels\.one`.*'DRGU'.*only: 'DRUG'"):
        nlp.get_pipe("union").initialize(nlp=nlp)
    nlp.get_pipe("union").cfg["labels"]["one"] = {"DRUG": "X"}
    nlp.get_pipe("union").initialize(nlp=nlp)
    nlp.get_pipe("union").initialize()
    # which tells no labels yet
    nlp.add_pipe("spancat", config={"spans_key": "one"}, before="union")
    nlp.get_pipe("union").cfg["labels"]["one"] = {"DOSE": "X"}
    nlp.get_pipe("union").initialize(nlp=nlp)


def test_settings_are_kept(tmp_path):
    nlp = make_nlp(labels={"two": {"SIGN": ""}})
    nlp.get_pipe("union").cfg.update(rule="longest", threshold=0.3, assumed={"one": 1 / 3})
    expected = in_group(nlp(make_doc(nlp, one=ONE, two=TWO)))
    nlp.to_disk(tmp_path)
    other = make_nlp()
    other.get_pipe("union").from_bytes(nlp.get_pipe("union").to_bytes())
    for again in (spacy.load(tmp_path), make_nlp().from_bytes(nlp.to_bytes()), other):
        assert again.get_pipe("union").cfg == nlp.get_pipe("union").cfg
        assert in_group(again(make_doc(again, one=ONE, two=TWO))) == expected
    assert isinstance(again.get_pipe("union"), EntityUnion)


def test_it_scores_only_with_a_scorer():
    nlp = make_nlp()
    nlp.get_pipe("union").scorer = None
    assert nlp.get_pipe("union").score([]) == {}


def test_probabilities_are_those_of_the_group_that_has_all_entities():
    """A head has the default key, the union another."""
    nlp = make_nlp(heads=[SPANS_KEY, "two"], spans_key="united")
    doc = nlp(make_doc(nlp, **{SPANS_KEY: ONE, "two": [(7, 8, "TIME", 0.2)]}))
    assert [one.probability for one in annotations_of(doc)] == pytest.approx([0.6, 0.9, 0.2])
