"""Compiled passes of the BIOES CRF over a ragged batch: forward-backward in exp-space, and Viterbi.

Only the block from leavers to enterers is dense, so a step is one product with a (2K+1, 2K+1) matrix and O(K) for the
rest. Probabilities are rescaled at every token. Sums and products of exponentials can lose paths whose scores lie far
below their rivals'; every entry is therefore kept at or above a floor, and a bound of what the floors can have added to
Z (docs/crf.md, "The guard") tells which sequences must be computed in another way.

Numba compiles at the first call and caches on disk. One thread, so a process may fork. `fastmath` leaves infinities
alone: they mean forbidden. Shapes: L tokens of a sequence, T = 4K + 1 tags, D = 2K + 1 leavers or enterers, P = D
padded to whole vectors.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit, types
from numba.extending import overload
from numpy.typing import NDArray

from .crf_params import CRFParams

_LANES = 16  # floats in the widest vector register: 64 bytes, a cache line
_ROWS = 8  # rows of a matrix taken at once, to load and store the result less often

_compiled = njit(cache=True, nogil=True, fastmath={"nnan", "nsz", "arcp", "contract", "reassoc"})
_unsigned = np.uintp  # indices that cannot be negative spare the check for wrapping around


class Scores(NamedTuple):
    """Parameters for Viterbi; padding never wins.

    between (P, P) as [leaver, enterer]; between_t its transpose; within (4, K); start (D,); end (D,).
    """

    between: NDArray
    between_t: NDArray
    within: NDArray
    start: NDArray
    end: NDArray


class Factors(NamedTuple):
    """Exponentials of parameters, each array divided by its largest entry; padding adds nothing.

    Fields as in `Scores`, and the logarithms of what they were divided by: `step` (between and within), `first`
    (start), `last` (end). `within_scores` (4, K) are the parameters themselves; `floor` and `lowest`: see `Limits`.
    """

    between: NDArray
    between_t: NDArray
    within: NDArray
    start: NDArray
    end: NDArray
    within_scores: NDArray
    step: float
    first: float
    last: float
    floor: float
    lowest: float


class Limits(NamedTuple):
    """Of a floating-point type: least entry kept, least exponent taken, and the error of Z that is tolerated."""

    floor: float
    lowest: float
    tolerance: float


LIMITS = {
    "float32": Limits(floor=1e-32, lowest=-87.0, tolerance=1e-6),
    "float64": Limits(floor=1e-290, lowest=-700.0, tolerance=1e-12),
}


def make_scores(params: CRFParams) -> Scores:
    between = _pad(params.between)
    return Scores(between, _pad(params.between.T), params.within, params.start, params.end)


def make_factors(params: CRFParams) -> Factors:
    limits = LIMITS[params.between.dtype.name]
    step = max(params.between.max(), params.within.max(initial=-np.inf))
    first, last = params.start.max(), params.end.max()

    def exp(scores: NDArray, top: float) -> NDArray:
        return np.exp(np.maximum(scores - top, scores.dtype.type(limits.lowest)))

    between = exp(params.between, step)
    return Factors(
        _pad(between),
        _pad(between.T),
        exp(params.within, step),
        exp(params.start, first),
        exp(params.end, last),
        params.within,
        float(step),
        float(first),
        float(last),
        params.between.dtype.type(limits.floor),
        params.between.dtype.type(limits.lowest),
    )


def make_scratch(n_labels: int, dtype: np.dtype) -> NDArray:
    """RETURNS (NDArray): Two vectors for `_multiply` and `_multiply_max` with zeros as padding. *Shape:* (2, P)"""
    return _aligned_zeros((2, _padded(2 * n_labels + 1)), dtype)


def _padded(size: int) -> int:
    return -(-size // _LANES) * _LANES


def _pad(matrix: NDArray) -> NDArray:
    padded = _aligned_zeros((_padded(len(matrix)), _padded(len(matrix))), matrix.dtype)
    padded[: len(matrix), : len(matrix)] = matrix
    return padded


def _aligned_zeros(shape: tuple[int, int], dtype: np.dtype) -> NDArray:
    """Zeros that begin at a cache line: vector loads across two lines halve the speed."""
    line = 64
    n_bytes = math.prod(shape) * dtype.itemsize
    buffer = np.zeros(n_bytes + line, dtype=np.uint8)
    offset = -buffer.ctypes.data % line
    return buffer[offset : offset + n_bytes].view(dtype).reshape(shape)


def _exp(x: float) -> float:
    """exp for -87 <= x <= 0 (float32) that LLVM can vectorise, or the C library's (float64)."""
    raise NotImplementedError


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


@_compiled
def _multiply(matrix, rows, vector, product):
    """product = vector @ matrix; `rows` of the matrix count, the rest is padding."""
    width = _unsigned(product.shape[0])
    product[:] = 0
    for r in range(_unsigned(0), _unsigned(rows), _unsigned(_ROWS)):
        v0, m0 = vector[r], matrix[r]
        v1, m1 = vector[r + _unsigned(1)], matrix[r + _unsigned(1)]
        v2, m2 = vector[r + _unsigned(2)], matrix[r + _unsigned(2)]
        v3, m3 = vector[r + _unsigned(3)], matrix[r + _unsigned(3)]
        v4, m4 = vector[r + _unsigned(4)], matrix[r + _unsigned(4)]
        v5, m5 = vector[r + _unsigned(5)], matrix[r + _unsigned(5)]
        v6, m6 = vector[r + _unsigned(6)], matrix[r + _unsigned(6)]
        v7, m7 = vector[r + _unsigned(7)], matrix[r + _unsigned(7)]
        for j in range(width):
            product[j] += (v0 * m0[j] + v1 * m1[j] + v2 * m2[j] + v3 * m3[j]) + (
                v4 * m4[j] + v5 * m5[j] + v6 * m6[j] + v7 * m7[j]
            )


@_compiled
def _multiply_max(matrix, rows, vector, product):
    """product[j] = max over r of vector[r] + matrix[r, j]; the padding of the vector is -inf."""
    width = _unsigned(product.shape[0])
    product[:] = -np.inf
    for r in range(_unsigned(0), _unsigned(rows), _unsigned(_ROWS)):
        v0, m0 = vector[r], matrix[r]
        v1, m1 = vector[r + _unsigned(1)], matrix[r + _unsigned(1)]
        v2, m2 = vector[r + _unsigned(2)], matrix[r + _unsigned(2)]
        v3, m3 = vector[r + _unsigned(3)], matrix[r + _unsigned(3)]
        v4, m4 = vector[r + _unsigned(4)], matrix[r + _unsigned(4)]
        v5, m5 = vector[r + _unsigned(5)], matrix[r + _unsigned(5)]
        v6, m6 = vector[r + _unsigned(6)], matrix[r + _unsigned(6)]
        v7, m7 = vector[r + _unsigned(7)], matrix[r + _unsigned(7)]
        for j in range(width):
            left = max(max(v0 + m0[j], v1 + m1[j]), max(v2 + m2[j], v3 + m3[j]))
            right = max(max(v4 + m4[j], v5 + m5[j]), max(v6 + m6[j], v7 + m7[j]))
            product[j] = max(product[j], max(left, right))


@_compiled
def _largest(row):
    top = row[0]
    for j in range(row.shape[0]):
        top = max(top, row[j])
    return top


@_compiled
def _weigh(row, top, lowest, weights):
    """weights = exp(row - top), but never less than exp(lowest): an upper bound that is not 0."""
    shift = row.dtype.type(top)
    for j in range(row.shape[0]):
        weights[j] = _exp(max(row[j] - shift, lowest))


@_compiled
def _scale(vector):
    """Divide by the sum and return it."""
    total = vector.dtype.type(0)
    for j in range(vector.shape[0]):
        total += vector[j]
    inverse = vector.dtype.type(1) / total
    for j in range(vector.shape[0]):
        vector[j] *= inverse
    return total


@_compiled
def _dot(left, right):
    total = left.dtype.type(0)
    for j in range(left.shape[0]):
        total += left[j] * right[j]
    return total


@_compiled
def _take_leavers(row, n_labels, vector):
    vector[0] = row[0]
    for j in range(2 * n_labels):
        vector[1 + j] = row[1 + 2 * n_labels + j]


@_compiled
def _begin(weights, factors, alpha):
    k = factors.within.shape[1]
    alpha[0] = max(weights[0] * factors.start[0], factors.floor)
    alpha[k + 1 : 3 * k + 1] = 0
    for j in range(k):
        alpha[1 + j] = max(weights[1 + j] * factors.start[1 + j], factors.floor)
        s = 1 + 3 * k + j
        alpha[s] = max(weights[s] * factors.start[1 + k + j], factors.floor)


@_compiled
def _step(weights, before, factors, scratch, alpha):
    """One token forward: alpha = weights * (before @ transitions), floored."""
    k = factors.within.shape[1]
    leaving, entering = scratch[0], scratch[1]
    _take_leavers(before, k, leaving)
    _multiply(factors.between, 2 * k + 1, leaving, entering)
    within, floor = factors.within, factors.floor
    begin, inside = before[1 : 1 + k], before[1 + k : 1 + 2 * k]
    alpha[0] = max(weights[0] * entering[0], floor)
    for j in range(k):
        alpha[1 + j] = max(weights[1 + j] * entering[1 + j], floor)
    for j in range(k):
        i = 1 + k + j
        alpha[i] = max(weights[i] * (begin[j] * within[0, j] + inside[j] * within[2, j]), floor)
    for j in range(k):
        e = 1 + 2 * k + j
        alpha[e] = max(weights[e] * (begin[j] * within[1, j] + inside[j] * within[3, j]), floor)
    for j in range(k):
        s = 1 + 3 * k + j
        alpha[s] = max(weights[s] * entering[1 + k + j], floor)


@_compiled
def _finish(factors, beta):
    """beta of the last token, floored and scaled; returns what it was divided by."""
    k = factors.within.shape[1]
    beta[0] = factors.end[0]
    beta[1 : 1 + 2 * k] = 0
    for j in range(2 * k):
        beta[1 + 2 * k + j] = factors.end[1 + j]
    return _scale(beta)


@_compiled
def _step_back(ahead, factors, scratch, beta):
    """One token backward: beta = transitions @ ahead, floored and scaled; returns what it was divided by.

    `ahead` is weights * beta of the next token.
    """
    k = factors.within.shape[1]
    entering, leaving = scratch[0], scratch[1]
    entering[: 1 + k] = ahead[: 1 + k]
    entering[1 + k : 1 + 2 * k] = ahead[1 + 3 * k :]
    _multiply(factors.between_t, 2 * k + 1, entering, leaving)
    within, floor = factors.within, factors.floor
    inside, last = ahead[1 + k : 1 + 2 * k], ahead[1 + 2 * k : 1 + 3 * k]
    beta[0] = max(leaving[0], floor)
    for j in range(k):
        beta[1 + j] = max(within[0, j] * inside[j] + within[1, j] * last[j], floor)
    for j in range(k):
        beta[1 + k + j] = max(within[2, j] * inside[j] + within[3, j] * last[j], floor)
    for j in range(2 * k):
        beta[1 + 2 * k + j] = max(leaving[1 + j], floor)
    return _scale(beta)


@_compiled
def _forward(emissions, factors, scratch, weights, alpha, top, mass):
    """Fill alpha (L, T), scaled to sum to 1; `top` (L,) and `mass` (L,) hold what each token was divided by."""
    for t in range(emissions.shape[0]):
        top[t] = _largest(emissions[t])
        _weigh(emissions[t], top[t], factors.lowest, weights)
        if t == 0:
            _begin(weights, factors, alpha[0])
        else:
            _step(weights, alpha[t - 1], factors, scratch, alpha[t])
        mass[t] = _scale(alpha[t])


@_compiled
def _log_scale(factors, top, mass):
    """Log of all that the forward pass divided by."""
    total = factors.first + factors.step * (top.shape[0] - 1)
    for t in range(top.shape[0]):
        total += top[t] + math.log(mass[t])
    return total


@_compiled
def expect(emissions, starts, factors, scratch, want_moves, tolerance, log_z, marginals, leaving, entering, within):
    """Forward-backward: log Z, tag marginals, and what counts of moves are made of.

    The marginals' array holds alpha until the backward pass overwrites it. Expected counts of between are
    factors.between * (leaving.T @ entering), shapes (N, D); those of within are added to `within` (4, K).
    Returns which sequences are exact within the tolerance; the others are left at zero.
    """
    k = factors.within.shape[1]
    longest = np.max(np.diff(starts))
    weights, ahead, beta = np.empty((3, emissions.shape[1]), emissions.dtype)
    top, mass = np.empty((2, longest), np.float64)
    sums = np.empty_like(within)
    exact = np.ones(starts.shape[0] - 1, np.bool_)
    for s in range(starts.shape[0] - 1):
        first, after = starts[s], starts[s + 1]
        length = after - first
        if length == 0:
            continue
        scores, alpha = emissions[first:after], marginals[first:after]
        _forward(scores, factors, scratch, weights, alpha, top, mass)
        sums[:] = 0
        behind = _finish(factors, beta)
        overlap = _dot(alpha[length - 1], beta)
        log_z[s] = _log_scale(factors, top[:length], mass) + math.log(overlap) + math.log(behind) + factors.last
        doubt = 0.0
        for t in range(length - 1, -1, -1):
            doubt += (1 / mass[t] + 1 / behind) / overlap
            row = alpha[t]
            for j in range(row.shape[0]):
                row[j] = row[j] * beta[j] / overlap
            if t == 0:
                break
            _weigh(scores[t], top[t], factors.lowest, weights)
            for j in range(ahead.shape[0]):
                ahead[j] = weights[j] * beta[j]
            behind = _step_back(ahead, factors, scratch, beta)
            row = alpha[t - 1]
            overlap = _dot(row, beta)
            if want_moves:
                share = row.dtype.type(1) / (overlap * behind)
                _take_leavers(row, k, leaving[first + t - 1])
                ahead *= share
                entering[first + t - 1, : 1 + k] = ahead[: 1 + k]
                entering[first + t - 1, 1 + k :] = ahead[1 + 3 * k :]
                for j in range(k):
                    sums[0, j] += row[1 + j] * ahead[1 + k + j]
                    sums[1, j] += row[1 + j] * ahead[1 + 2 * k + j]
                    sums[2, j] += row[1 + k + j] * ahead[1 + k + j]
                    sums[3, j] += row[1 + k + j] * ahead[1 + 2 * k + j]
        if doubt * factors.floor <= tolerance:
            within += sums * factors.within
        else:
            exact[s] = False
            alpha[:] = 0
            if want_moves:
                leaving[first:after] = 0
    return exact


@_compiled
def spans(emissions, starts, factors, scratch, tolerance, asked, first_asked, probabilities):
    """Exact probabilities of spans. `asked` (m, 4) is sorted by sequence, then end; those of s begin at first_asked[s].

    Returns which sequences are exact within the tolerance.
    """
    k = factors.within.shape[1]
    longest = np.max(np.diff(starts))
    weights, beta = np.empty((2, emissions.shape[1]), emissions.dtype)
    top, mass = np.empty((2, longest), np.float64)
    alphas = np.empty((longest, emissions.shape[1]), emissions.dtype)
    exact = np.ones(starts.shape[0] - 1, np.bool_)
    for s in range(starts.shape[0] - 1):
        length = starts[s + 1] - starts[s]
        left, i = first_asked[s], first_asked[s + 1] - 1
        if i < left:
            continue
        scores, alpha = emissions[starts[s] : starts[s + 1]], alphas[:length]
        _forward(scores, factors, scratch, weights, alpha, top, mass)
        behind = _finish(factors, beta)
        doubt = 0.0
        for t in range(length - 1, -1, -1):
            overlap = _dot(alpha[t], beta)
            doubt += (1 / mass[t] + 1 / behind) / overlap
            while i >= left and asked[i, 2] == t + 1:
                begin, label = asked[i, 1], asked[i, 3]
                if begin == t:
                    single = 1 + 3 * k + label
                    probabilities[i] = alpha[t, single] * beta[single] / overlap
                else:
                    last = 1 + 2 * k + label
                    way = math.log(alpha[begin, 1 + label]) + math.log(beta[last] / overlap)
                    for u in range(begin + 1, t + 1):
                        move = (0 if u == begin + 1 else 2) + (1 if u == t else 0)
                        tag = last if u == t else 1 + k + label
                        way += factors.within_scores[move, label] - factors.step
                        way += scores[u, tag] - top[u] - math.log(mass[u])
                    probabilities[i] = min(1.0, math.exp(way))
                i -= 1
            if t > 0:
                _weigh(scores[t], top[t], factors.lowest, weights)
                weights *= beta
                behind = _step_back(weights, factors, scratch, beta)
        exact[s] = doubt * factors.floor <= tolerance
    return exact


@_compiled
def viterbi(emissions, starts, scores, scratch, tags):
    """Best path of each sequence. Only best scores are kept; the argmax is taken again along the path."""
    k = scores.within.shape[1]
    width = 2 * k + 1
    longest = np.max(np.diff(starts))
    bests = np.empty((longest, emissions.shape[1]), emissions.dtype)
    leaving, entering = scratch[0], scratch[1]
    leaving[:] = -np.inf
    for s in range(starts.shape[0] - 1):
        length = starts[s + 1] - starts[s]
        if length == 0:
            continue
        rows, best, path = emissions[starts[s] : starts[s + 1]], bests[:length], tags[starts[s] : starts[s + 1]]
        best[0] = -np.inf
        best[0, : 1 + k] = rows[0, : 1 + k] + scores.start[: 1 + k]
        best[0, 1 + 3 * k :] = rows[0, 1 + 3 * k :] + scores.start[1 + k :]
        for t in range(1, length):
            _take_leavers(best[t - 1], k, leaving)
            _multiply_max(scores.between, width, leaving, entering)
            # relative to O one token before, lest a long sequence outgrow the type's precision
            _best_step(rows[t], best[t - 1], best[t - 1, 0], scores.within, entering, best[t])
        _take_leavers(best[length - 1], k, leaving)
        tag = _leaver(_first_best(leaving, scores.end), k)
        path[length - 1] = tag
        for t in range(length - 1, 0, -1):
            block, label = (tag - 1) // k if tag else -1, (tag - 1) % k if tag else 0
            if block == 1 or block == 2:
                from_begin = best[t - 1, 1 + label] + scores.within[block - 1, label]
                from_inside = best[t - 1, 1 + k + label] + scores.within[block + 1, label]
                tag = 1 + label if from_begin >= from_inside else 1 + k + label
            else:
                _take_leavers(best[t - 1], k, leaving)
                enterer = tag - 2 * k if block == 3 else tag
                tag = _leaver(_first_best(leaving, scores.between_t[enterer, :width]), k)
            path[t - 1] = tag


@_compiled
def _best_step(row, before, shift, within, entering, best):
    k = within.shape[1]
    begin, inside = before[1 : 1 + k], before[1 + k : 1 + 2 * k]
    best[0] = row[0] + entering[0] - shift
    for j in range(k):
        best[1 + j] = row[1 + j] + entering[1 + j] - shift
    for j in range(k):
        best[1 + k + j] = row[1 + k + j] + max(begin[j] + within[0, j], inside[j] + within[2, j]) - shift
    for j in range(k):
        best[1 + 2 * k + j] = row[1 + 2 * k + j] + max(begin[j] + within[1, j], inside[j] + within[3, j]) - shift
    for j in range(k):
        best[1 + 3 * k + j] = row[1 + 3 * k + j] + entering[1 + k + j] - shift


@_compiled
def _first_best(left, right):
    """The first index with the largest left + right."""
    top = left[0] + right[0]
    for j in range(right.shape[0]):
        top = max(top, left[j] + right[j])
    for j in range(right.shape[0]):
        if left[j] + right[j] == top:
            return j
    return 0


@_compiled
def _leaver(index, n_labels):
    return index + 2 * n_labels if index else 0
