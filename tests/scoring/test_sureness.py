"""Which spans are compared with which gold, and in what groups."""

import json

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.annotations.keys import DOMAIN_KEY
from spacy_clinner.scoring.documents import pair_documents
from spacy_clinner.scoring.evaluation import Bootstrap
from spacy_clinner.scoring.probabilities import Probabilities
from spacy_clinner.scoring.sureness import measure_sureness

NLP = spacy.blank("en")
# tokens of one letter
A, B, C = Entity(0, 1, "A"), Entity(2, 3, "B"), Entity(4, 5, "A")


def gold(entities, domain=None, key=None):
    doc = NLP.make_doc("a b c d")
    if domain is not None:
        doc.user_data[DOMAIN_KEY] = domain
    spans = [doc.char_span(start, end, label=label) for start, end, label in entities]
    if key:
        doc.spans[key] = spans
    else:
        doc.set_ents(spans)
    return doc


def measure(docs, predicted, possible=None, key=None, resamples=0):
    ids = [f"#{number}" for number in range(len(docs))]
    entities = {name: frozenset(one) for name, one in zip(ids, predicted, strict=True)}
    known = {n: {e: p for e, p in one.items() if p is not None} for n, one in zip(ids, predicted, strict=True)}
    possible = possible and dict(zip(ids, possible, strict=True))
    documents = pair_documents(docs, entities, key)
    settings = Bootstrap(resamples=resamples)
    return measure_sureness(docs, documents, Probabilities(known, possible), spans_key=key, bootstrap=settings)


def test_right_is_who_has_offsets_and_label():
    found = measure([gold([A, B])], [{A: 0.9, Entity(2, 3, "A"): 0.6, Entity(2, 5, "B"): 0.7}])
    assert (found.predicted.all.calibration.n, found.others, found.without) == (3, None, 0)
    assert found.predicted.all.calibration.values["right"] == pytest.approx(1 / 3)
    assert found.predicted.all.calibration.values["probability"] == pytest.approx(2.2 / 3)
    assert found.predicted.all.review.wrong == 2


def test_groups_of_labels_and_domains():
    docs = [gold([A, B], "x"), gold([], "y"), gold([C])]
    found = measure(docs, [{A: 0.9, B: 0.8}, {A: 0.4}, {C: 0.5, B: 0.3}], resamples=10)
    n = {name: one.calibration.n for name, one in {**found.predicted.labels, **found.predicted.domains}.items()}
    # the document without a domain is in none
    assert n == {"A": 3, "B": 2, "x": 2, "y": 1} and found.predicted.all.calibration.n == 5
    right = {name: one.calibration.values["right"] for name, one in found.predicted.domains.items()}
    assert right == {"x": 1.0, "y": 0.0}
    # bins of all have intervals, those of a label do not
    assert (
        found.predicted.all.calibration.bins[0].interval
        and not found.predicted.labels["A"].calibration.bins[0].interval
    )
    assert found.predicted.labels["A"].calibration.intervals
    assert measure(docs[:1], [{A: 0.9}]).predicted.domains == {}


def test_spans_that_were_not_predicted():
    possible = [{A: 0.9, B: 0.3, C: 0.2}, {A: 0.1, C: 0.06}]
    found = measure([gold([A, B]), gold([A])], [{A: 0.9}, {}], possible)
    others = found.others.all.calibration
    assert (others.n, others.values["right"], others.values["probability"]) == (4, 0.5, pytest.approx(0.165))
    assert found.others.all.review is None and found.others.labels["B"].calibration.n == 1
    saved = json.loads(json.dumps(found.to_dict()))
    assert saved["not_predicted"]["at_least"] == 0.05 and saved["not_predicted"]["all"]["n"] == 4
    assert "review" not in saved["not_predicted"]["all"] and saved["predicted"]["all"]["review"]["wrong"] == 0
    assert "interval" not in saved["predicted"]["all"]


def test_what_the_gold_says_nothing_of_is_not_judged():
    half = gold([A])
    half = Doc(half.vocab, words=["a", "b", "c", "d"], ents=["B-A", "O", "", ""])
    assert half.to_array("ENT_IOB").tolist()[2:] == [0, 0]
    silent = NLP.make_doc("a b c d")
    possible = [{A: 0.9, B: 0.3, C: 0.2}, {A: 0.7, B: 0.1}]
    found = measure([half, silent], [{A: 0.9, C: 0.8}, {A: 0.7}], possible)
    assert (found.predicted.all.calibration.n, found.others.all.calibration.n) == (1, 1)


def test_gold_in_a_group():
    found = measure([gold([A], key="k"), gold([A])], [{A: 0.9, B: 0.8}, {A: 0.9}], [{C: 0.1}, {B: 0.1}], key="k")
    assert (found.predicted.all.calibration.n, found.others.all.calibration.n) == (2, 1)
    assert found.predicted.all.calibration.values["right"] == 0.5


def test_entities_without_probability_are_counted():
    docs = [gold([A, B])]
    found = measure(docs, [{A: 0.9, B: None, C: None}])
    assert (found.predicted.all.calibration.n, found.without) == (1, 2)
    assert measure(docs, [{A: None}]) is None and measure(docs, [{}], [{A: 0.3}]) is None


def test_a_span_is_one_of_its_offsets_and_label():
    doc = gold([A])
    assert [Span(doc, 0, 1, label="A")] == list(doc.ents)
    found = measure([doc], [{Entity(0, 1, "B"): 0.6}], [{A: 0.4, Entity(0, 1, "B"): 0.6}])
    assert found.others.all.calibration.values["right"] == 1 and found.predicted.all.calibration.values["right"] == 0
