"""Products of matrices by torch, on the CPU; by NumPy where there is no torch, as for a pipeline that was exported.

Thinc's own come from a BLIS whose wheel has the kernels of one older processor: on some machines they are as fast as
torch's, on others less than half.
"""

import numpy as np
from thinc.api import NumpyOps, Ops
from thinc.compat import has_torch
from thinc.types import Floats2d


def multiply(ops: Ops, X: Floats2d, Y: Floats2d, *, trans1: bool = False, trans2: bool = False) -> Floats2d:
    """Multiply two matrices, as `ops.gemm` does.

    ops (Ops): the layer's; any but Thinc's plain NumPy ones multiply themselves.
    X (Floats2d), Y (Floats2d): the factors.
    trans1 (bool), trans2 (bool): whether to transpose the first and the second.
    RETURNS (Floats2d): the product.

    Shape: X (n, k), or (k, n) if trans1; Y (k, m), or (m, k) if trans2; the product (n, m).
    """
    # Apple's and the GPU's are their hardware's
    if type(ops) is not NumpyOps:
        return ops.gemm(X, Y, trans1=trans1, trans2=trans2)
    if not has_torch:
        return np.matmul(X.T if trans1 else X, Y.T if trans2 else Y)
    import torch

    with torch.no_grad():
        left, right = torch.from_numpy(X), torch.from_numpy(Y)
        return torch.matmul(left.T if trans1 else left, right.T if trans2 else right).numpy()
