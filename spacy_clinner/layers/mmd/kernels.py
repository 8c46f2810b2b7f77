"""Sums of Gaussian kernels, and how wide to make them."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from thinc.util import get_array_module

KernelName = Literal["median", "ladtl"]

# The variances of La-DTL's published code, which sums their kernels.
LADTL_VARIANCES = (1e6, 1e5, 1e4, 1e3, 100, 35, 30, 25, 20, 15, 10, 5, 1, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
# The median heuristic's variances as multiples of the median squared distance.
MEDIAN_MULTIPLES = (4.0, 2.0, 1.0, 0.5, 0.25)
# A median of so many rows' distances is as good as that of all, and costs little.
MEDIAN_ROWS = 256


class GaussianSum(NamedTuple):
    """The kernel scale * sum over v of exp(-d^2 / (2 v)).

    variances (Tuple[float, ...]): the v, falling.
    scale (float): 1 for a sum, one over their number for a mean.
    """

    variances: tuple[float, ...]
    scale: float

    @property
    def peak(self) -> float:
        """The kernel at distance zero."""
        return self.scale * len(self.variances)


def make_kernel(name: KernelName, rows: NDArray) -> GaussianSum:
    """Choose a kernel for rows.

    name (str): "ladtl": the sum over 19 fixed variances of La-DTL's published code; "median": the mean over five
        variances around the median squared distance of the rows (Gretton et al. 2012, JMLR 13, section 8), so that
        the result does not depend on the scale of the rows and lies between 0 and 2.
    rows (NDArray): the rows that will be compared, both sets together. *Shape:* (N, d)
    RETURNS (GaussianSum): the kernel; its variances count as constants in gradients.
    """
    if name == "ladtl":
        return GaussianSum(LADTL_VARIANCES, 1.0)
    median = median_squared_distance(rows)
    return GaussianSum(tuple(multiple * median for multiple in MEDIAN_MULTIPLES), 1 / len(MEDIAN_MULTIPLES))


def median_squared_distance(rows: NDArray) -> float:
    """Find the median squared distance between rows that differ.

    rows (NDArray): the rows, of which evenly spaced ones are looked at. *Shape:* (N, d)
    RETURNS (float): the median over pairs; 1 if no two rows differ, when every kernel gives the same.
    """
    xp = get_array_module(rows)
    if len(rows) > MEDIAN_ROWS:
        rows = rows[xp.asarray(np.linspace(0, len(rows) - 1, MEDIAN_ROWS).astype("int64"))]
    if len(rows) < 2:
        return 1.0
    squared = squared_distances(rows - rows.mean(axis=0), rows - rows.mean(axis=0))
    squared = squared[squared > 0]
    return float(xp.median(squared)) if squared.size else 1.0


def squared_distances(left: NDArray, right: NDArray) -> NDArray:
    """Compute all squared distances by one matrix product.

    left (NDArray), right (NDArray): rows, best centred, since the rounding error grows with their squared norms.
        *Shapes:* (m, d), (n, d)
    RETURNS (NDArray): squared distances; zero where rounding could account for them. *Shape:* (m, n)
    """
    xp = get_array_module(left)
    norms, others = (left * left).sum(axis=1), (right * right).sum(axis=1)
    squared = left @ right.T
    squared *= -2
    squared += norms[:, None]
    squared += others
    rounding = 16 * float(np.finfo(squared.dtype).eps)
    squared[squared <= rounding * (norms[:, None] + others.max())] = 0
    return xp.ascontiguousarray(squared)


def sum_kernel(squared: NDArray, kernel: GaussianSum) -> tuple[float, NDArray]:
    """Sum a kernel over pairs, and find its slopes.

    squared (NDArray): squared distances; overwritten. *Shape:* (m, n)
    kernel (GaussianSum): the kernel.
    RETURNS (Tuple[float, NDArray]): the sum over all pairs; and the derivative of each pair's kernel by its squared
        distance, zero for equal rows, on which it has no pull. *Shape:* (m, n)
    """
    xp = get_array_module(squared)
    apart = squared > 0
    total, slopes = 0.0, xp.zeros_like(squared)
    values, wider = xp.empty_like(squared), None
    scaled = xp.empty_like(squared)
    for variance in kernel.variances:
        # half the variance is the square of the value: five kernels cost one exponential
        if wider is not None and variance * 2 == wider:
            values *= values
        else:
            xp.multiply(squared, -0.5 / variance, out=values)
            xp.exp(values, out=values)
        total += float(values.sum())
        xp.multiply(values, -0.5 * kernel.scale / variance, out=scaled)
        slopes += scaled
        wider = variance
    slopes *= apart
    return kernel.scale * total, slopes
