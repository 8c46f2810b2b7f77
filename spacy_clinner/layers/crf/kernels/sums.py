"""Compiled sums over the paths of one sequence, in exp-space: forward, backward, and where they meet.

Only the block from leavers to enterers is dense, so a step is one product with a (D, D) matrix and O(K) for the rest.
Probabilities are rescaled at every token. Sums and products of exponentials can lose paths whose scores lie far below
their rivals'; every entry is therefore kept at or above a floor, and a bound of what the floors can have added to Z
(docs/develop/crf.md, "The guard") tells which sequences must be computed in another way.

No views are taken inside loops: each would count references, at the price of a vector operation. Shapes: L tokens of a
sequence, T = 4K + 1 tags, D = 2K + 1 leavers or enterers.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from ...tags.layout import B, E, I, S
from .compiled import inlined, part
from .tags import tag_of

ROWS = 8  # rows of a matrix taken at once, to load and store the result less often

TOP, MASS, BEHIND, OVERLAP = range(4)  # rows of `Sums.notes`

unsigned = np.uintp  # indices that cannot be negative spare the check for wrapping around


class Sums(NamedTuple):
    """Sums over the paths of a sequence, from its start to each tag (alpha) and from there to its end (beta).

    alpha and beta (room, T), of which the first L tokens are meant, each scaled to sum to 1. ahead (room, T): weights
    times beta, from which moves are read; with one row, only the latest is kept. notes (4, room), float64: of each
    token the highest emission, what alpha and beta were divided by, and alpha @ beta. work (2, T).
    """

    alpha: NDArray
    beta: NDArray
    ahead: NDArray
    notes: NDArray
    work: NDArray


@part
def make_sums(emissions, starts, keep_ahead):
    """Room for the longest sequence. Made by the compiled function that uses it, so that LLVM knows it is its own."""
    longest, n_tags = 1, emissions.shape[1]
    for s in range(starts.shape[0] - 1):
        longest = max(longest, starts[s + 1] - starts[s])
    return Sums(
        np.empty((longest, n_tags), emissions.dtype),
        np.empty((longest, n_tags), emissions.dtype),
        np.empty((longest if keep_ahead else 1, n_tags), emissions.dtype),
        np.empty((4, longest), np.float64),
        np.empty((2, n_tags), emissions.dtype),
    )


@part
def unstack(within):
    return within[0], within[1], within[2], within[3]


@part
def blocks(vector, n_labels):
    """Views of B, I, E, S, and of E and S together."""
    begin, inside = tag_of(B, 0, n_labels), tag_of(I, 0, n_labels)
    last, single = tag_of(E, 0, n_labels), tag_of(S, 0, n_labels)
    return vector[begin:inside], vector[inside:last], vector[last:single], vector[single:], vector[last:]


def _exp(x: float) -> float:
    """exp for x <= 0. Compiled for float32 it is one that LLVM can vectorise, exact for -87 <= x."""
    return math.exp(x)


@overload(_exp, inline="always")
def _overload_exp(x):
    if x != types.float32:
        return lambda x: math.exp(x)
    f, i = np.float32, np.int32
    log2_e, half, one = f(1 / math.log(2)), f(0.5), f(1)
    # log 2 in two parts (Cody & Waite 1980): the first has few enough bits for n * high to be exact
    high, low = f(0.693359375), f(math.log(2) - 0.693359375)
    c7, c6, c5, c4, c3 = f(1 / 5040), f(1 / 720), f(1 / 120), f(1 / 24), f(1 / 6)
    bias, mantissa = i(127), i(23)

    def exp32(x):
        n = np.floor(x * log2_e + half)
        r = x - n * high - n * low
        series = ((((((c7 * r + c6) * r + c5) * r + c4) * r + c3) * r + half) * r + one) * r + one
        return series * np.int32((np.int32(n) + bias) << mantissa).view(np.float32)

    return exp32


@part
def _multiply(matrix, n_rows, vector, product):
    """product = vector @ matrix; `n_rows` of the matrix count, the rest is padding."""
    width = unsigned(product.shape[0])
    product[:] = 0
    for r in range(unsigned(0), unsigned(n_rows), unsigned(ROWS)):
        v0, m0 = vector[r], matrix[r]
        v1, m1 = vector[r + unsigned(1)], matrix[r + unsigned(1)]
        v2, m2 = vector[r + unsigned(2)], matrix[r + unsigned(2)]
        v3, m3 = vector[r + unsigned(3)], matrix[r + unsigned(3)]
        v4, m4 = vector[r + unsigned(4)], matrix[r + unsigned(4)]
        v5, m5 = vector[r + unsigned(5)], matrix[r + unsigned(5)]
        v6, m6 = vector[r + unsigned(6)], matrix[r + unsigned(6)]
        v7, m7 = vector[r + unsigned(7)], matrix[r + unsigned(7)]
        for j in range(width):
            product[j] += (v0 * m0[j] + v1 * m1[j] + v2 * m2[j] + v3 * m3[j]) + (
                v4 * m4[j] + v5 * m5[j] + v6 * m6[j] + v7 * m7[j]
            )


@part
def _sum_forward(scores, factors, scratch, work, alpha, notes):
    k = factors.within.shape[1]
    between, lowest, floor = factors.between, factors.lowest, factors.floor
    begin_inside, begin_last, inside_inside, inside_last = unstack(factors.within)
    leaving, entering, weights, state = scratch[0], scratch[1], work[0], work[1]
    leaving_tail, entering_begin, entering_single = leaving[1 : 1 + 2 * k], entering[1 : 1 + k], entering[1 + k :]
    begin, inside, last, single, tail = blocks(state, k)
    weights_begin, weights_inside, weights_last, weights_single, _ = blocks(weights, k)
    state[:] = 0
    for j in range(1 + 2 * k):
        entering[j] = factors.start[j]
    for t in range(scores.shape[0]):
        highest = scores[t, 0]
        for j in range(scores.shape[1]):
            highest = max(highest, scores[t, j])
        for j in range(scores.shape[1]):
            weights[j] = _exp(max(scores[t, j] - highest, lowest))
        if t > 0:
            leaving[0] = state[0]
            for j in range(2 * k):
                leaving_tail[j] = tail[j]
            _multiply(between, 1 + 2 * k, leaving, entering)
        state[0] = max(weights[0] * entering[0], floor)
        for j in range(k):
            last[j] = max(weights_last[j] * (begin[j] * begin_last[j] + inside[j] * inside_last[j]), floor)
        for j in range(k):
            inside[j] = max(weights_inside[j] * (begin[j] * begin_inside[j] + inside[j] * inside_inside[j]), floor)
        for j in range(k):
            begin[j] = max(weights_begin[j] * entering_begin[j], floor)
        for j in range(k):
            single[j] = max(weights_single[j] * entering_single[j], floor)
        total = floor * 0
        for j in range(state.shape[0]):
            total += state[j]
        notes[TOP, t], notes[MASS, t] = highest, total
        for j in range(state.shape[0]):
            state[j] /= total
            alpha[t, j] = state[j]


@part
def _sum_backward(scores, factors, scratch, work, beta, ahead, notes):
    k, last_token = factors.within.shape[1], scores.shape[0] - 1
    between_t, lowest, floor = factors.between_t, factors.lowest, factors.floor
    begin_inside, begin_last, inside_inside, inside_last = unstack(factors.within)
    leaving, entering, weights, state = scratch[0], scratch[1], work[0], work[1]
    leaving_tail, entering_begin, entering_single = leaving[1 : 1 + 2 * k], entering[1 : 1 + k], entering[1 + k :]
    begin, inside, _, _, tail = blocks(state, k)
    weights_begin, weights_inside, weights_last, weights_single, _ = blocks(weights, k)
    for t in range(last_token, -1, -1):
        if t == last_token:
            state[:] = 0
            state[0] = factors.end[0]
            for j in range(2 * k):
                tail[j] = factors.end[1 + j]
        else:
            entering[0] = weights[0]
            for j in range(k):
                entering_begin[j] = weights_begin[j]
            for j in range(k):
                entering_single[j] = weights_single[j]
            _multiply(between_t, 1 + 2 * k, entering, leaving)
            state[0] = max(leaving[0], floor)
            for j in range(k):
                begin[j] = max(begin_inside[j] * weights_inside[j] + begin_last[j] * weights_last[j], floor)
            for j in range(k):
                inside[j] = max(inside_inside[j] * weights_inside[j] + inside_last[j] * weights_last[j], floor)
            for j in range(2 * k):
                tail[j] = max(leaving_tail[j], floor)
        total = floor * 0
        for j in range(state.shape[0]):
            total += state[j]
        notes[BEHIND, t] = total
        highest, row = scores.dtype.type(notes[TOP, t]), min(t, ahead.shape[0] - 1)
        for j in range(state.shape[0]):
            state[j] /= total
            beta[t, j] = state[j]
        for j in range(scores.shape[1]):
            weights[j] = _exp(max(scores[t, j] - highest, lowest)) * state[j]
            ahead[row, j] = weights[j]


@part
def _meet(length, alpha, beta, notes):
    """Returns the doubt: what the floors can have added to Z, per floor."""
    doubt = 0.0
    for t in range(length):
        total = alpha.dtype.type(0)
        for j in range(alpha.shape[1]):
            total += alpha[t, j] * beta[t, j]
        notes[OVERLAP, t] = total
        doubt += (1 / notes[MASS, t] + 1 / notes[BEHIND, t]) / total
    return doubt


@inlined
def sweep(scores, factors, scratch, tolerance, sums):
    """Sum over the paths of a sequence with emissions scores (L, T), L > 0. Returns whether the sums are exact."""
    alpha, beta, ahead, notes, work = sums
    _sum_forward(scores, factors, scratch, work, alpha, notes)
    _sum_backward(scores, factors, scratch, work, beta, ahead, notes)
    return _meet(scores.shape[0], alpha, beta, notes) * factors.floor <= tolerance
