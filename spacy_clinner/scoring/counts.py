"""From counts per document and label to precision, recall and F1.

All functions take arrays of counts whose last axis is (`MATCHED_GOLD`, `SUPPORT`, `MATCHED_PREDICTED`, `PREDICTED`) and
work over any leading axes, so that a point estimate and a thousand resamples of it run through the same arithmetic.
There are two numerators because some modes match entities of different labels: the gold entity's label earns
the recall, the predicted entity's label the precision.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

MATCHED_GOLD, SUPPORT, MATCHED_PREDICTED, PREDICTED = range(4)


class PRF(NamedTuple):
    """Precision, recall and F1; each 0 where its denominator is."""

    p: float
    r: float
    f: float


@dataclass(frozen=True)
class Counts:
    """What one mode counted.

    labels (Tuple[str, ...]): The labels of the second axis.
    values (ndarray): Counts, float64 of shape (documents, labels, 4).
    """

    labels: tuple[str, ...]
    values: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Counts of the whole collection, (labels, 4)."""
        return self.values.sum(0)

    def without(self, label: str) -> "Counts":
        """The same counts without one label (the tokens' O): its errors still count for the other labels."""
        keep = [i for i, name in enumerate(self.labels) if name != label]
        return Counts(tuple(self.labels[i] for i in keep), self.values[:, keep])


def prf(counts: np.ndarray) -> np.ndarray:
    """Precision, recall and their harmonic mean.

    counts (ndarray): Counts of shape (..., 4).
    RETURNS (ndarray): Shape (..., 3); 0 where a denominator is 0, as conlleval and scikit-learn have it.
    """
    p = _ratio(counts[..., MATCHED_PREDICTED], counts[..., PREDICTED])
    r = _ratio(counts[..., MATCHED_GOLD], counts[..., SUPPORT])
    return np.stack([p, r, _ratio(2 * p * r, p + r)], -1)


def micro(counts: np.ndarray) -> np.ndarray:
    """P, R and F1 of the counts summed over labels: every entity weighs the same.

    counts (ndarray): Counts of shape (..., labels, 4).
    RETURNS (ndarray): Shape (..., 3).
    """
    return prf(counts.sum(-2))


def macro(counts: np.ndarray) -> np.ndarray:
    """The mean of P, R and F1 over the labels that occur in gold or prediction: every label weighs the same.

    counts (ndarray): Counts of shape (..., labels, 4).
    RETURNS (ndarray): Shape (..., 3).
    """
    occurs = counts[..., SUPPORT] + counts[..., PREDICTED] > 0
    return _mean(prf(counts), occurs.astype(float))


def weighted(counts: np.ndarray) -> np.ndarray:
    """The mean of the labels' P, R and F1, each weighted by the label's support.

    counts (ndarray): Counts of shape (..., labels, 4).
    RETURNS (ndarray): Shape (..., 3). The F1 need not lie between P and R.
    """
    return _mean(prf(counts), counts[..., SUPPORT])


def _mean(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _ratio((scores * weights[..., None]).sum(-2), weights.sum(-1)[..., None])


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    return np.divide(numerator, denominator, out=np.zeros(shape), where=denominator > 0)


def prf_of(matched: int, predicted: int, support: int) -> tuple[float, float, float]:
    """Precision, recall and F1 of single numbers.

    matched (int), predicted (int), support (int): How many are right, predicted, and in the gold.
    RETURNS (Tuple[float, float, float]): The three; 0 where a denominator is.
    """
    return (
        matched / predicted if predicted else 0.0,
        matched / support if support else 0.0,
        2 * matched / (predicted + support) if predicted + support else 0.0,
    )


def report_labels(key: str, matched: Counter, predicted: Counter, support: Counter) -> dict[str, Any]:
    """The scores of a component, as spaCy names them.

    key (str): What the names begin with.
    matched (Counter), predicted (Counter), support (Counter): By label, how many are right, predicted, and in the gold.
    RETURNS (Dict[str, Any]): `{key}_p`, `{key}_r`, `{key}_f` and `{key}_per_type`; all None if there was nothing to
        score.
    """
    labels = sorted(predicted | support)
    if not labels:
        return {f"{key}_{name}": None for name in ("p", "r", "f", "per_type")}
    per_type = {
        label: dict(zip("prf", prf_of(matched[label], predicted[label], support[label]), strict=True))
        for label in labels
    }
    p, r, f = prf_of(matched.total(), predicted.total(), support.total())
    return {f"{key}_p": p, f"{key}_r": r, f"{key}_f": f, f"{key}_per_type": per_type}
