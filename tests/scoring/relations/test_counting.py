"""Relations counted in the three modes, on documents that are written out by hand."""

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_clinner.annotations.keys import CONCEPT_RELATIONS_KEY, DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.annotations.relations import read_relations, relation_of, write_relations
from spacy_clinner.scoring.relations.counting import best_mode, by_label, count_relations, prf_of_all
from spacy_clinner.scoring.relations.evaluation import evaluate_relations
from spacy_clinner.scoring.relations.scorer import relation_score

NLP = spacy.blank("en")
WORDS = "take aspirin forte 5 mg daily and codeine 3 mg".split()
DRUG, FORTE, CODEINE = (1, 2, "DRUG"), (1, 3, "DRUG"), (7, 8, "DRUG")
DOSE, THREE, DAILY = (3, 5, "DOSE"), (8, 10, "DOSE"), (5, 6, "OFTEN")


def document(*relations, others=(), spans_key=None):
    """A document of relations (head, child, label) between entities, and of further entities."""
    doc = Doc(NLP.vocab, words=WORDS)
    entities = sorted({*others, *(end for head, child, _ in relations for end in (head, child))})
    spans = {entity: Span(doc, *entity) for entity in entities}
    if spans_key is None:
        doc.set_ents(list(spans.values()))
    else:
        doc.spans[spans_key] = list(spans.values())
    write_relations(doc, [relation_of(spans[head], spans[child], label) for head, child, label in relations])
    return doc


def counts(gold, predicted, mode):
    """What is right, predicted and wanted, over all labels."""
    found = count_relations([Example(document(*predicted), document(*gold))], mode)
    return tuple(counter.total() for counter in by_label(found))


@pytest.mark.parametrize(
    "gold, predicted, strict, overlap",
    [
        ([(DRUG, DOSE, "HAS")], [(DRUG, DOSE, "HAS")], (1, 1, 1), (1, 1, 1)),
        # a head, a child, both of other offsets
        ([(DRUG, DOSE, "HAS")], [(FORTE, DOSE, "HAS")], (0, 1, 1), (1, 1, 1)),
        ([(DRUG, DOSE, "HAS")], [(DRUG, (4, 5, "DOSE"), "HAS")], (0, 1, 1), (1, 1, 1)),
        ([(DRUG, DOSE, "HAS")], [(FORTE, (4, 5, "DOSE"), "HAS")], (0, 1, 1), (1, 1, 1)),
        # another label of the relation, of an entity; turned round; beside it
        ([(DRUG, DOSE, "HAS")], [(FORTE, DOSE, "GETS")], (0, 1, 1), (0, 1, 1)),
        ([(DRUG, DOSE, "HAS")], [((1, 3, "X"), DOSE, "HAS")], (0, 1, 1), (0, 1, 1)),
        ([(DRUG, DOSE, "HAS")], [(DRUG, (3, 5, "X"), "HAS")], (0, 1, 1), (0, 1, 1)),
        ([(DRUG, DOSE, "HAS")], [(DOSE, FORTE, "HAS")], (0, 1, 1), (0, 1, 1)),
        ([(DRUG, DOSE, "HAS")], [((2, 3, "DRUG"), DOSE, "HAS")], (0, 1, 1), (0, 1, 1)),
        ([(DRUG, DOSE, "HAS")], [(CODEINE, DOSE, "HAS")], (0, 1, 1), (0, 1, 1)),
        # nothing predicted, nothing wanted
        ([(DRUG, DOSE, "HAS")], [], (0, 0, 1), (0, 0, 1)),
        ([], [(DRUG, DOSE, "HAS")], (0, 1, 0), (0, 1, 0)),
        # a prediction finds one relation only, and a relation is found once
        ([((3, 4, "DOSE"), DRUG, "OF"), ((4, 5, "DOSE"), DRUG, "OF")], [(DOSE, DRUG, "OF")], (0, 1, 2), (1, 1, 2)),
        ([(DOSE, DRUG, "OF")], [((3, 4, "DOSE"), DRUG, "OF"), ((4, 5, "DOSE"), DRUG, "OF")], (0, 2, 1), (1, 2, 1)),
        # an exact prediction is not spent on another relation
        (
            [((3, 4, "DOSE"), DRUG, "OF"), ((4, 5, "DOSE"), DRUG, "OF")],
            [((4, 5, "DOSE"), DRUG, "OF")],
            (1, 1, 2),
            (1, 1, 2),
        ),
    ],
)  # fmt: skip
def test_strict_and_overlapping(gold, predicted, strict, overlap):
    assert counts(gold, predicted, "strict") == strict
    assert counts(gold, predicted, "overlap") == overlap


PAIRS = st.lists(
    st.tuples(
        st.sampled_from([DRUG, FORTE, CODEINE]),
        st.sampled_from([DOSE, (4, 5, "DOSE"), DAILY, THREE]),
        st.sampled_from(["A", "B"]),
    ),
    unique=True,
    max_size=6,
).filter(lambda pairs: not {DRUG, FORTE} <= {head for head, _, _ in pairs}).filter(
    lambda pairs: not {DOSE, (4, 5, "DOSE")} <= {child for _, child, _ in pairs}
)  # fmt: skip


@given(PAIRS, PAIRS)
def test_overlap_finds_at_least_what_is_equal_and_never_more_than_there_is(gold, predicted):
    equal, n_predicted, n_gold = counts(gold, predicted, "strict")
    overlapping, *same = counts(gold, predicted, "overlap")
    assert same == [n_predicted, n_gold] == [len(predicted), len(gold)]
    assert equal <= overlapping <= min(n_predicted, n_gold)
    assert counts(gold, gold, "overlap") == (len(gold),) * 3
    # it does not matter which is the gold
    assert counts(predicted, gold, "overlap")[0] == overlapping


def with_concepts(doc, names, told=None):
    doc.set_ents([Span(doc, ent.start, ent.end, ent.label_, kb_id=names.get(ent.text, "")) for ent in doc.ents])
    if told is not None:
        doc.user_data[CONCEPT_RELATIONS_KEY] = told
    return doc


def test_concepts_are_judged_once_and_one_by_one():
    names = {"aspirin": "A", "codeine": "C|A", "5 mg": "D"}
    told = [["HAS", "A", "D"], ["HAS", "C", "E"]]
    gold = with_concepts(document(), {}, told)
    # A has D twice; C has D as well
    predicted = with_concepts(document((DRUG, DOSE, "HAS"), (CODEINE, DOSE, "HAS"), (DRUG, THREE, "HAS")), names)
    assert counts_of([Example(predicted, gold)]) == (1, 2, 2)
    # with what is kept only
    assert counts_of([Example(predicted, gold)], keep=lambda doc: read_relations(doc)[:1]) == (1, 1, 2)
    assert counts_of([Example(predicted, gold)], keep=lambda doc: []) == (0, 0, 2)


def counts_of(examples, **settings):
    return tuple(counter.total() for counter in by_label(count_relations(examples, "concepts", **settings)))


def test_what_is_not_annotated_is_left_out():
    right = document((DRUG, DOSE, "HAS"))
    silent = document(others=[DRUG])
    del silent.user_data[RELATIONS_KEY]
    none = document(others=[DRUG])
    examples = [Example(right.copy(), silent), Example(right.copy(), none), Example(right.copy(), right)]
    found = count_relations(examples, "strict")
    assert found.values.shape == (2, 1, 4) and prf_of_all(found) == (0.5, 1.0, pytest.approx(2 / 3))
    # none of them tells of concepts
    assert best_mode(examples) == "strict" and len(count_relations(examples, "concepts").values) == 0
    told = with_concepts(right.copy(), {}, [])
    assert best_mode([*examples, Example(right.copy(), told)]) == "concepts"
    assert len(count_relations([*examples, Example(right.copy(), told)], "concepts").values) == 1
    assert len(count_relations([], "strict").values) == 0 and prf_of_all(count_relations([], "overlap")) == (0, 0, 0)


@pytest.mark.parametrize("mode", ["strict", "overlap", "concepts"])
def test_other_texts_are_refused(mode):
    gold = with_concepts(document((DRUG, DOSE, "HAS")), {}, [])
    gold.user_data[DOC_ID_KEY] = "n7"
    with pytest.raises(ValueError, match="CE252.*'n7'"):
        count_relations([Example(NLP.make_doc("other"), gold)], mode)


def test_entities_of_a_span_group():
    gold, predicted = (document((DRUG, DOSE, "HAS"), spans_key="found") for _ in range(2))
    assert prf_of_all(count_relations([Example(predicted, gold)], "strict", "found")) == (1, 1, 1)
    # a group that is not there: ends have no labels, on either side
    wrong = document(((1, 2, "OTHER"), DOSE, "HAS"), spans_key="found")
    assert prf_of_all(count_relations([Example(wrong, gold)], "strict", "found")) == (0, 0, 0)
    assert prf_of_all(count_relations([Example(wrong, gold)], "strict")) == (1, 1, 1)


def test_scorer_and_evaluation_tell_the_same():
    gold = with_concepts(
        document((DRUG, DOSE, "HAS"), (DRUG, DAILY, "WHEN"), (CODEINE, THREE, "HAS")),
        {"aspirin": "A", "5 mg": "D"},
        [["HAS", "A", "D"]],
    )
    predicted = with_concepts(
        document((FORTE, DOSE, "HAS"), (FORTE, DAILY, "HAS"), (CODEINE, THREE, "HAS")),
        {"aspirin forte": "A", "5 mg": "D", "codeine": "C", "3 mg": "T"},
    )
    pairs = [Example(predicted, gold)]
    scores, modes = relation_score(pairs), evaluate_relations(pairs)
    assert list(modes) == ["strict", "overlap", "concepts"]
    # codeine's dose is right; aspirin's overlaps; of concepts, A has D, and C has T, which nobody wants
    micro = {mode: modes[mode].averages["micro"] for mode in modes}
    assert scores["rels_p"] == micro["strict"].p == pytest.approx(1 / 3)
    assert scores["rels_r"] == micro["strict"].r == pytest.approx(1 / 3)
    assert scores["rels_f"] == pytest.approx(micro["strict"].f)
    assert scores["rels_overlap_f"] == pytest.approx(micro["overlap"].f) == pytest.approx(2 / 3)
    assert scores["rels_concepts_f"] == pytest.approx(micro["concepts"].f) == pytest.approx(2 / 3)
    assert scores["rels_per_type"] == {
        "HAS": {"p": pytest.approx(1 / 3), "r": 0.5, "f": pytest.approx(0.4)},
        "WHEN": {"p": 0.0, "r": 0.0, "f": 0.0},
    }
    assert scores["rels_macro_f"] == pytest.approx(0.2) == pytest.approx(modes["strict"].averages["macro"].f)


def test_nothing_to_score():
    silent = document(others=[DRUG])
    del silent.user_data[RELATIONS_KEY]
    for pairs in ([], [Example(silent.copy(), silent)], [Example(document(), document())]):
        scores = relation_score(pairs)
        assert set(scores) == {
            f"rels_{name}" for name in ("p", "r", "f", "per_type", "macro_f", "overlap_f", "concepts_f")
        }
        assert set(scores.values()) == {None}


@pytest.mark.parametrize("predicted", [(0, 1), (2, 3)])
def test_spans_that_touch_do_not_overlap(predicted):
    def glued(head):
        doc = Doc(NLP.vocab, words=["asa", "pirin", "forte", "mg"], spaces=[False] * 4)
        spans = [Span(doc, *head, "DRUG"), Span(doc, 3, 4, "DOSE")]
        doc.set_ents(spans)
        write_relations(doc, [relation_of(*spans, "HAS")])
        return doc

    found = count_relations([Example(glued(predicted), glued((1, 2)))], "overlap")
    assert tuple(counter.total() for counter in by_label(found)) == (0, 1, 1)


def test_labels_are_those_of_the_span_group():
    gold = document((DRUG, DOSE, "HAS"), spans_key="drugs")
    predicted = document(((1, 2, "X"), DOSE, "HAS"), spans_key="drugs")
    pairs = [Example(predicted, gold)]
    # doc.ents are empty, so nothing there tells the heads apart
    assert relation_score(pairs)["rels_f"] == 1 and relation_score(pairs)["rels_overlap_f"] == 1
    scores = relation_score(pairs, spans_key="drugs")
    assert scores["rels_f"] == 0 and scores["rels_overlap_f"] == 0
    modes = evaluate_relations(pairs, "drugs")
    assert modes["strict"].averages["micro"].f == 0 and modes["overlap"].averages["micro"].f == 0


def test_of_several_labels_at_one_place_gold_and_prediction_take_the_same():
    """As in a group that holds what overlaps; the order of sets differs from process to process."""
    relations = [((1, 2, label), DOSE, "HAS") for label in ("DRUG", "BRAND", "X", "Y")]
    gold = document(*relations, spans_key="all")
    for n in range(4):
        others = [(i, i + 1, "OTHER") for i in range(n)]
        predicted = document(*relations, others=others, spans_key="all")
        found = count_relations([Example(predicted, gold)], "strict", "all")
        assert found.total.tolist() == [[1.0, 1.0, 1.0, 1.0]]


def test_gold_that_tells_of_no_relations():
    doc = Doc(NLP.vocab, words=WORDS)
    with pytest.raises(ValueError, match="CE298.*2 documents"):
        evaluate_relations([Example(doc, doc), Example(doc, doc)])
