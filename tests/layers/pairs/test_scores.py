"""Pairs scored from shared parts equal pairs scored one by one, and gradients agree with finite differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from thinc.api import NumpyOps

from spacy_clinner.layers.pairs.features import (
    SIZES,
    Entities,
    between,
    inner_entities,
    neighbour_labels,
    pair_features,
)
from spacy_clinner.layers.pairs.scores import Pairs, PairScores
from spacy_clinner.layers.pairs.span_means import long_span_means, segment_sums, short_span_means

OPS = NumpyOps()


def means_of_segments(ops, rows, bounds):
    sums, spans, backprop_sums = segment_sums(ops, rows, bounds)
    assert len(sums) == max(len(np.unique(bounds)) - 1, 0)
    means, backprop_means = long_span_means(ops, sums, spans, lengths=bounds[:, 1] - bounds[:, 0])
    return means, lambda d_means: backprop_sums(backprop_means(d_means))


@pytest.mark.parametrize("span_means", [short_span_means, long_span_means, means_of_segments])
@given(bounds=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted), max_size=6))
def test_span_means_and_their_gradient(span_means, bounds):
    rows = np.random.default_rng(0).normal(size=(9, 3)).astype("f")
    bounds = np.array(bounds, dtype="int64").reshape(-1, 2)
    means, backprop = span_means(OPS, rows, bounds)
    wanted = [rows[start:end].mean(axis=0) if end > start else np.zeros(3) for start, end in bounds]
    assert np.allclose(means, np.reshape(wanted, (-1, 3)), atol=1e-5)
    d_means = np.random.default_rng(1).normal(size=means.shape).astype("f")
    d_rows = np.zeros_like(rows)
    for (start, end), d_mean in zip(bounds, d_means, strict=True):
        d_rows[start:end] += d_mean / max(end - start, 1)
    assert np.allclose(backprop(d_means), d_rows, atol=1e-5)


# a head of label 1 may have children of both labels, one of label 2 none
ALLOWED = np.array([[0, 0, 0], [0, 1, 1], [0, 0, 0]], dtype=bool)
ENTITIES = Entities(*(np.array(x) for x in ([0, 3, 5, 9], [2, 4, 6, 10], [1, 2, 1, 1], [1, 1, 1, 2])))


def test_features_tell_direction_distance_rivals_and_breaks():
    found = pair_features(ENTITIES, np.array([[0, 1], [1, 0], [0, 3], [3, 1]]), ALLOWED)
    names = list(SIZES)
    forth, back, far, other = (dict(zip(names, row, strict=True)) for row in found.tolist())
    assert forth["distance"] == 1 and back["distance"] == 1 + SIZES["distance"] // 2
    assert [far[name] for name in names[1:]] == [2, 1, 1, 1, 1]
    assert [other[name] for name in names[1:]] == [1, 1, 0, 2, 1]
    assert (found < list(SIZES.values())).all()


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2)), min_size=2, max_size=9, unique_by=lambda e: e[0]))
def test_nearer_heads_are_counted_on_both_sides(found):
    starts, labels = np.array(sorted(found)).T
    entities = Entities(starts, starts + 1, labels, np.zeros(len(starts), dtype=int))
    pairs = np.array([(h, c) for h in range(len(starts)) for c in range(len(starts)) if h != c])
    column = pair_features(entities, pairs, ALLOWED)[:, list(SIZES).index("nearer_heads")]
    for (head, child), bucket in zip(pairs, column, strict=True):
        reach = abs(starts[head] - starts[child])
        nearer = [k for k in range(len(starts)) if k != child and abs(starts[k] - starts[child]) < reach]
        count = sum(ALLOWED[labels[k], labels[child]] for k in nearer)
        assert bucket == min(count, 4) + (count > 5) + (count > 9)


def test_between_is_empty_for_neighbours_and_overlaps():
    overlapping = Entities(*(np.array(x) for x in ([0, 1, 4], [3, 2, 5], [1, 1, 1], [1, 1, 1])))
    assert between(overlapping, np.array([[0, 1], [2, 0], [1, 2]])).tolist() == [[2, 2], [3, 4], [2, 4]]


@pytest.fixture
def layer():
    return PairScores(4, nO=2, nI=3, nL=3).initialize()


def batch(rows, pairs):
    pairs = np.array(pairs).reshape(-1, 2)
    spans = np.stack([ENTITIES.starts, ENTITIES.ends], axis=1)
    return Pairs(
        rows=rows,
        spans=spans,
        labels=ENTITIES.labels,
        neighbours=neighbour_labels(ENTITIES),
        pairs=pairs,
        between=between(ENTITIES, pairs),
        inner=inner_entities(pairs),
        features=pair_features(ENTITIES, pairs, ALLOWED),
    )


def score_one_by_one(layer, rows, pairs):
    get = layer.get_param
    spans = np.stack([ENTITIES.starts, ENTITIES.ends], axis=1)
    scores = []
    for head, child in pairs:
        hidden = get("bias").copy()
        for name, entity in (("head", head), ("child", child)):
            hidden += get(name) @ rows[slice(*spans[entity])].mean(axis=0)
            hidden += get(f"{name}_label")[ENTITIES.labels[entity]]
            hidden += get(f"{name}_before")[ENTITIES.labels[entity - 1] if entity else 0]
            hidden += get(f"{name}_after")[ENTITIES.labels[entity + 1] if entity < 3 else 0]
        gap = rows[slice(*between(ENTITIES, np.array([[head, child]]))[0])]
        hidden += get("between") @ gap.mean(axis=0) if len(gap) else 0
        inner = ENTITIES.labels[min(head, child) + 1 : max(head, child)]
        hidden += get("inner_label")[inner].mean(axis=0) if len(inner) else 0
        for name, value in zip(SIZES, pair_features(ENTITIES, np.array([[head, child]]), ALLOWED)[0], strict=True):
            hidden += get(name)[value]
        scores.append(get("output") @ np.maximum(hidden, 0) + get("output_bias"))
    return np.array(scores)


ALL = [(head, child) for head in range(4) for child in range(4) if head != child]


def test_scores_are_those_of_single_pairs(layer):
    rows = np.random.default_rng(0).normal(size=(10, 3)).astype("f")
    assert np.allclose(layer.predict(batch(rows, ALL)), score_one_by_one(layer, rows, ALL), atol=1e-5)


def test_gradients_agree_with_finite_differences(layer):
    rng = np.random.default_rng(1)
    rows, weights = rng.normal(size=(10, 3)).astype("f"), rng.normal(size=(len(ALL), 2)).astype("f")
    _, backprop = layer.begin_update(batch(rows, ALL))
    d_rows = backprop(weights)

    def loss():
        return float((score_one_by_one(layer, rows.astype("d"), ALL) * weights).sum())

    arrays = [(rows, d_rows), *((layer.get_param(name), layer.get_grad(name)) for name in layer.param_names)]
    for array, gradient in arrays:
        for index in {tuple(rng.integers(0, size) for size in array.shape) for _ in range(12)}:
            before = array[index]
            array[index] = before + 1e-3
            above = loss()
            array[index] = before - 1e-3
            slope = (above - loss()) / 2e-3
            array[index] = before
            assert slope == pytest.approx(gradient[index], rel=2e-2, abs=2e-3)


def test_dropout_acts_in_training_alone(layer):
    rows = np.random.default_rng(0).normal(size=(10, 3)).astype("f")
    layer.attrs["dropout_rate"] = 0.9
    trained, _ = layer.begin_update(batch(rows, ALL))
    assert not np.allclose(trained, layer.predict(batch(rows, ALL)))
    assert np.allclose(layer.predict(batch(rows, ALL)), score_one_by_one(layer, rows, ALL), atol=1e-5)
