"""What the compiled kernels are given: parameters padded to whole vectors, and as exponentials.

Shapes: N tokens, L of one sequence, K labels, T = 4K + 1 tags, D = 2K + 1 leavers or enterers, P = D padded.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..tags.layout import count_ends, sequence_starts
from .params import CRFParams

_LINE = 64  # bytes of a cache line and of the widest vector register
_LANES = 16  # floats in it


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


class Batch(NamedTuple):
    """Sequences to be summed over.

    emissions (N, T); starts (n + 1,) of the sequences; scratch (2, P), see `make_scratch`; tolerance as in `Limits`.
    """

    emissions: NDArray
    starts: NDArray
    factors: Factors
    scratch: NDArray
    tolerance: float


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


def make_batch(params: CRFParams, emissions: NDArray, lengths: NDArray) -> Batch:
    dtype = emissions.dtype
    scratch, tolerance = make_scratch(params.n_labels, dtype), LIMITS[dtype.name].tolerance
    return Batch(emissions, sequence_starts(lengths), make_factors(params), scratch, tolerance)


def make_scratch(n_labels: int, dtype: np.dtype) -> NDArray:
    """RETURNS (NDArray): Two vectors for `_multiply` and `_multiply_max` with zeros as padding. *Shape:* (2, P)"""
    return _aligned_zeros((2, _padded(count_ends(n_labels))), dtype)


def _padded(size: int) -> int:
    return -(-size // _LANES) * _LANES


def _pad(matrix: NDArray) -> NDArray:
    padded = _aligned_zeros((_padded(len(matrix)), _padded(len(matrix))), matrix.dtype)
    padded[: len(matrix), : len(matrix)] = matrix
    return padded


def _aligned_zeros(shape: tuple[int, int], dtype: np.dtype) -> NDArray:
    """Zeros that begin at a cache line: vector loads across two lines halve the speed."""
    n_bytes = math.prod(shape) * dtype.itemsize
    buffer = np.zeros(n_bytes + _LINE, dtype=np.uint8)
    offset = -buffer.ctypes.data % _LINE
    return buffer[offset : offset + n_bytes].view(dtype).reshape(shape)
