"""Candidate pairs of long documents: all that are wanted, in little room, and no more than a head may have."""

from functools import partial

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_clinner.layers.pairs.features import Entities, neighbour_labels, pair_features
from spacy_clinner.pipeline.relations.candidates import read_entities
from spacy_clinner.pipeline.relations.children import find_children
from spacy_clinner.pipeline.relations.labels import allowed_pairs
from spacy_clinner.pipeline.relations.portions import candidate_pairs, find_windows, join_portion, portions

from ...toys.relations import examples, make_nlp, train

IN_DOCUMENT = {"@misc": "spacy_clinner.pairs_in_document.v1"}


@st.composite
def documents(draw):
    """Entities of three labels, which labels have relations, and any ranges."""
    n = draw(st.integers(0, 12))
    starts = np.sort(draw(st.lists(st.integers(0, 30), min_size=n, max_size=n))).astype("int64")
    numbers = st.lists(st.integers(0, 2), min_size=n, max_size=n)
    lengths, labels = (np.array(draw(numbers), dtype="int64") for _ in range(2))
    entities = Entities(starts, starts + lengths + 1, labels, np.zeros(n, dtype="int64"))
    allowed = np.array(draw(st.lists(st.booleans(), min_size=9, max_size=9))).reshape(3, 3)
    places = st.lists(st.integers(0, n), min_size=n, max_size=n)
    return entities, allowed, np.array([draw(places), draw(places)], dtype="int64").T


def wanted(entities, allowed, ranges):
    """Children of each head, one after the other."""
    return [
        [child for child in range(first, last) if allowed[entities.labels[head], entities.labels[child]]]
        for head, (first, last) in enumerate(ranges)
    ]


@given(documents(), st.integers(1, 10), st.integers(1, 14))
def test_pairs_are_those_of_the_ranges(document, max_pairs, max_candidates):
    entities, allowed, ranges = document
    children = find_children(entities, ranges, allowed, max_candidates)
    found = list(candidate_pairs(children, max_pairs))
    everything = wanted(entities, allowed, ranges)
    kept = [[c for c in children.entities[a:b]] for a, b in zip(children.starts, children.ends, strict=True)]
    for head, (before, after) in enumerate(zip(everything, kept, strict=True)):
        assert len(after) == min(len(before), max_candidates)
        # the nearest, half of them on each side unless there are fewer
        at = before.index(after[0]) if after else 0
        assert after == before[at : at + len(after)]
        n_left, n_right = at, len(before) - at - len(after)
        smaller, larger = sum(child < head for child in after), sum(child >= head for child in after)
        assert n_left == 0 or smaller <= max_candidates // 2 or n_right == 0
        assert n_right == 0 or larger <= max_candidates - max_candidates // 2 or n_left == 0
    assert children.left_out == sum(map(len, everything)) - sum(map(len, kept))
    pairs = [[head, child] for head, of_head in enumerate(kept) for child in of_head if child != head]
    assert [list(pair) for part in found for pair in part] == pairs
    assert all(len(part) <= max_pairs or len(set(part[:, 0])) == 1 for part in found)


@given(documents(), st.integers(1, 10))
def test_a_window_holds_all_that_a_portion_needs(document, max_pairs):
    entities, allowed, ranges = document
    n_tokens = int(max([*entities.ends, 1]))
    rows = [np.arange(n_tokens, dtype="f")[:, None]]
    for pairs in candidate_pairs(find_children(entities, ranges, allowed, 100), max_pairs):
        portion = [(0, pairs)]
        windows = find_windows(portion, [entities])
        joined = join_portion(portion, [entities], windows, allowed, rows, np)
        assert (joined.features == pair_features(entities, pairs, allowed)).all()
        around = neighbour_labels(entities)
        for side in (0, 1):
            numbers = joined.pairs[:, side]
            assert (joined.labels[numbers] == entities.labels[pairs[:, side]]).all()
            assert (joined.neighbours[numbers] == around[pairs[:, side]]).all()
            assert (joined.rows[joined.spans[numbers, 0], 0] == entities.starts[pairs[:, side]]).all()
        first = windows[0].entities.start
        inner = [list(joined.labels[a:b]) for a, b in joined.inner]
        assert inner == [list(entities.labels[min(pair) + 1 : max(pair)]) for pair in pairs]
        assert first >= 0 and len(joined.rows) <= n_tokens


def many_entities(nlp, n):
    doc = Doc(nlp.vocab, words=["aspirin", "5"] * n)
    doc.set_ents([Span(doc, i, i + 1, ("DRUG", "DOSE")[i % 2]) for i in range(2 * n)])
    return doc


def test_windows_stay_small_in_a_long_document():
    nlp = make_nlp(candidates=IN_DOCUMENT, max_candidates=20)
    nlp.initialize(partial(examples, nlp))
    pipe = nlp.get_pipe("relations")
    numbers = {label: number for number, label in enumerate(pipe.cfg["entity_labels"], start=1)}
    allowed = allowed_pairs(pipe.cfg["entity_labels"], pipe.cfg["label_pairs"])
    sizes = []
    for n in (100, 1000):
        doc = many_entities(nlp, n)
        all_entities = [read_entities(doc, doc.ents, numbers, "lines")]
        with pytest.warns(UserWarning, match="CW365"):
            found = list(portions(all_entities, pipe.candidates, allowed, max_pairs=100, max_candidates=20))
        parts = [find_windows(portion, all_entities)[0].tokens for portion in found]
        sizes.append((len(parts), max(where.stop - where.start for where in parts)))
    assert sizes[1][0] <= 11 * sizes[0][0] and sizes[1][1] <= 2 * sizes[0][1] < 200


def test_a_head_has_no_more_children_than_it_may_and_says_so(tmp_path):
    nlp = make_nlp(candidates=IN_DOCUMENT, max_candidates=4)
    train(nlp, steps=1)
    nlp.get_pipe("relations").cfg["threshold"] = 0.0
    nlp.to_disk(tmp_path)
    for each in (nlp, spacy.load(tmp_path)):
        with pytest.warns(UserWarning, match=r"CW365.*20 entities has 160 pairs too many.*tries 4 children"):
            ((triples, _),) = each.get_pipe("relations").predict([many_entities(each, 10)])
        children = {}
        for head, child, _ in triples.tolist():
            children.setdefault(head, set()).add(child)
        assert children[10] == {8, 9, 11} and children[0] == {1, 2, 3} and children[18] == {16, 17, 19}


def test_a_bound_is_positive():
    with pytest.raises(ValueError, match="CE364.*max_candidates"):
        make_nlp(max_candidates=0)
