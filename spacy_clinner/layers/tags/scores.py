"""Scores of BIOES tags by weights that tags of one kind, and tags of one label, share."""

import numpy as np
from thinc.api import Model
from thinc.types import Floats1d, Floats2d, Ints1d

from ..products import multiply
from .layout import count_labels

# O and the four kinds of tags within an entity
_KINDS = 5
_BLOCKS = 4


def TagScores(nO: int | None = None, nI: int | None = None) -> Model[Floats2d, Floats2d]:
    """Linear layer whose weight row of a tag is the sum of the tag's own, its kind's and its label's.

    B-Drug learns from every B and from every Drug. That helps where labels are many and examples few; in what it can
    express it equals a plain linear layer.

    nO (Optional[int]): number of tags, 4 labels + 1, laid out as in `layout.py`; found at initialisation if None.
    nI (Optional[int]): width of the input; found at initialisation if None.
    RETURNS (Model[Floats2d, Floats2d]): the layer.

    Shape: input (N, nI), output (N, nO). Parameters: tags (nO, nI), kinds (5, nI), labels (K, nI), bias (nO,).
    """
    params = dict.fromkeys(("tags", "kinds", "labels", "bias"))
    return Model("tag_scores", forward, init=init, dims={"nO": nO, "nI": nI}, params=params)


def init(model: Model, X: Floats2d | None = None, Y: Floats2d | None = None) -> None:
    """Draw all weights Glorot-uniformly for the whole layer; the bias starts at zero."""
    if X is not None and model.has_dim("nI") is None:
        model.set_dim("nI", X.shape[1])
    if Y is not None and model.has_dim("nO") is None:
        model.set_dim("nO", Y.shape[1])
    nO, nI = model.get_dim("nO"), model.get_dim("nI")
    limit = (6.0 / (nO + nI)) ** 0.5
    for name, rows in (("tags", nO), ("kinds", _KINDS), ("labels", count_labels(nO))):
        weights = np.random.uniform(-limit, limit, (rows, nI)).astype("f")
        model.set_param(name, model.ops.asarray2f(weights))
    model.set_param("bias", model.ops.alloc1f(nO))


def forward(model: Model, X: Floats2d, is_train: bool):
    W = tag_weights(model)
    Y = multiply(model.ops, X, W, trans2=True) + model.get_param("bias")

    def backprop(dY: Floats2d) -> Floats2d:
        inc_tag_grads(model, multiply(model.ops, dY, X, trans1=True), dY.sum(axis=0))
        return multiply(model.ops, dY, W)

    return Y, backprop


def tag_weights(model: Model) -> Floats2d:
    """Sum up the weight row of every tag.

    model (Model): a `TagScores` layer.
    RETURNS (Floats2d): the rows with which the layer multiplies. Shape: (nO, nI)
    """
    tags, kinds, labels = (model.get_param(name) for name in ("tags", "kinds", "labels"))
    W = tags + kinds[_kind_of_tags(len(labels))]
    W[1:] += model.ops.xp.tile(labels, (_BLOCKS, 1))
    return W


def inc_tag_grads(model: Model, d_weights: Floats2d, d_bias: Floats1d) -> None:
    """Add a gradient by the summed weight rows to the parameters they are summed from.

    model (Model): a `TagScores` layer.
    d_weights (Floats2d): gradient by `tag_weights`. Shape: (nO, nI)
    d_bias (Floats1d): gradient by the bias. Shape: (nO,)
    """
    n_labels = len(model.get_param("labels"))
    d_blocks = d_weights[1:].reshape(_BLOCKS, n_labels, -1)
    model.inc_grad("tags", d_weights)
    model.inc_grad("kinds", model.ops.xp.concatenate([d_weights[:1], d_blocks.sum(axis=1)]))
    model.inc_grad("labels", d_blocks.sum(axis=0))
    model.inc_grad("bias", d_bias)


def _kind_of_tags(n_labels: int) -> Ints1d:
    return np.concatenate([[0], np.repeat(np.arange(1, _KINDS), n_labels)])
