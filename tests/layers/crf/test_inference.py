"""The CRF against enumeration of every path, and against itself in other shapes and types."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from spacy_clinner.layers import crf
from spacy_clinner.layers.tags.layout import count_tags, find_break, tags_to_spans

from .brute_force import all_paths, random_batch, span_probability, split, tag_marginals

LENGTHS = [3, 0, 1, 4, 2]


@pytest.fixture(params=range(4), ids="K={}".format)
def n_labels(request):
    return request.param


@pytest.fixture
def batch(n_labels):
    return random_batch(np.random.default_rng(n_labels), n_labels, LENGTHS)


def every_span(lengths, n_labels):
    return np.array(
        [
            (i, start, end, label)
            for i, length in enumerate(lengths)
            for start, end in itertools.combinations(range(length + 1), 2)
            for label in range(n_labels)
        ],
        dtype=int,
    ).reshape(-1, 4)


def test_log_partition(batch):
    params, emissions, lengths = batch
    expected = [all_paths(params, part).log_z for part in split(emissions, lengths)]
    np.testing.assert_allclose(crf.log_partition(*batch), expected, atol=1e-12)


def test_marginals(batch, n_labels):
    params, emissions, lengths = batch
    expected = [tag_marginals(all_paths(params, part), count_tags(n_labels)) for part in split(emissions, lengths)]
    np.testing.assert_allclose(crf.marginals(*batch), np.concatenate(expected), atol=1e-12)


def test_viterbi(batch):
    params, emissions, lengths = batch
    expected = [all_paths(params, part).tags[0] for part in split(emissions, lengths)]
    np.testing.assert_array_equal(crf.viterbi(*batch), np.concatenate(expected))


@pytest.mark.parametrize("k", [1, 2, 7, 10_000])
def test_k_best_paths(batch, k):
    params, emissions, lengths = batch
    for part in split(emissions, lengths):
        paths = all_paths(params, part)
        best = crf.viterbi_k_best(params, part, k)
        assert len(best.tags) == min(k, len(paths.tags))
        np.testing.assert_array_equal(best.tags, paths.tags[:k])
        np.testing.assert_allclose(best.log_probabilities, paths.scores[:k] - paths.log_z, atol=1e-12)


def test_span_probabilities(batch, n_labels):
    params, emissions, lengths = batch
    paths = [all_paths(params, part) for part in split(emissions, lengths)]
    spans = np.random.default_rng(0).permutation(every_span(lengths, n_labels))
    expected = [span_probability(paths[i], start, end, label, n_labels) for i, start, end, label in spans]
    np.testing.assert_allclose(crf.span_probabilities(*batch, spans), expected, atol=1e-12)


def best_choice(spans, gains):
    """The subset without overlap that gains most, by trying all."""
    best, found = 0.0, []
    for size in range(1, len(spans) + 1):
        for some in itertools.combinations(range(len(spans)), size):
            ordered = sorted(spans[i, 1:3].tolist() for i in some)
            apart = all(left[1] <= right[0] for left, right in itertools.pairwise(ordered))
            if apart and sum(gains[i] for i in some) > best + 1e-12:
                best, found = sum(gains[i] for i in some), sorted(spans[i].tolist() for i in some)
    return best, found


@pytest.mark.parametrize("threshold", [0.02, 0.1, 0.3, 0.5, 0.8])
def test_decode_with_threshold_maximises_the_expected_gain(threshold):
    for seed in range(10):
        params, emissions, lengths = random_batch(np.random.default_rng(seed), 2, [3, 0, 1, 3], scale=1.5)
        spans, probabilities = crf.decode(params, emissions, lengths, threshold)
        np.testing.assert_allclose(probabilities, crf.span_probabilities(params, emissions, lengths, spans), rtol=1e-12)
        every = every_span(lengths, 2)
        gains = crf.span_probabilities(params, emissions, lengths, every) - threshold
        every, gains = every[gains > 0], gains[gains > 0]
        for i in range(len(lengths)):
            own = every[:, 0] == i
            gain, expected = best_choice(every[own], gains[own])
            assert (probabilities[spans[:, 0] == i] - threshold).sum() == pytest.approx(gain)
            assert spans[spans[:, 0] == i].tolist() == expected


def test_decoding_at_many_thresholds_is_decoding_at_each(batch):
    thresholds = [0.3, 0.0, 0.05, 0.9, 0.3]
    for threshold, found in zip(thresholds, crf.decode_at(*batch, thresholds), strict=True):
        for one, other in zip(found, crf.decode(*batch, threshold), strict=True):
            np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="CE111"):
        crf.decode_at(*batch, [0.5, 2])


def test_extreme_thresholds(batch):
    assert not len(crf.decode(*batch, 1.0).spans)
    gains = {threshold: crf.decode(*batch, threshold).probabilities.sum() for threshold in (0.0, 0.1)}
    assert gains[0.0] >= gains[0.1]


@pytest.mark.parametrize("threshold", [1.01, -0.5, float("nan")])
def test_a_threshold_lies_between_0_and_1(batch, threshold):
    with pytest.raises(ValueError, match="CE111"):
        crf.decode(*batch, threshold)


@pytest.mark.parametrize("at_least", [0.0, 0.05, 0.5, 1.0])
def test_spans_above(batch, n_labels, at_least):
    every = every_span(batch[2], n_labels)
    probabilities = crf.span_probabilities(*batch, every)
    above = probabilities >= max(at_least, 1e-3)
    found = crf.spans_above(*batch, at_least)
    of_found = {
        tuple(span): probability for span, probability in zip(found.spans.tolist(), found.probabilities, strict=True)
    }
    assert {span for span, p in of_found.items() if p >= 1e-3} == set(map(tuple, every[above].tolist()))
    for span, probability in zip(every[above].tolist(), probabilities[above], strict=True):
        assert of_found[tuple(span)] == pytest.approx(probability)
    with pytest.raises(ValueError, match="CE111"):
        crf.spans_above(*batch, 1.5)


@pytest.mark.parametrize("temperature", [0.5, 1, 1.0, 3.0])
def test_a_temperature_divides_the_scores_of_paths(batch, temperature):
    params, emissions, lengths = batch
    tempered = crf.temper(params, emissions, temperature)
    np.testing.assert_array_equal(crf.viterbi(*tempered, lengths), crf.viterbi(*batch))
    for part, own in zip(split(emissions, lengths), split(tempered[1], lengths), strict=True):
        plain, paths = all_paths(params, part), all_paths(tempered[0], own)
        np.testing.assert_array_equal(paths.tags, plain.tags)
        weights = np.exp((plain.scores - plain.scores.max()) / temperature)
        np.testing.assert_allclose(paths.probabilities, weights / weights.sum())
        best = crf.viterbi_k_best(tempered[0], own, 3)
        np.testing.assert_allclose(np.exp(best.log_probabilities), paths.probabilities[:3])


@pytest.mark.parametrize("temperature", [0, -1.0, float("inf"), float("nan"), "1", None])
def test_a_temperature_is_above_0(batch, temperature):
    with pytest.raises(ValueError, match="CE112"):
        crf.temper(*batch[:2], temperature)


def test_decode(batch, n_labels):
    spans, probabilities = crf.decode(*batch)
    np.testing.assert_array_equal(spans, tags_to_spans(crf.viterbi(*batch), batch[2], n_labels))
    np.testing.assert_array_equal(probabilities, crf.span_probabilities(*batch, spans))


def test_partial_gold(batch, n_labels):
    params, emissions, lengths = batch
    rng = np.random.default_rng(5)
    for _ in range(20):
        path = crf.viterbi(params, rng.normal(size=emissions.shape), lengths)
        allowed = rng.random(emissions.shape) < 0.5
        allowed[np.arange(len(path)), path] = True
        tags = np.where(rng.random(len(path)) < 0.3, path, crf.UNKNOWN)
        known = tags != crf.UNKNOWN
        mask = allowed.copy()
        mask[known] = np.eye(emissions.shape[1], dtype=bool)[tags[known]]
        expected = [
            all_paths(params, part).log_z - all_paths(params, part, legal).log_z
            for part, legal in zip(split(emissions, lengths), split(mask, lengths), strict=True)
        ]
        found = crf.likelihood(params, emissions, lengths, tags, allowed)
        np.testing.assert_allclose(found.loss, expected, atol=1e-10)


def test_full_gold_is_the_narrowest_partial_gold(batch):
    params, emissions, lengths = batch
    tags = crf.viterbi(params, -emissions, lengths)
    one = crf.likelihood(params, emissions, lengths, tags)
    other = crf.likelihood(params, emissions, lengths, allowed=np.eye(emissions.shape[1], dtype=bool)[tags])
    for left, right in zip((one.loss, one.d_emissions, *one.d_params), (other[0], other[1], *other[2]), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-10)


@pytest.mark.parametrize("supervision", ["full", "partial"])
def test_gradients_agree_with_finite_differences(supervision):
    n_labels, step = 2, 1e-5
    rng = np.random.default_rng(1)
    params, emissions, lengths = random_batch(rng, n_labels, LENGTHS)
    tags = crf.viterbi(*random_batch(rng, n_labels, LENGTHS))
    allowed = None
    if supervision == "partial":
        allowed = rng.random(emissions.shape) < 0.7
        allowed[np.arange(len(tags)), tags] = True
        tags[::2] = crf.UNKNOWN
    found = crf.likelihood(params, emissions, lengths, tags, allowed)

    def loss():
        return crf.likelihood(params, emissions, lengths, tags, allowed).loss.sum()

    for array, gradient in zip((emissions, *params), (found.d_emissions, *found.d_params), strict=True):
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + step
            above = loss()
            array[index] = value - step
            below = loss()
            array[index] = value
            assert gradient[index] == pytest.approx((above - below) / (2 * step), abs=1e-8)


@pytest.mark.parametrize("shape", [(5, 7), (40, 21)], ids=["short", "long"])
def test_a_batch_is_its_sequences(shape):
    length, n_labels = shape
    params, emissions, lengths = random_batch(np.random.default_rng(2), n_labels, [length, 1, 0, length + 3], scale=2)
    whole = crf.likelihood(params, emissions, lengths, crf.viterbi(params, emissions, lengths))
    spans, probabilities = crf.decode(params, emissions, lengths)
    total = crf.zero_params(n_labels, "float64")
    for i, part in enumerate(split(emissions, lengths)):
        one = np.array([len(part)])
        alone = crf.likelihood(params, part, one, crf.viterbi(params, part, one))
        assert alone.loss[0] == whole.loss[i]
        np.testing.assert_array_equal(alone.d_emissions, split(whole.d_emissions, lengths)[i])
        for array, more in zip(total, alone.d_params, strict=True):
            array += more
        some, certain = crf.decode(params, part, one)
        np.testing.assert_array_equal(some[:, 1:], spans[spans[:, 0] == i, 1:])
        np.testing.assert_array_equal(certain, probabilities[spans[:, 0] == i])
    for left, right in zip(total, whole.d_params, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-12)


def test_float32_is_close_to_float64():
    params, emissions, lengths = random_batch(np.random.default_rng(3), 21, [50, 1, 300], scale=2)
    tags = crf.viterbi(params, emissions, lengths)
    single = crf.CRFParams(*(value.astype("float32") for value in params))
    found = crf.likelihood(single, emissions.astype("float32"), lengths, tags)
    expected = crf.likelihood(params, emissions, lengths, tags)
    np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-5)
    np.testing.assert_allclose(found.d_emissions, expected.d_emissions, atol=1e-5)
    assert found.d_emissions.dtype == np.float32
    for left, right in zip(found.d_params, expected.d_params, strict=True):
        assert left.dtype == np.float32
        np.testing.assert_allclose(left, right, atol=1e-4)
    np.testing.assert_array_equal(crf.viterbi(single, emissions.astype("float32"), lengths), tags)
    spans, probabilities = crf.decode(params, emissions, lengths)
    found = crf.span_probabilities(single, emissions.astype("float32"), lengths, spans)
    np.testing.assert_allclose(found, probabilities, atol=1e-5)


def test_spans_that_start_at_a_token_add_up_to_its_marginals():
    n_labels, length = 3, 12
    params, emissions, lengths = random_batch(np.random.default_rng(4), n_labels, [length])
    spans = every_span(lengths, n_labels)
    probabilities = crf.span_probabilities(params, emissions, lengths, spans)
    marginals = crf.marginals(params, emissions, lengths)
    for start in range(length):
        for label in range(n_labels):
            begins = (spans[:, 1] == start) & (spans[:, 3] == label)
            single, several = marginals[start, [1 + 3 * n_labels + label, 1 + label]]
            assert probabilities[begins].sum() == pytest.approx(single + several, abs=1e-12)


def test_nothing_said_is_nothing_learned():
    params, emissions, lengths = random_batch(np.random.default_rng(6), 2, LENGTHS)
    tags = crf.viterbi(params, emissions, lengths)
    silent = crf.likelihood(params, emissions, lengths)
    assert not silent.loss.any() and not silent.d_emissions.any() and not any(x.any() for x in silent.d_params)
    # only the first sequence is annotated
    some = np.where(np.arange(len(tags)) < 3, tags, crf.UNKNOWN)
    found = crf.likelihood(params, emissions, lengths, some)
    alone = crf.likelihood(params, emissions[:3], lengths[:1], tags[:3])
    assert found.loss.tolist() == [alone.loss[0], 0, 0, 0, 0]
    np.testing.assert_array_equal(found.d_emissions[:3], alone.d_emissions)
    assert not found.d_emissions[3:].any()
    for left, right in zip(found.d_params, alone.d_params, strict=True):
        np.testing.assert_array_equal(left, right)


def test_ties_are_broken_alike():
    lengths = np.array([5, 1, 2])
    emissions = np.zeros((8, 9), dtype="float32")
    params = crf.zero_params(2)
    assert not crf.viterbi(params, emissions, lengths).any()
    np.testing.assert_array_equal(crf.viterbi_k_best(params, emissions[:3], 4).tags[0], [0, 0, 0])


def test_predicted_paths_are_legal_whatever_the_scores():
    for seed in range(20):
        params, emissions, lengths = random_batch(np.random.default_rng(seed), 4, [1, 2, 30, 0], 5, "float32")
        assert find_break(crf.viterbi(params, emissions, lengths), lengths, 4) is None


def test_an_empty_batch():
    params, emissions, lengths = crf.zero_params(2), np.zeros((0, 9), dtype="float32"), np.array([], dtype=int)
    assert crf.log_partition(params, emissions, lengths).shape == (0,)
    assert crf.viterbi(params, emissions, np.array([0, 0])).shape == (0,)
    assert crf.decode(params, emissions, lengths).spans.shape == (0, 4)
    assert crf.likelihood(params, emissions, np.array([0]), np.array([], dtype=int)).loss.tolist() == [0]


def test_importing_the_crf_is_light():
    code = "import sys, spacy_clinner.layers.crf; print(sorted({'numba', 'torch', 'spacy'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_no_array_of_the_caller_is_changed():
    batch = random_batch(np.random.default_rng(7), 3, LENGTHS)
    tags = np.full(len(batch[1]), crf.UNKNOWN)
    tags[0] = 0
    allowed = np.ones(batch[1].shape, dtype=bool)
    arrays = [*batch[0], *batch[1:], tags, allowed]
    for array in arrays:
        array.flags.writeable = False
    crf.likelihood(*batch, tags, allowed)
    crf.marginals(*batch)
    crf.decode(*batch)
