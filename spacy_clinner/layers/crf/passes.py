"""Passes of the BIOES CRF over a checked batch: the compiled kernels where they are exact, log space where not.

A sequence that the kernels' guard rejects in float32 is computed again in float64, and if that is not enough either, in
log space. Arguments as in `crf.py`, already checked: parameters in the type of the emissions, lengths as int64.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..tags.layout import count_ends, enterers, leavers, sequence_starts, spans_to_tags
from . import logspace
from .factors import make_batch, make_scores, make_scratch
from .params import CRFParams, from_chain, to_chain, zero_params

# Without a bound all spans of a document would be candidates, as many as the square of its tokens.
LEAST_PROBABILITY = 1e-3


class Expectations(NamedTuple):
    """Of a batch: log Z (n,), tag marginals (N, T), and expected counts of moves summed over sequences."""

    log_partition: NDArray
    marginals: NDArray
    counts: CRFParams


def expectations(params: CRFParams, emissions: NDArray, lengths: NDArray, want_moves: bool = True) -> Expectations:
    """RETURNS (Expectations): By forward-backward; log Z is 0 for an empty sequence, and without moves counts are 0."""
    from .kernels.batch import sum_marginals, sum_moves  # imports numba, which takes its time

    n_labels, dtype = params.n_labels, emissions.dtype
    width = count_ends(n_labels)
    log_z = np.zeros(len(lengths))
    marginals = np.empty_like(emissions)
    counts = zero_params(n_labels, dtype)
    if not len(emissions):
        return Expectations(log_z, marginals, counts)
    batch = make_batch(params, emissions, lengths)
    starts, factors = batch.starts, batch.factors
    if want_moves:
        leaving, entering = np.zeros((2, len(emissions), width), dtype)
        exact = sum_moves(batch, log_z, marginals, leaving, entering, counts.within)
    else:
        exact = sum_marginals(batch, log_z, marginals)
    again, rows = _choose(~exact, starts)
    # of sequences that are to be computed again there may be anything
    marginals[rows] = 0
    if want_moves:
        counts.within[:] *= factors.within
        counts.between[:] = factors.between[:width, :width] * (leaving.T @ entering)
        counts.start[:] = marginals[starts[:-1][lengths > 0]][:, enterers(n_labels)].sum(axis=0)
        counts.end[:] = marginals[starts[1:][lengths > 0] - 1][:, leavers(n_labels)].sum(axis=0)
    if len(again):
        precise = _with_more_precision(params, emissions[rows], lengths[again])
        log_z[again] = precise.log_partition
        marginals[rows] = precise.marginals
        for total, part in zip(counts, precise.counts, strict=True):
            total += part.astype(dtype)
    return Expectations(log_z, marginals, counts)


def viterbi(params: CRFParams, emissions: NDArray, lengths: NDArray) -> NDArray[np.int64]:
    """RETURNS (NDArray): Tags of the best path of each sequence. *Shape:* (N,)"""
    from .kernels.viterbi import viterbi as best_path

    tags = np.zeros(len(emissions), dtype=np.int64)
    if len(emissions):
        scratch = make_scratch(params.n_labels, emissions.dtype)
        bests = np.empty((lengths.max(), emissions.shape[1]), emissions.dtype)
        starts, state = sequence_starts(lengths), np.empty(emissions.shape[1], emissions.dtype)
        best_path(emissions, starts, make_scores(params), scratch, bests, state, tags)
    return tags


def span_probabilities(params: CRFParams, emissions: NDArray, lengths: NDArray, spans: NDArray) -> NDArray[np.float64]:
    """RETURNS (NDArray): Probability of each span. *Shape:* (m,)"""
    from .kernels.batch import score_spans

    probabilities = np.zeros(len(spans))
    if not len(spans):
        return probabilities
    order = np.argsort(spans[:, 0], kind="stable")
    batch = make_batch(params, emissions, lengths)
    found = np.zeros(len(spans))
    exact = score_spans(batch, spans[order], found)
    probabilities[order] = found
    if not exact.all():
        again, rows = _choose(~exact, batch.starts)
        repeated = ~exact[spans[:, 0]]
        renumbered = spans[repeated]
        renumbered[:, 0] = np.searchsorted(again, renumbered[:, 0])
        if emissions.dtype == np.float32:
            params, emissions = _as_double(params, emissions)
            probabilities[repeated] = span_probabilities(params, emissions[rows], lengths[again], renumbered)
        else:
            probabilities[repeated] = _log_span_probabilities(params, emissions[rows], lengths[again], renumbered)
    return probabilities


def choose_spans(spans: NDArray, probabilities: NDArray, lengths: NDArray, threshold: float) -> NDArray[np.bool_]:
    """RETURNS (NDArray[bool]): Which of spans, in order of sequence and start, to keep: those that do not overlap and
    have the greatest sum of (probability - threshold). *Shape:* (m,)"""
    from .kernels.spans import choose

    longest = lengths.max(initial=0)
    chosen = np.zeros(len(spans), dtype=bool)
    gains, choices = np.empty(longest + 1), np.empty(longest + 1, np.int64)
    choose(spans, probabilities, threshold, sequence_starts(lengths), gains, choices, chosen)
    return chosen


def spans_above(
    params: CRFParams, emissions: NDArray, lengths: NDArray, threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """RETURNS (tuple): All spans (m, 4) above a probability, in order of sequence and start; some just below it, but
    none below `LEAST_PROBABILITY`, and their probabilities (m,)."""
    from .kernels.spans import find_above

    # rounding may put what a span begins with below its probability
    bound = max(threshold, LEAST_PROBABILITY) * (1 - 1e-4)
    batch = make_batch(params, emissions, lengths)
    exact = np.ones(len(lengths), dtype=bool)
    spans, probabilities, count = np.empty((0, 4), np.int64), np.empty(0), len(emissions)
    # room for a span a token is mostly enough; if not, the first pass has told how many there are
    while count > len(spans):
        spans, probabilities = np.empty((count, 4), np.int64), np.empty(count)
        count = find_above(batch, bound, spans, probabilities, exact)
    spans, probabilities = spans[:count], probabilities[:count]
    if not exact.all():
        again, rows = _choose(~exact, batch.starts)
        if emissions.dtype == np.float32:
            params, emissions = _as_double(params, emissions)
            others, more = spans_above(params, emissions[rows], lengths[again], threshold)
        else:
            others, more = _log_spans_above(params, emissions[rows], lengths[again], bound)
        others[:, 0] = again[others[:, 0]]
        spans, probabilities = np.concatenate([spans, others]), np.concatenate([probabilities, more])
        order = np.argsort(spans[:, 0], kind="stable")
        spans, probabilities = spans[order], probabilities[order]
    kept = probabilities >= LEAST_PROBABILITY
    return spans[kept], probabilities[kept]


def best_paths(params: CRFParams, emissions: NDArray, k: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """RETURNS (tuple): Tags (k', L) and scores (k',) of the best paths of one sequence of tokens, best first."""
    from .kernels.viterbi import k_best

    paths = np.zeros((k, len(emissions)), dtype=np.int64)
    totals = np.zeros(k)
    params, emissions = _as_double(params, emissions)
    k_best(emissions, params, paths, totals)
    found = totals > -np.inf
    return paths[found], totals[found]


def _with_more_precision(params: CRFParams, emissions: NDArray, lengths: NDArray) -> Expectations:
    if emissions.dtype == np.float32:
        return expectations(*_as_double(params, emissions), lengths)
    return _log_expectations(params, emissions, lengths)


def _as_double(params: CRFParams, emissions: NDArray) -> tuple[CRFParams, NDArray]:
    return CRFParams(*(value.astype("float64") for value in params)), emissions.astype("float64")


def _choose(chosen: NDArray[np.bool_], starts: NDArray) -> tuple[NDArray, NDArray]:
    """Numbers of the chosen sequences, and a mask of their rows."""
    return np.flatnonzero(chosen), np.repeat(chosen, np.diff(starts))


def _log_expectations(params: CRFParams, emissions: NDArray, lengths: NDArray) -> Expectations:
    log_z = np.zeros(len(lengths))
    marginals = np.zeros_like(emissions)
    counts = zero_params(params.n_labels, "float64")
    chain = to_chain(params)
    starts = sequence_starts(lengths)
    for i in np.flatnonzero(lengths):
        rows = slice(starts[i], starts[i + 1])
        log_z[i], marginals[rows], moves = logspace.expectations(chain, emissions[rows])
        for total, part in zip(counts, from_chain(moves), strict=True):
            total += part
    return Expectations(log_z, marginals, counts)


def _log_spans_above(params: CRFParams, emissions: NDArray, lengths: NDArray, bound: float) -> tuple[NDArray, NDArray]:
    spans, probabilities = [np.empty((0, 4), np.int64)], [np.empty(0)]
    chain = to_chain(params)
    starts = sequence_starts(lengths)
    for i in np.flatnonzero(lengths):
        found, logs = logspace.entities_above(chain, emissions[starts[i] : starts[i + 1]], np.log(bound))
        spans.append(np.insert(found, 0, i, axis=1))
        probabilities.append(np.exp(logs))
    return np.concatenate(spans), np.concatenate(probabilities)


def _log_span_probabilities(params: CRFParams, emissions: NDArray, lengths: NDArray, spans: NDArray) -> NDArray:
    probabilities = np.zeros(len(spans))
    chain = to_chain(params)
    starts = sequence_starts(lengths)
    for i in np.unique(spans[:, 0]):
        scores = emissions[starts[i] : starts[i + 1]]
        alpha, beta = logspace.forward(chain, scores), logspace.backward(chain, scores)
        log_z = logspace.log_sum_exp(alpha[-1] + chain.end, axis=0)
        for j in np.flatnonzero(spans[:, 0] == i):
            _, start, end, label = spans[j]
            span = np.array([[0, 0, end - start, label]])
            tags = spans_to_tags(span, span[:, 2], params.n_labels)
            probabilities[j] = np.exp(logspace.clamped(chain, scores, alpha, beta, start, tags) - log_z)
    return probabilities
