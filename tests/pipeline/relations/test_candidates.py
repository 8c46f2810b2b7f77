"""Which entities are near enough to be paired."""

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_clinner.pipeline.relations.candidates import (
    make_pairs_in_document,
    make_pairs_within_tokens,
    make_pairs_within_units,
    read_entities,
)

from ...toys.relations import examples, make_nlp, relations, train

NLP = spacy.blank("en")
# a drug and its dose in one line, another dose two lines on: tokens 0, 1, 4, 7
WORDS = ["aspirin", "5", "\n", "then", "codeine", "\n", "\n", "3"]


def entities(unit="lines"):
    doc = Doc(NLP.vocab, words=WORDS)
    spans = [Span(doc, at, at + 1, label) for at, label in ((0, "DRUG"), (1, "DOSE"), (4, "DRUG"), (7, "DOSE"))]
    return read_entities(doc, spans, {"DRUG": 1, "DOSE": 2}, unit)


def near(ranges):
    """The candidates of each head, without itself."""
    return [sorted({*range(*found)} - {head}) for head, found in enumerate(ranges.tolist())]


@pytest.mark.parametrize(
    "distance, wanted",
    [
        (0, [[], [], [], []]),
        (1, [[1], [0], [], []]),
        (3, [[1], [0, 2], [1, 3], [2]]),
        (4, [[1, 2], [0, 2], [0, 1, 3], [2]]),
        (6, [[1, 2], [0, 2, 3], [0, 1, 3], [1, 2]]),
        (7, [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]),
    ],
)
def test_within_tokens(distance, wanted):
    assert near(make_pairs_within_tokens(distance)(entities())) == wanted


@pytest.mark.parametrize(
    "distance, wanted",
    [(0, [[1], [0], [], []]), (1, [[1, 2], [0, 2], [0, 1], []]), (9, [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])],
)
def test_within_units(distance, wanted):
    # the empty line is one, too
    assert near(make_pairs_within_units(distance)(entities())) == wanted


def test_in_document():
    assert near(make_pairs_in_document()(entities())) == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]


def test_units_are_sentences_or_lines_of_any_length():
    doc = Doc(NLP.vocab, words=["a", "b", "\n", *["c"] * 600], sent_starts=[True, True, *[False] * 601])
    spans = [Span(doc, at, at + 1, "X") for at in (0, 1, 3, 602)]

    def units(unit):
        return read_entities(doc, spans, {}, unit).units.tolist()

    assert units("lines") == [1, 1, 2, 2] and units("sentences") == [1, 2, 2, 2]


def test_labels_are_numbers_and_unknown_ones_zero():
    doc = Doc(NLP.vocab, words=WORDS)
    spans = [Span(doc, at, at + 1, label) for at, label in ((0, "DRUG"), (1, "NEW"), (4, "DOSE"))]
    found = read_entities(doc, spans, {"DRUG": 1, "DOSE": 2}, "lines")
    assert found.labels.tolist() == [1, 0, 2] and found.ends.tolist() == [1, 2, 5]
    # no entities have numbers, too
    for some in (found, read_entities(doc, [], {}, "lines")):
        assert {values.dtype.name for values in some[:4]} == {"int64"}


@given(st.lists(st.integers(0, 60), max_size=12), st.integers(0, 60))
def test_within_tokens_is_a_distance(starts, distance):
    starts = np.sort(np.array(starts, dtype="int64"))
    ranges = make_pairs_within_tokens(distance)(entities()._replace(starts=starts))
    for head, (first, last) in enumerate(ranges.tolist()):
        assert [*range(first, last)] == np.flatnonzero(abs(starts - starts[head]) <= distance).tolist()


def test_an_extractor_pairs_within_tokens(tmp_path):
    """Across lines, which the default does not do; in the pipeline, and in the one that is loaded."""
    note = (WORDS, [(0, 1, "DRUG"), (1, 2, "DOSE"), (4, 5, "DRUG"), (7, 8, "DOSE")], [(0, 1, "HAS"), (2, 3, "HAS")])
    candidates = {"@misc": "spacy_clinner.pairs_within_tokens.v1", "distance": 3}
    for distance, proposed in ((3, 1.0), (2, 0.5), (0, 0.0)):
        nlp = make_nlp(candidates={**candidates, "distance": distance})
        nlp.initialize(lambda nlp=nlp: examples(nlp, [note]))
        assert nlp.evaluate(examples(nlp, [note]))["rels_proposed"] == proposed
    nlp = make_nlp(candidates=candidates)
    train(nlp)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for each in (nlp, loaded):
        docs = list(each.pipe([pair.x for pair in examples(each)]))
        assert [relations(doc) for doc in docs] == [
            [one for one in relations(pair.y) if one[4] != "BEFORE"] for pair in examples(each)
        ]
