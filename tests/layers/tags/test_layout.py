import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_clinner.layers.tags import layout
from spacy_clinner.layers.tags.layout import (
    Break,
    check_spans,
    count_tags,
    enterers,
    find_break,
    leavers,
    spans_to_tags,
    tags_to_spans,
)


@st.composite
def batches_of_spans(draw):
    """Number of labels, lengths, and flat spans in order."""
    n_labels = draw(st.integers(1, 5))
    lengths = draw(st.lists(st.integers(0, 12), max_size=5))
    spans = []
    for sequence, length in enumerate(lengths):
        cuts = sorted(draw(st.sets(st.integers(0, length), max_size=6)))
        for start, end in zip(cuts, cuts[1:], strict=False):
            if draw(st.booleans()):
                spans.append((sequence, start, end, draw(st.integers(0, n_labels - 1))))
    return n_labels, np.array(lengths, dtype=int), np.array(spans, dtype=int).reshape(-1, 4)


@given(batches_of_spans())
def test_spans_survive_the_way_through_tags(batch):
    n_labels, lengths, spans = batch
    tags = spans_to_tags(spans, lengths, n_labels)
    assert find_break(tags, lengths, n_labels) is None
    np.testing.assert_array_equal(tags_to_spans(tags, lengths, n_labels), spans)
    np.testing.assert_array_equal(spans_to_tags(spans[::-1], lengths, n_labels), tags)


def test_layout():
    # O, B-0 B-1, I-0 I-1, E-0 E-1, S-0 S-1
    assert count_tags(2) == 9
    assert enterers(2).tolist() == [0, 1, 2, 7, 8]
    assert leavers(2).tolist() == [0, 5, 6, 7, 8]
    assert enterers(0).tolist() == leavers(0).tolist() == [0]
    tags = spans_to_tags([(0, 0, 3, 1), (0, 3, 4, 0), (1, 1, 3, 0)], np.array([5, 3]), 2)
    assert tags.tolist() == [2, 4, 6, 7, 0, 0, 1, 5]


@pytest.mark.parametrize(
    "tags, lengths, where",
    [
        ([3, 5], [2], Break(0, 0)),  # begins inside
        ([0, 1, 0], [3], Break(0, 2)),  # B, O
        ([1, 6], [2], Break(0, 1)),  # B-0, E-1
        ([0, 0, 1], [1, 2], Break(1, 1)),  # ends inside
        ([1, 5, 5], [2, 1], Break(1, 0)),  # an entity may not go on in the next sequence
        ([1, 5], [1, 1], Break(0, 0)),
        ([1, 3, 5, 7, 2, 6], [0, 4, 0, 2], None),
        ([], [], None),
    ],
)
def test_find_break(tags, lengths, where):
    assert find_break(np.array(tags, dtype=int), np.array(lengths, dtype=int), 2) == where


def test_ill_formed_tags_have_no_spans():
    with pytest.raises(ValueError, match="CE104.*sequence 1.*token 1"):
        tags_to_spans(np.array([0, 0, 1]), np.array([1, 2]), 2)


@pytest.mark.parametrize("span", [(0, 0, 4, 0), (0, 2, 2, 0), (0, -1, 1, 0), (0, 0, 1, 2), (2, 0, 1, 0), (-1, 0, 1, 0)])
def test_spans_must_fit_their_sequence(span):
    with pytest.raises(ValueError, match="CE105"):
        check_spans(np.array([span]), np.array([3, 3]), 2)


def test_spans_must_not_overlap():
    with pytest.raises(ValueError, match=r"CE106.*\[0, 2\].*\[1, 3\]"):
        spans_to_tags([(0, 1, 3, 0), (0, 0, 2, 1)], np.array([3]), 2)


@given(st.integers(1, 6), st.data())
def test_single_tags_are_as_arrays_of_them(n_labels, data):
    tag = data.draw(st.integers(0, layout.count_tags(n_labels) - 1))
    kind, label = layout.kind_and_label(tag, n_labels)
    kinds, labels = layout.split_tags(np.array([tag]), n_labels)
    assert kind == kinds[0] and (label == labels[0] if tag else label == 0)
    assert tag == 0 or tag == layout.tag_of(kind, label, n_labels)
    assert layout.count_labels(layout.count_tags(n_labels)) == n_labels
    if tag in layout.enterers(n_labels):
        assert layout.enterers(n_labels)[layout.enterer_of(tag, n_labels)] == tag
    if tag in layout.leavers(n_labels):
        assert layout.leavers(n_labels)[layout.leaver_of(tag, n_labels)] == tag
        assert layout.tag_of_leaver(layout.leaver_of(tag, n_labels), n_labels) == tag
    assert len(layout.enterers(n_labels)) == len(layout.leavers(n_labels)) == layout.count_ends(n_labels)
