"""Scores that exponentials cannot hold: results stay exact, and nonsense is refused."""

import itertools

import numpy as np
import pytest

from spacy_clinner.layers import crf
from spacy_clinner.layers.crf import logspace, passes
from spacy_clinner.layers.tags.layout import count_tags, enterers, leavers, spans_to_tags

from .brute_force import all_paths, random_batch, span_probability, split, tag_marginals

LENGTHS = [4, 1, 0, 3, 2]
TOLERANCE = {"float32": 2e-5, "float64": 1e-9}


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


def compare(params, emissions, lengths, dtype):
    n_labels = params.n_labels
    tolerance = TOLERANCE[dtype]
    paths = [all_paths(params, part) for part in split(emissions, lengths)]
    log_z = crf.log_partition(params, emissions, lengths)
    np.testing.assert_allclose(log_z, [p.log_z for p in paths], rtol=1e-6, atol=tolerance)
    expected = np.concatenate([tag_marginals(p, count_tags(n_labels)) for p in paths])
    np.testing.assert_allclose(crf.marginals(params, emissions, lengths), expected, atol=tolerance)
    tags = crf.viterbi(params, emissions, lengths)
    np.testing.assert_array_equal(tags, np.concatenate([p.tags[0] for p in paths]))
    spans, probabilities = crf.decode(params, emissions, lengths)
    expected = [span_probability(paths[i], start, end, label, n_labels) for i, start, end, label in spans]
    np.testing.assert_allclose(probabilities, expected, atol=tolerance)
    # two spans that overlap cannot both be more probable than a half
    every = [
        (i, start, end, label)
        for i, length in enumerate(lengths)
        for start, end in itertools.combinations(range(length + 1), 2)
        for label in range(n_labels)
        if span_probability(paths[i], start, end, label, n_labels) > 0.5
    ]
    assert crf.decode(params, emissions, lengths, 0.5).spans.tolist() == [list(span) for span in every]
    # gold is the worst path: the loss is as large as it gets
    worst = np.concatenate([p.tags[-1] for p in paths])
    expected = [p.log_z - p.scores[-1] for p in paths]
    loss = crf.likelihood(params, emissions, lengths, worst).loss
    np.testing.assert_allclose(loss, expected, rtol=1e-6, atol=tolerance)


@pytest.mark.parametrize("scale", [1e-3, 1, 10, 30, 100, 300, 1e3, 1e4])
def test_scores_far_apart(scale, dtype):
    for seed in range(5):
        compare(*random_batch(np.random.default_rng(seed), 2, LENGTHS, scale, dtype), dtype)


@pytest.mark.parametrize("shift", [-1e4, 1e4])
def test_all_scores_far_from_zero(shift, dtype):
    params, emissions, lengths = random_batch(np.random.default_rng(0), 2, LENGTHS, 1, dtype)
    emissions += shift
    compare(params, emissions, lengths, dtype)


@pytest.mark.parametrize("step", [20, 40, 60, 150, 400, 2000])
def test_a_path_that_falls_far_behind_and_catches_up(step, dtype):
    # B (or E, seen from the right) loses 2.5 steps against O, then I gains one a token: the entity wins after all
    for edge, tag in ((0, 1), (-1, 3)):
        emissions = np.zeros((5, 5), dtype=dtype)
        emissions[:, tag] = -10 * step
        emissions[edge, tag] = -2.5 * step
        emissions[1:4, 2] = step
        params = crf.zero_params(1, dtype)
        compare(params, emissions, np.array([5]), dtype)
        assert crf.decode(params, emissions, np.array([5])).spans.tolist() == [[0, 0, 5, 0]]


def test_each_score_is_computed_in_the_cheapest_way_that_is_exact(monkeypatch):
    ways, in_kernels, in_log_space = [], passes.make_batch, logspace.expectations

    def watched_batch(params, emissions, lengths):
        ways.append(emissions.dtype.name)
        return in_kernels(params, emissions, lengths)

    def watched_chain(chain, scores):
        ways.append("log space")
        return in_log_space(chain, scores)

    monkeypatch.setattr(passes, "make_batch", watched_batch)
    monkeypatch.setattr(logspace, "expectations", watched_chain)
    for n_ways, scale in enumerate((1, 30, 1e4), start=1):
        ways.clear()
        crf.marginals(*random_batch(np.random.default_rng(0), 3, [30], scale, "float32"))
        assert ways == ["float32", "float64", "log space"][:n_ways]


def test_the_only_allowed_path_is_all_but_impossible(dtype):
    params, emissions, lengths = random_batch(np.random.default_rng(1), 2, [4], 1, dtype)
    tags = spans_to_tags([(0, 0, 3, 1)], lengths, 2)
    emissions[np.arange(4), tags] = -500
    allowed = np.eye(9, dtype=bool)[tags]
    allowed[3] = True
    tags[1:] = crf.UNKNOWN
    found = crf.likelihood(params, emissions, lengths, tags, allowed)
    expected = all_paths(params, emissions).log_z - all_paths(params, emissions, allowed).log_z
    assert found.loss[0] == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(found.d_emissions.sum(axis=1), 0, atol=1e-5)


def test_far_apart_transitions_against_log_space(dtype):
    # too long to enumerate; seeds with scores that pass through all three ways of computing
    for seed, scale in enumerate([1, 5, 20, 50, 200, 1000]):
        params, emissions, lengths = random_batch(np.random.default_rng(seed), 3, [30], scale, dtype)
        expected = logspace.expectations(crf.to_chain(params), emissions.astype("float64"))
        np.testing.assert_allclose(crf.log_partition(params, emissions, lengths), expected.log_partition, rtol=1e-6)
        tolerance = TOLERANCE[dtype]
        np.testing.assert_allclose(crf.marginals(params, emissions, lengths), expected.marginals, atol=tolerance)


def test_long_sequences_keep_their_precision():
    # scores of Viterbi add up to millions: without shifting them, float32 would see steps of 0.25 only
    rng = np.random.default_rng(8)
    params, emissions, lengths = random_batch(rng, 1, [50_000], 1, "float32")
    emissions += 50
    double = crf.CRFParams(*(value.astype("float64") for value in params))
    tags = crf.viterbi(params, emissions, lengths)
    np.testing.assert_array_equal(tags, crf.viterbi(double, emissions.astype("float64"), lengths))
    log_z = crf.log_partition(double, emissions.astype("float64"), lengths)
    np.testing.assert_allclose(crf.log_partition(params, emissions, lengths), log_z, rtol=1e-8)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_emissions_must_be_finite(value, dtype):
    params, emissions, lengths = random_batch(np.random.default_rng(0), 1, [2, 0, 3], 1, dtype)
    emissions[3, 4] = value
    for function in (crf.log_partition, crf.marginals, crf.likelihood, crf.viterbi, crf.decode):
        with pytest.raises(ValueError, match="CE101.*sequence 2, token 1"):
            function(params, emissions, lengths)


def test_huge_finite_emissions_are_not_taken_for_infinite():
    params, emissions, lengths = random_batch(np.random.default_rng(0), 1, [3], 1, "float32")
    emissions[:] = 2e38
    assert np.isfinite(crf.log_partition(params, emissions, lengths)).all()
    assert (crf.viterbi(params, emissions, lengths) < 5).all()


def test_parameters_must_be_finite():
    params, emissions, lengths = random_batch(np.random.default_rng(0), 1, [2])
    params.within[2, 0] = np.inf
    with pytest.raises(ValueError, match="CE108.*'within'"):
        crf.viterbi(params, emissions, lengths)


def test_shapes_must_fit():
    params, emissions, lengths = random_batch(np.random.default_rng(0), 2, [2, 3])
    with pytest.raises(ValueError, match="CE100.*9 columns"):
        crf.viterbi(params, emissions[:, :5], lengths)
    with pytest.raises(ValueError, match="CE100.*sum of 4"):
        crf.viterbi(params, emissions, np.array([2, 2]))
    with pytest.raises(ValueError, match=r"CE107.*end has shape \(4,\)"):
        crf.viterbi(params._replace(end=params.end[1:]), emissions, lengths)
    with pytest.raises(ValueError, match="CE109.*'tags'"):
        crf.likelihood(params, emissions, lengths, np.zeros(4, dtype=int))
    with pytest.raises(ValueError, match="CE109.*'allowed'"):
        crf.likelihood(params, emissions, lengths, allowed=np.ones((5, 8), dtype=bool))
    with pytest.raises(ValueError, match="CE110.*not 0"):
        crf.viterbi_k_best(params, emissions, 0)
    with pytest.raises(ValueError, match="CE105"):
        crf.span_probabilities(params, emissions, lengths, np.array([[0, 1, 3, 0]]))


def test_gold_must_be_legal():
    params, emissions, lengths = random_batch(np.random.default_rng(0), 1, [2, 3])
    with pytest.raises(ValueError, match="CE103.*Tag 5 of sequence 1, token 0"):
        crf.likelihood(params, emissions, lengths, np.array([0, 0, 5, 0, 0]))
    with pytest.raises(ValueError, match="CE102.*sequence 1 .*token 1"):
        crf.likelihood(params, emissions, lengths, np.array([crf.UNKNOWN, crf.UNKNOWN, 1, 0, 0]))
    # O, unknown, E of the last sequence leave B for the token between, which O may not be
    allowed = np.ones(emissions.shape, dtype=bool)
    allowed[3] = [True, False, True, True, True]
    tags = np.array([0, 0, 0, crf.UNKNOWN, 3])
    with pytest.raises(ValueError, match="CE102.*sequence 1 .*token 2"):
        crf.likelihood(params, emissions, lengths, tags, allowed)
    # an entity cannot be left open at the end
    with pytest.raises(ValueError, match="CE102.*sequence 0 .*token 1"):
        crf.likelihood(params, emissions, lengths, np.array([crf.UNKNOWN, 1, 0, 0, 0]))


def test_gradients_of_all_moves_where_the_kernels_give_up(dtype, monkeypatch):
    """What memory held before is no part of them."""
    dirty = np.empty_like
    monkeypatch.setattr(np, "empty_like", lambda array: np.full_like(dirty(array), 7.0))
    for n_labels in (1, 3):
        params, emissions, lengths = random_batch(np.random.default_rng(n_labels), n_labels, LENGTHS, 1, dtype)
        emissions[[0, 4, 7]] += np.linspace(0, 900, emissions.shape[1])
        found = crf.likelihood(params, emissions, lengths, np.zeros(len(emissions), dtype=int))
        counts = [0.0] * 2
        for part in split(emissions, lengths):
            paths = all_paths(params, part)
            marginals = tag_marginals(paths, count_tags(n_labels))
            if len(marginals):
                counts[0] += marginals[0][enterers(n_labels)] - (np.array(enterers(n_labels)) == 0)
                counts[1] += marginals[-1][leavers(n_labels)] - (np.array(leavers(n_labels)) == 0)
        np.testing.assert_allclose(found.d_params.start, counts[0], atol=TOLERANCE[dtype])
        np.testing.assert_allclose(found.d_params.end, counts[1], atol=TOLERANCE[dtype])


def test_the_floor_is_one_of_spans():
    """All tags of a span may be probable, and the span be not."""
    below = 0
    for seed in range(60):
        params, emissions, lengths = random_batch(np.random.default_rng(seed), 1, [5], 2, "float64")
        paths = all_paths(params, emissions)
        every = {(start, end): span_probability(paths, start, end, 0, 1)
                 for start, end in itertools.combinations(range(6), 2)}  # fmt: skip
        spans, probabilities = crf.spans_above(params, emissions, lengths, 0)
        assert {tuple(span[1:3]) for span in spans.tolist()} == {at for at, p in every.items() if p >= 1e-3}
        assert (crf.decode(params, emissions, lengths, 0).probabilities >= 1e-3).all()
        below += sum(0 < p < 1e-3 for p in every.values())
    assert below
