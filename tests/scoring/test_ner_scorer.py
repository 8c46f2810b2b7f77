import random

import pytest
import spacy
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_clinner.annotations.keys import DOMAIN_KEY, LABELS_KEY
from spacy_clinner.scoring.ner_scorer import make_ner_scorer, ner_score

NLP = spacy.blank("en")
WORDS = "no chest pain today but mild edema of the left leg".split()


def make_doc(spans, *, key=None, words=WORDS, **kwargs):
    doc = Doc(NLP.vocab, words=words)
    spans = [Span(doc, start, end, label) for start, end, label in spans]
    if key is None:
        doc.set_ents(spans, **kwargs)
    else:
        doc.spans[key] = spans
    return doc


def random_spans(rng):
    spans, start = [], 0
    while start < len(WORDS):
        end = min(len(WORDS), start + rng.randint(1, 3))
        if rng.random() < 0.5:
            spans.append((start, end, rng.choice("ABC")))
        start = end
    return spans


def test_equals_spacys_scorer():
    rng = random.Random(0)
    for _ in range(20):
        examples = [Example(make_doc(random_spans(rng)), make_doc(random_spans(rng))) for _ in range(5)]
        theirs = Scorer.score_spans(examples, "ents", has_annotation=lambda doc: doc.has_annotation("ENT_IOB"))
        ours = ner_score(examples, labels=("A", "B", "C"))
        assert ours.keys() == theirs.keys()
        for measure in ("ents_p", "ents_r", "ents_f"):
            assert ours[measure] == pytest.approx(theirs[measure])
        assert ours["ents_per_type"].keys() == theirs["ents_per_type"].keys()
        for label, scores in theirs["ents_per_type"].items():
            assert ours["ents_per_type"][label] == pytest.approx(scores)


def test_missed_wrong_and_spurious():
    gold = make_doc([(1, 3, "A"), (5, 7, "A"), (8, 11, "B")])
    predicted = make_doc([(1, 3, "A"), (5, 7, "B"), (0, 1, "B")])
    scores = ner_score([Example(predicted, gold)])
    assert scores["ents_p"] == pytest.approx(1 / 3)
    assert scores["ents_r"] == pytest.approx(1 / 3)
    assert scores["ents_per_type"]["A"] == pytest.approx({"p": 1.0, "r": 0.5, "f": 2 / 3})
    assert scores["ents_per_type"]["B"] == {"p": 0.0, "r": 0.0, "f": 0.0}


def test_prefix_separates_heads():
    doc = make_doc([(1, 3, "A")])
    scores = make_ner_scorer()([Example(doc, doc)], score_prefix="x")
    assert scores == {
        "ents_x_p": 1.0,
        "ents_x_r": 1.0,
        "ents_x_f": 1.0,
        "ents_x_per_type": {"A": {"p": 1.0, "r": 1.0, "f": 1.0}},
    }


def test_head_is_scored_on_its_domains():
    docs = {domain: make_doc([(1, 3, "A")]) for domain in ("source", "target", None)}
    for domain, doc in docs.items():
        if domain:
            doc.user_data["clinner_domain"] = domain
    examples = [Example(make_doc([(1, 3, "A")] if domain != "source" else []), doc) for domain, doc in docs.items()]
    assert ner_score(examples)["ents_r"] == pytest.approx(2 / 3)
    assert ner_score(examples, domains=["target"])["ents_f"] == 1.0
    assert ner_score(examples, domains=["source"])["ents_r"] == 0.5
    assert ner_score(examples[:1], domains=["target"])["ents_f"] is None


@pytest.mark.parametrize("gold_from", ["ents", "spans"])
@pytest.mark.parametrize("set_ents", [True, False])
def test_where_gold_and_predictions_are_read(gold_from, set_ents):
    spans = [(1, 3, "A")]
    gold = make_doc(spans, key=None if gold_from == "ents" else "head")
    predicted = make_doc(spans, key=None if set_ents else "head")
    scores = ner_score([Example(predicted, gold)], set_ents=set_ents, gold_from=gold_from, spans_key="head")
    assert scores["ents_f"] == 1.0


def test_documents_without_gold_are_skipped():
    predicted = make_doc([(1, 3, "A")])
    unannotated = Doc(NLP.vocab, words=WORDS)
    for gold_from in ("ents", "spans"):
        scores = ner_score([Example(predicted, unannotated)], gold_from=gold_from)
        assert set(scores.values()) == {None}
    assert set(ner_score([]).values()) == {None}


def test_empty_group_means_annotated_as_none():
    gold = make_doc([], key="head")
    scores = ner_score([Example(make_doc([(1, 3, "A")]), gold)], gold_from="spans", spans_key="head")
    assert scores["ents_p"] == 0.0


def test_predictions_where_gold_is_missing_do_not_count():
    gold = make_doc([(1, 3, "A")], missing=[Doc(NLP.vocab, words=WORDS)[5:11]], default="outside")
    inside, reaching_out = [(1, 3, "A"), (6, 8, "B")], [(1, 3, "A"), (4, 8, "B")]
    assert ner_score([Example(make_doc(inside), gold)])["ents_p"] == 1.0
    assert ner_score([Example(make_doc(reaching_out), gold)])["ents_p"] == 0.5


def test_tokenisations_may_differ():
    gold = make_doc([(1, 3, "A")])
    predicted = Doc(NLP.vocab, words=["no", "chest pain"] + WORDS[3:])
    predicted.ents = [Span(predicted, 1, 2, "A")]
    assert ner_score([Example(predicted, gold)])["ents_f"] == 1.0


def test_unknown_gold_from_is_refused():
    with pytest.raises(ValueError, match="CE060"):
        ner_score([], gold_from="tokens")


def test_different_texts_are_refused():
    gold = make_doc([(1, 3, "A")])
    predicted = Doc(NLP.vocab, words=WORDS, spaces=[True] * (len(WORDS) - 2) + [False, False])
    with pytest.raises(ValueError, match="CE061"):
        ner_score([Example(predicted, gold)])


def test_each_of_several_domains_has_its_f():
    examples = []
    for domain, found in (("source", [(1, 3, "A")]), ("source", []), ("target", [(1, 3, "A")])):
        gold = make_doc([(1, 3, "A")])
        gold.user_data[DOMAIN_KEY] = domain
        examples.append(Example(make_doc(found), gold))
    scores = ner_score(examples, score_prefix="x")
    assert scores["ents_x_f"] == pytest.approx(0.8)
    assert scores["ents_x_f_source"] == pytest.approx(2 / 3) and scores["ents_x_f_target"] == 1
    assert "ents_f_source" not in ner_score(examples[:2])


def test_labels_that_were_not_annotated_are_not_scored():
    reference, predicted = make_doc([(1, 3, "A")]), make_doc([(1, 3, "A"), (5, 7, "B"), (8, 9, "A")])
    reference.user_data[LABELS_KEY] = ["A"]
    scores = ner_score([Example(predicted, reference)])
    assert scores["ents_p"] == 0.5 and scores["ents_r"] == 1.0 and set(scores["ents_per_type"]) == {"A"}


def test_labels_that_a_head_does_not_learn_are_no_gold_of_its():
    example = Example(make_doc([(1, 3, "A")]), make_doc([(1, 3, "A"), (5, 7, "B")]))
    assert ner_score([example], gold_labels=["A"])["ents_f"] == 1.0
    assert ner_score([example])["ents_r"] == 0.5
