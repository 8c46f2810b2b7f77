"""Means of rows over many spans at once: short ones by gathering rows, long ones that overlap by running sums."""

from collections.abc import Callable

import numpy as np
from thinc.api import Ops
from thinc.types import Floats2d, Ints1d, Ints2d

Means = tuple[Floats2d, Callable[[Floats2d], Floats2d]]


def short_span_means(ops: Ops, rows: Floats2d, bounds: Ints2d) -> Means:
    """Average rows over spans, in time proportional to the spans' summed lengths.

    ops (Ops): backend of the arrays.
    rows (Floats2d): one row per token. Shape: (N, w)
    bounds (Ints2d): start and end of each span in rows, end exclusive; an empty span has the mean zero. Shape: (m, 2)
    RETURNS (Tuple[Floats2d, Callable]): the means, shape (m, w), and a callback from their gradient to that of the
        rows.
    """
    starts, ends = ops.to_numpy(bounds).T
    lengths = (ends - starts).astype("int32")
    first = np.repeat(starts - np.concatenate([[0], lengths.cumsum()[:-1]]), lengths)
    index = ops.asarray1i(first + np.arange(len(first)))
    lengths = ops.asarray1i(lengths)
    if not len(index):
        # Thinc's reduce_mean wants at least one row
        return ops.alloc2f(len(bounds), rows.shape[1]), lambda d_means: ops.alloc2f(*rows.shape)

    def backprop(d_means: Floats2d) -> Floats2d:
        d_rows = ops.alloc2f(*rows.shape)
        ops.scatter_add(d_rows, index, ops.backprop_reduce_mean(d_means, lengths))
        return d_rows

    return ops.reduce_mean(rows[index], lengths), backprop


def long_span_means(ops: Ops, rows: Floats2d, bounds: Ints2d, lengths: Ints1d | None = None) -> Means:
    """The same by differences of running sums, in time that does not depend on the spans' lengths.

    Arguments and results as of `short_span_means`, and:
    lengths (Optional[Ints1d]): what each sum is divided by; None for the number of rows. Shape: (m,)
    """
    xp = ops.xp
    # 32 bit, contiguous: what Thinc's fast scatter_add takes
    starts, ends = (xp.ascontiguousarray(side, dtype="int32") for side in bounds.T)
    lengths = ends - starts if lengths is None else lengths
    weights = xp.where(lengths > 0, 1.0 / xp.maximum(lengths, 1), 0.0).astype("f")[:, None]
    # differences of long sums lose digits in single precision
    sums = xp.zeros((len(rows) + 1, rows.shape[1]), dtype="float64")
    xp.cumsum(rows, axis=0, out=sums[1:])
    # in place: there may be many spans, and of each of these arrays a new one takes longer than its arithmetic
    differences = sums[ends]
    differences -= sums[starts]
    means = differences.astype("f")
    means *= weights

    def backprop(d_means: Floats2d) -> Floats2d:
        shares = d_means * weights
        steps = ops.alloc2f(len(rows) + 1, rows.shape[1])
        ops.scatter_add(steps, starts, shares)
        ops.scatter_add(steps, ends, -shares)
        return xp.cumsum(steps, axis=0, dtype="float64")[:-1].astype("f")

    return means, backprop


def segment_sums(ops: Ops, rows: Floats2d, bounds: Ints2d) -> tuple[Floats2d, Ints2d, Callable[[Floats2d], Floats2d]]:
    """Sum up the rows between each bound and the next, so that a map of spans' sums is done once a segment, not a row.

    ops (Ops): backend of the arrays.
    rows (Floats2d): one row per token. Shape: (N, w)
    bounds (Ints2d): start and end of each span in rows, end exclusive. Shape: (m, 2)
    RETURNS (Tuple[Floats2d, Ints2d, Callable]): the sums, shape (s, w) with s below the number of different bounds;
        start and end of each span in the segments, shape (m, 2); and a callback from the gradient of the sums to that
        of the rows.
    """
    cuts, spans = ops.xp.unique(bounds, return_inverse=True)
    spans = spans.reshape(bounds.shape)
    if len(cuts) < 2:
        # Thinc's reduce_sum wants at least one row
        return ops.alloc2f(0, rows.shape[1]), spans, lambda d_sums: ops.alloc2f(*rows.shape)
    lengths = ops.asarray1i(ops.xp.diff(cuts))
    inside = slice(int(cuts[0]), int(cuts[-1]))

    def backprop(d_sums: Floats2d) -> Floats2d:
        d_rows = ops.alloc2f(*rows.shape)
        d_rows[inside] = ops.backprop_reduce_sum(d_sums, lengths)
        return d_rows

    return ops.reduce_sum(rows[inside], lengths), spans, backprop
