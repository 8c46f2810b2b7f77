"""Maximum mean discrepancy between two sets of rows, plain and by groups, with gradients by hand.

MMD^2 is the squared distance between the means of two sets in a kernel's feature space (Gretton et al. 2012, JMLR 13).
Pairs are taken in blocks, so memory does not grow with their number.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from thinc.types import Floats2d, Ints1d
from thinc.util import get_array_module

from ...errors import Errors
from .kernels import GaussianSum, KernelName, make_kernel, squared_distances, sum_kernel

# Pairs of one block, of which a few arrays of 4 bytes each are in memory; more is hardly faster.
MAX_PAIRS = 1 << 19


class MMD(NamedTuple):
    """MMD^2, and its gradients by both sets. *Shapes:* d_source (m, d), d_target (n, d)"""

    value: float
    d_source: Floats2d
    d_target: Floats2d


class Group(NamedTuple):
    """Rows of one label.

    source (Ints1d), target (Ints1d): row numbers of either domain. *Shapes:* (m,), (n,)
    weight (float): weight of this label, mu_y.
    kept (Optional[Floats2d]): further source rows, which count as constants. *Shape:* (k, d)
    """

    source: Ints1d
    target: Ints1d
    weight: float = 1.0
    kept: Floats2d | None = None


class LabelAwareMMD(NamedTuple):
    """The weighted sum over groups, its gradient by all rows (N, d), and how many groups were compared."""

    value: float
    d_rows: Floats2d
    n_groups: int


def mmd(source: Floats2d, target: Floats2d, kernel: GaussianSum, *, unbiased: bool, max_pairs: int = MAX_PAIRS) -> MMD:
    """Estimate MMD^2 between two sets of rows.

    Biased (V-statistic, Gretton et al. 2012, equation 5; La-DTL, equation of MMD^2):
        1/m^2 sum k(a, a') + 1/n^2 sum k(b, b') - 2/(mn) sum k(a, b), which is never negative.
    Unbiased (U-statistic, equation 3): without the pairs of a row with itself, over m (m - 1) and n (n - 1); it may be
        negative.

    source (Floats2d), target (Floats2d): the rows, NumPy or CuPy, float32 or float64. *Shapes:* (m, d), (n, d)
    kernel (GaussianSum): the kernel; its variances count as constants.
    unbiased (bool): which estimate.
    max_pairs (int): pairs that are in memory at a time.
    RETURNS (MMD): the estimate and its exact gradients; zeros if a set has too few rows (none; fewer than two for the
        unbiased one).
    RAISES (ValueError): CE218 if the sets differ in width.
    """
    xp = get_array_module(source)
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise ValueError(Errors.CE218.format(source=source.shape, target=target.shape))
    if min(len(source), len(target)) < min_rows(unbiased):
        return MMD(0.0, xp.zeros_like(source), xp.zeros_like(target))
    m, n = len(source), len(target)
    # centred rows have small norms, so that little is lost when their products are subtracted
    center = (source.sum(axis=0) + target.sum(axis=0)) / (m + n)
    source, target = source - center, target - center
    own = kernel.peak if unbiased else 0.0
    within_source, d_source, _ = _sum_pairs(source, source, kernel, max_pairs)
    within_target, d_target, _ = _sum_pairs(target, target, kernel, max_pairs)
    between, d_source_between, d_target_between = _sum_pairs(source, target, kernel, max_pairs)
    pairs_source, pairs_target = (m * (m - 1), n * (n - 1)) if unbiased else (m * m, n * n)
    value = (within_source - m * own) / pairs_source + (within_target - n * own) / pairs_target - 2 * between / (m * n)
    # the sums give half the gradients; and a pair within a set pulls on it from both ends
    d_source *= 4 / pairs_source
    d_target *= 4 / pairs_target
    d_source -= (4 / (m * n)) * d_source_between
    d_target -= (4 / (m * n)) * d_target_between
    if not unbiased and value < 0:
        # rounding alone can do that
        return MMD(0.0, xp.zeros_like(d_source), xp.zeros_like(d_target))
    return MMD(value, d_source, d_target)


def min_rows(unbiased: bool) -> int:
    """RETURNS (int): How many rows an estimate needs on each side."""
    return 2 if unbiased else 1


def label_aware_mmd(
    rows: Floats2d,
    groups: Sequence[Group],
    *,
    kernel: KernelName,
    unbiased: bool,
    max_rows: int,
    rng: np.random.Generator,
) -> LabelAwareMMD:
    """Sum MMD^2 over groups that have rows in both domains (La-DTL 2018, L_LaMMD = sum_y mu_y MMD^2(R_y^s, R_y^t)).

    One group of all rows gives the plain MMD. All groups share one kernel, whose width (median heuristic) comes from
    the rows of all: a width of its own would let the pull between two small groups grow without limit as they meet.

    rows (Floats2d): rows of both domains, NumPy or CuPy. *Shape:* (N, d)
    groups (Sequence[Group]): the groups; one with too few rows on a side for the estimate is left out.
    kernel (str), unbiased (bool): as for `make_kernel` and `mmd`.
    max_rows (int): of a group's rows on one side so many are drawn, without replacement, if there are more.
    rng (np.random.Generator): draws them.
    RETURNS (LabelAwareMMD): the sum; its gradient, zero for rows that were not compared; the number of groups.
    RAISES (ValueError): CE218 if `kept` rows have another width.
    """
    xp = get_array_module(rows)
    d_rows = xp.zeros_like(rows)
    drawn = []
    for group in groups:
        n_kept = 0 if group.kept is None else len(group.kept)
        if min(len(group.source) + n_kept, len(group.target)) >= min_rows(unbiased):
            source, target = (xp.asarray(_draw(side, max_rows, rng)) for side in group[:2])
            source_rows = rows[source] if not n_kept else xp.concatenate([rows[source], group.kept])
            drawn.append((group.weight, source, target, source_rows, rows[target]))
    if not drawn:
        return LabelAwareMMD(0.0, d_rows, 0)
    shared = make_kernel(kernel, xp.concatenate([side for *_, source, target in drawn for side in (source, target)]))
    value = 0.0
    for weight, source, target, source_rows, target_rows in drawn:
        found = mmd(source_rows, target_rows, shared, unbiased=unbiased)
        value += weight * found.value
        d_rows[source] += weight * found.d_source[: len(source)]
        d_rows[target] += weight * found.d_target
    return LabelAwareMMD(value, d_rows, len(drawn))


def _draw(rows: Ints1d, max_rows: int, rng: np.random.Generator) -> Ints1d:
    return rows if len(rows) <= max_rows else np.sort(rng.choice(rows, max_rows, replace=False))


def _sum_pairs(
    left: Floats2d, right: Floats2d, kernel: GaussianSum, max_pairs: int
) -> tuple[float, Floats2d, Floats2d]:
    """Sum a kernel over all pairs of two sets, with half the gradients by the left and by the right rows.

    Half the gradient by a is sum_b k'(d^2) (a - b): the row sums of the slopes times a, less one matrix product.
    """
    xp = get_array_module(left)
    total, d_left, d_right = 0.0, xp.empty_like(left), xp.zeros_like(right)
    size = max(max_pairs // len(right), 1)
    for start in range(0, len(left), size):
        some = left[start : start + size]
        found, slopes = sum_kernel(squared_distances(some, right), kernel)
        total += found
        d_some = slopes.sum(axis=1)[:, None] * some
        d_some -= slopes @ right
        d_left[start : start + size] = d_some
        if right is not left:
            d_right += slopes.sum(axis=0)[:, None] * right
            d_right -= slopes.T @ some
    return total, d_left, d_right
