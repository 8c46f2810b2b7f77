import sys

import numpy as np
import pytest
from thinc.api import NumpyOps

from spacy_clinner.layers import products
from spacy_clinner.layers.products import multiply


class OtherOps(NumpyOps):
    pass


@pytest.mark.parametrize("has_torch", [True, False], ids=["with torch", "without torch"])
@pytest.mark.parametrize("ops", [NumpyOps(), OtherOps()], ids=["of the CPU", "of other hardware"])
@pytest.mark.parametrize("trans1", [False, True])
@pytest.mark.parametrize("trans2", [False, True])
@pytest.mark.parametrize("rows", [0, 1, 50])
def test_multiplies_as_numpy_does(ops, trans1, trans2, rows, has_torch, monkeypatch):
    monkeypatch.setattr(products, "has_torch", has_torch)
    if not has_torch:
        monkeypatch.setitem(sys.modules, "torch", None)
    random = np.random.default_rng(0)
    left, right = (random.normal(size=shape).astype("f") for shape in ((rows, 7), (7, 3)))
    X = np.ascontiguousarray(left.T) if trans1 else left
    Y = np.ascontiguousarray(right.T) if trans2 else right
    found = multiply(ops, X, Y, trans1=trans1, trans2=trans2)
    assert found.dtype == "float32" and found.shape == (rows, 3)
    assert np.allclose(found, left @ right, atol=1e-5)
