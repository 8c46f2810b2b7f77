"""Scores of groups from those of their members, exactly differentiable."""

from collections.abc import Callable

import numpy as np
from thinc.api import Ops
from thinc.types import Floats2d, Ints1d


def pool_groups(ops: Ops, scores: Floats2d, groups: Ints1d) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    """Pool the scores of each group by log-sum-exp, as Verga et al. 2018 pool the pairs of mentions of two concepts.

    The best member decides, and many good ones count for more than one.

    ops (Ops): backend of the scores.
    scores (Floats2d): one row per member. Shape: (n, L)
    groups (Ints1d): number of each member's group, on the host; all numbers from 0 occur. Shape: (n,)
    RETURNS (Tuple[Floats2d, Callable]): the groups' scores, shape (g, L), and a callback from their gradient to that
        of the members'.
    """
    members = ops.to_numpy(scores).astype("float64")
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    highest = np.maximum.reduceat(members[order], starts, axis=0)
    weights = np.exp(members - highest[groups])
    totals = np.add.reduceat(weights[order], starts, axis=0)

    def backprop(d_pooled: Floats2d) -> Floats2d:
        return ops.asarray2f(ops.to_numpy(d_pooled)[groups] * weights / totals[groups], dtype="f")

    return ops.asarray2f(highest + np.log(totals), dtype="f"), backprop
