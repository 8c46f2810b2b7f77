"""Scores of relations between entities, from the rows of head, child and what lies between, and from embeddings."""

from collections.abc import Callable
from typing import NamedTuple

from thinc.api import Model
from thinc.initializers import glorot_uniform_init, uniform_init
from thinc.types import Floats2d, Ints1d, Ints2d

from ..products import multiply
from .features import SIZES
from .span_means import long_span_means, segment_sums, short_span_means

_MAPS = ("head", "child", "between")
# Tables of entity labels: of head and child, of the entities before and after each, of those between the two.
_OWN, _NEIGHBOURS, _INNER = "{}_label", ("{}_before", "{}_after"), "inner_label"


class Pairs(NamedTuple):
    """Candidate pairs of a batch.

    rows (Floats2d): Encoder rows of all tokens. Shape: (N, nI)
    spans (Ints2d): Start and end of each entity in the rows. Shape: (m, 2)
    labels (Ints1d): Number of each entity's label. Shape: (m,)
    neighbours (Ints2d): Numbers of the labels of the entities before and after each, 0 where there is none. Shape:
        (m, 2)
    pairs (Ints2d): Head and child of each pair, as numbers of entities. Shape: (p, 2)
    between (Ints2d): Start and end of what lies between them, in the rows. Shape: (p, 2)
    inner (Ints2d): First and last entity between them, end exclusive. Shape: (p, 2)
    features (Ints2d): As `pair_features` gives them. Shape: (p, 6)
    """

    rows: Floats2d
    spans: Ints2d
    labels: Ints1d
    neighbours: Ints2d
    pairs: Ints2d
    between: Ints2d
    inner: Ints2d
    features: Ints2d


def PairScores(width: int, nO: int | None = None, nI: int | None = None, nL: int | None = None) -> Model:
    """Score every relation label for every pair: one hidden layer over a sum of what is known of the pair.

    Mean rows of head, child and of the tokens between them are mapped to the hidden width and added to embeddings of
    the two labels, of those of the entities around and between them (a mean), and of the pair's features. As maps and
    means commute, entities and the tokens between two bounds are mapped once, however many pairs share them.

    width (int): Hidden width, H.
    nO (Optional[int]), nI (Optional[int]), nL (Optional[int]): Relation labels, width of the rows, entity labels (one
        of them for all that were not seen in training); set before initialisation.
    RETURNS (Model[Pairs, Floats2d]): The layer; its output are logits of independent labels, its backprop callback
        returns the gradient by the rows. Refs: none.

    Shape: output (p, nO). Parameters: head, child, between (H, nI); bias (H,); seven tables of labels (nL, H); a table
        (values, H) for each feature; output (nO, H), output_bias (nO,).
    """
    names = [*_MAPS, "bias", *_label_tables(), *SIZES, "output", "output_bias"]
    return Model(
        "pair_scores",
        forward,
        init=init,
        dims={"nO": nO, "nI": nI, "nL": nL, "nH": width},
        params=dict.fromkeys(names),
        attrs={"dropout_rate": 0.0},
    )


def init(model: Model, X=None, Y=None) -> None:
    """Draw maps Glorot-uniformly and tables from a narrow interval; biases start at zero."""
    nO, nI, nL, nH = (model.get_dim(dim) for dim in ("nO", "nI", "nL", "nH"))
    ops = model.ops
    for name, shape in {**dict.fromkeys(_MAPS, (nH, nI)), "output": (nO, nH)}.items():
        model.set_param(name, glorot_uniform_init(ops, shape))
    for name, size in {**dict.fromkeys(_label_tables(), nL), **SIZES}.items():
        model.set_param(name, uniform_init(ops, (size, nH), lo=-0.1, hi=0.1))
    model.set_param("bias", ops.alloc1f(nH))
    model.set_param("output_bias", ops.alloc1f(nO))


def forward(model: Model, X: Pairs, is_train: bool) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    ops = model.ops
    heads, children = X.pairs[:, 0], X.pairs[:, 1]
    means, backprop_means = short_span_means(ops, X.rows, X.spans)
    segments, between, backprop_segments = segment_sums(ops, X.rows, X.between)
    mapped = multiply(ops, segments, model.get_param("between"), trans2=True)
    gaps, backprop_gaps = long_span_means(ops, mapped, between, lengths=X.between[:, 1] - X.between[:, 0])
    inner, backprop_inner = long_span_means(ops, model.get_param(_INNER)[X.labels], X.inner)
    # in place where it can be: a new array of all pairs takes longer than its arithmetic
    hidden = gaps
    hidden += inner
    hidden += model.get_param("bias")
    for side, entities in (("head", heads), ("child", children)):
        of_entities = multiply(ops, means, model.get_param(side), trans2=True)
        for name, labels in _label_features(side, X):
            of_entities += model.get_param(name)[labels]
        hidden += of_entities[entities]
    for name, values in zip(SIZES, X.features.T, strict=True):
        hidden += model.get_param(name)[values]
    ops.xp.maximum(hidden, 0, out=hidden)
    mask = None
    if is_train and model.attrs["dropout_rate"]:
        mask = ops.get_dropout_mask(hidden.shape, model.attrs["dropout_rate"])
        hidden *= mask
    scores = multiply(ops, hidden, model.get_param("output"), trans2=True) + model.get_param("output_bias")

    def backprop(d_scores: Floats2d) -> Floats2d:
        model.inc_grad("output", multiply(ops, d_scores, hidden, trans1=True))
        model.inc_grad("output_bias", d_scores.sum(axis=0))
        d_hidden = multiply(ops, d_scores, model.get_param("output"))
        # what ReLU or dropout has switched off
        d_hidden *= hidden > 0
        if mask is not None:
            d_hidden *= mask
        model.inc_grad("bias", d_hidden.sum(axis=0))
        for name, values in zip(SIZES, X.features.T, strict=True):
            model.inc_grad(name, _sum_by(model, d_hidden, values, SIZES[name]))
        model.inc_grad(_INNER, _sum_by(model, backprop_inner(d_hidden), X.labels, model.get_dim("nL")))
        d_means = ops.alloc2f(*means.shape)
        for side, entities in (("head", heads), ("child", children)):
            d_entities = _sum_by(model, d_hidden, entities, len(X.spans))
            for name, labels in _label_features(side, X):
                model.inc_grad(name, _sum_by(model, d_entities, labels, model.get_dim("nL")))
            model.inc_grad(side, multiply(ops, d_entities, means, trans1=True))
            d_means += multiply(ops, d_entities, model.get_param(side))
        d_mapped = backprop_gaps(d_hidden)
        model.inc_grad("between", multiply(ops, d_mapped, segments, trans1=True))
        return backprop_means(d_means) + backprop_segments(multiply(ops, d_mapped, model.get_param("between")))

    return scores, backprop


def _label_tables() -> list[str]:
    return [*(name.format(side) for side in ("head", "child") for name in (_OWN, *_NEIGHBOURS)), _INNER]


def _label_features(side: str, X: Pairs) -> list[tuple[str, Ints1d]]:
    """Table and row of each entity's own label and of its neighbours', for entities on one side of a pair."""
    return list(zip((name.format(side) for name in (_OWN, *_NEIGHBOURS)), (X.labels, *X.neighbours.T), strict=True))


def _sum_by(model: Model, gradients: Floats2d, index: Ints1d, size: int) -> Floats2d:
    """Sum up the gradients of the rows that were taken from the same row of a table."""
    table = model.ops.alloc2f(size, gradients.shape[1])
    model.ops.scatter_add(table, model.ops.xp.ascontiguousarray(index, dtype="int32"), gradients)
    return table
