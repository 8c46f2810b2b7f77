"""Means of rows over many spans at once, in time that does not depend on the spans' lengths."""

from collections.abc import Callable

from thinc.api import Ops
from thinc.types import Floats2d, Ints2d


def span_means(ops: Ops, rows: Floats2d, bounds: Ints2d) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    """Average rows over spans, by differences of running sums.

    ops (Ops): backend of the arrays.
    rows (Floats2d): one row per token. Shape: (N, w)
    bounds (Ints2d): start and end of each span in rows, end exclusive; an empty span has the mean zero. Shape: (m, 2)
    RETURNS (Tuple[Floats2d, Callable]): the means, shape (m, w), and a callback from their gradient to that of the
        rows.
    """
    xp = ops.xp
    # 32 bit, contiguous: what Thinc's fast scatter_add takes
    starts, ends = (xp.ascontiguousarray(side, dtype="int32") for side in bounds.T)
    lengths = ends - starts
    weights = xp.where(lengths > 0, 1.0 / xp.maximum(lengths, 1), 0.0)[:, None]
    # differences of long sums lose digits in single precision
    sums = xp.zeros((len(rows) + 1, rows.shape[1]), dtype="float64")
    xp.cumsum(rows, axis=0, out=sums[1:])
    means = ((sums[ends] - sums[starts]) * weights).astype("f")

    def backprop(d_means: Floats2d) -> Floats2d:
        shares = (d_means * weights).astype("f")
        steps = ops.alloc2f(len(rows) + 1, rows.shape[1])
        ops.scatter_add(steps, starts, shares)
        ops.scatter_add(steps, ends, -shares)
        return xp.cumsum(steps, axis=0, dtype="float64")[:-1].astype("f")

    return means, backprop
