"""Uncertain gold: what a distribution expects, against enumeration; its loss and gradient."""

import itertools

import numpy as np
import pytest

from spacy_clinner.layers import crf
from spacy_clinner.layers.crf import passes
from spacy_clinner.layers.crf.soft import expect
from spacy_clinner.layers.tags.layout import count_tags, sequence_starts, spans_to_tags

from .brute_force import all_paths, random_batch, random_params, span_probability, split, tag_marginals

LENGTHS = [3, 0, 1, 4, 2]


def every_span(lengths, n_labels):
    rows = [
        (i, start, end, label)
        for i, length in enumerate(lengths)
        for start, end in itertools.combinations(range(length + 1), 2)
        for label in range(n_labels)
    ]
    return np.array(rows, dtype=int).reshape(-1, 4)


def spans_of(params, emissions, lengths):
    """All spans, and how probable a CRF finds them, by enumeration."""
    spans = every_span(lengths, params.n_labels)
    paths = [all_paths(params, part) for part in split(emissions, lengths)]
    return spans, np.array([span_probability(paths[i], *rest, params.n_labels) for i, *rest in spans])


def loss(params, emissions, lengths, spans, probabilities):
    every = np.ones(len(lengths), dtype=bool)
    return crf.likelihood(params, emissions, lengths, soft=crf.SoftSpans(every, spans, probabilities))


@pytest.fixture(params=range(3), ids="K={}".format)
def teacher(request):
    return random_batch(np.random.default_rng(request.param), request.param, LENGTHS)


def test_tags_and_moves_within_entities_are_those_of_the_teacher(teacher):
    params, emissions, lengths = teacher
    soft = spans_of(*teacher)
    found = expect(params, emissions, lengths, soft, np.arange(len(lengths)))
    paths = [all_paths(params, part) for part in split(emissions, lengths)]
    expected = np.concatenate([tag_marginals(path, count_tags(params.n_labels)) for path in paths])
    np.testing.assert_allclose(found.marginals, expected, atol=1e-12)
    counts = passes.expectations(*teacher).counts
    for name in ("within", "start", "end"):
        np.testing.assert_allclose(getattr(found.counts, name), getattr(counts, name), atol=1e-12)
    for axis in (0, 1):
        np.testing.assert_allclose(found.counts.between.sum(axis), counts.between.sum(axis), atol=1e-12)


def test_a_student_with_the_spans_of_the_teacher_has_nothing_to_learn(teacher):
    params, emissions, lengths = teacher
    # what leaves and what enters are independent where the moves between them add up
    rng = np.random.default_rng(9)
    width = len(params.start)
    params = params._replace(between=rng.normal(size=(width, 1)) + rng.normal(size=(1, width)))
    found = loss(params, emissions, lengths, *spans_of(params, emissions, lengths))
    np.testing.assert_allclose(found.d_emissions, 0, atol=1e-12)
    for gradient in found.d_params:
        np.testing.assert_allclose(gradient, 0, atol=1e-12)


def test_gradients_are_those_of_the_loss(teacher):
    _, emissions, lengths = teacher
    soft = spans_of(*teacher)
    rng = np.random.default_rng(7)
    student = random_params(rng, teacher[0].n_labels)
    scores = rng.normal(size=emissions.shape)
    found = loss(student, scores, lengths, *soft)
    step = 1e-6
    for index in [(0, 0), (3, 0), (len(scores) - 1, scores.shape[1] - 1)]:
        ends = []
        for by in (step, -step):
            moved = scores.copy()
            moved[index] += by
            ends.append(loss(student, moved, lengths, *soft).loss.sum())
        assert found.d_emissions[index] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-7)
    for name, value in student._asdict().items():
        for index in itertools.islice(np.ndindex(value.shape), 6):
            ends = []
            for by in (step, -step):
                moved = student._replace(**{name: value.copy()})
                getattr(moved, name)[index] += by
                ends.append(loss(moved, scores, lengths, *soft).loss.sum())
            assert getattr(found.d_params, name)[index] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-7)


def test_a_sure_teacher_is_gold(teacher):
    params, emissions, lengths = teacher
    spans = np.array([[0, 0, 2, 0], [3, 1, 4, params.n_labels - 1], [4, 1, 2, 0]])[: 3 * bool(params.n_labels)]
    tags = spans_to_tags(spans.reshape(-1, 4), lengths, params.n_labels)
    soft, hard = loss(*teacher, spans, np.ones(len(spans))), crf.likelihood(*teacher, tags)
    np.testing.assert_allclose(soft.loss, hard.loss, atol=1e-12)
    np.testing.assert_allclose(soft.d_emissions, hard.d_emissions, atol=1e-12)
    for one, other in zip(soft.d_params, hard.d_params, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_soft_and_known_gold_in_one_batch():
    batch = params, emissions, lengths = random_batch(np.random.default_rng(5), 2, LENGTHS)
    spans, probabilities = spans_of(*batch)
    chosen = np.array([True, False, False, True, False])
    tags = spans_to_tags(np.array([[4, 0, 2, 1]]), lengths, 2)
    tags[np.repeat(chosen, lengths)] = -1
    of_chosen = np.isin(spans[:, 0], np.flatnonzero(chosen))
    soft = crf.SoftSpans(chosen, spans[of_chosen], probabilities[of_chosen])
    both = crf.likelihood(params, emissions, lengths, tags, soft=soft)
    alone = crf.likelihood(params, emissions, lengths, tags)
    np.testing.assert_allclose(both.loss[~chosen], alone.loss[~chosen])
    all_soft = loss(*batch, spans, probabilities)
    np.testing.assert_allclose(both.loss[chosen], all_soft.loss[chosen])
    rows = slice(*sequence_starts(lengths)[3:5])
    np.testing.assert_allclose(both.d_emissions[rows], all_soft.d_emissions[rows])


@pytest.mark.parametrize(
    ("spans", "probabilities", "where"),
    [
        ([[3, 0, 2, 0], [3, 1, 3, 1]], [0.6, 0.6], "sequence 3 is no distribution: at token 1"),
        ([[4, 1, 2, 0]], [-0.1], "sequence 4 is no distribution: at token 1"),
        ([[0, 0, 2, 0]], [np.nan], "sequence 0 is no distribution: at token 0"),
    ],
)
def test_spans_that_exclude_each_other_are_not_both_probable(spans, probabilities, where):
    batch = random_batch(np.random.default_rng(5), 2, LENGTHS)
    with pytest.raises(ValueError, match=f"CE113.*{where}"):
        loss(*batch, np.array(spans), np.array(probabilities))


def test_spans_outside_of_their_sequence():
    batch = random_batch(np.random.default_rng(5), 2, LENGTHS)
    with pytest.raises(ValueError, match="CE105"):
        loss(*batch, np.array([[1, 0, 1, 0]]), np.array([0.5]))
