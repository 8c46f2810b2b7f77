"""Parameters of the BIOES CRF: compact, so that illegal moves have none; and written out densely, to look at."""

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..tags.layout import B, E, I, count_ends, count_labels, count_tags, enterers, leavers, tag_of
from .logspace import Chain


class CRFParams(NamedTuple):
    """Scores of the legal moves, or gradients of such scores, for K labels.

    between (NDArray): From a leaver (O, E-*, S-*) to an enterer (O, B-*, S-*). *Shape:* (2K+1, 2K+1)
    within (NDArray): Inside an entity of each label: B to I, B to E, I to I, I to E. *Shape:* (4, K)
    start (NDArray): An enterer as the first tag. *Shape:* (2K+1,)
    end (NDArray): A leaver as the last tag. *Shape:* (2K+1,)
    """

    between: NDArray
    within: NDArray
    start: NDArray
    end: NDArray

    @property
    def n_labels(self) -> int:
        return self.within.shape[1]


def param_shapes(n_labels: int) -> dict[str, tuple[int, ...]]:
    """RETURNS (Dict[str, Tuple[int, ...]]): The shape of each parameter, by its name."""
    width = count_ends(n_labels)
    return {"between": (width, width), "within": (4, n_labels), "start": (width,), "end": (width,)}


def zero_params(n_labels: int, dtype: DTypeLike = "float32") -> CRFParams:
    """RETURNS (CRFParams): Parameters of a CRF that leaves every legal path to the emissions."""
    return CRFParams(**{name: np.zeros(shape, dtype=dtype) for name, shape in param_shapes(n_labels).items()})


def to_chain(params: CRFParams) -> Chain:
    """Write parameters out as dense float64 scores between all T tags.

    params (CRFParams): Compact parameters of K labels, T = 4K + 1.
    RETURNS (Chain): start (T,), transitions (T, T) as [from, to], end (T,); -inf where a move is illegal.
    """
    n_labels = params.n_labels
    n_tags = count_tags(n_labels)
    chain = Chain(np.full(n_tags, -np.inf), np.full((n_tags, n_tags), -np.inf), np.full(n_tags, -np.inf))
    chain.start[enterers(n_labels)] = params.start
    chain.end[leavers(n_labels)] = params.end
    chain.transitions[np.ix_(leavers(n_labels), enterers(n_labels))] = params.between
    chain.transitions[_within_moves(n_labels)] = params.within
    return chain


def from_chain(chain: Chain) -> CRFParams:
    """RETURNS (CRFParams): The legal moves of dense scores, gradients or counts; what `to_chain` wrote out."""
    n_labels = count_labels(len(chain.start))
    between = chain.transitions[np.ix_(leavers(n_labels), enterers(n_labels))]
    within = chain.transitions[_within_moves(n_labels)]
    return CRFParams(between, within, chain.start[enterers(n_labels)], chain.end[leavers(n_labels)])


def _within_moves(n_labels: int) -> tuple[NDArray, NDArray]:
    """From and to tags of `CRFParams.within`, each in its shape (4, K)."""
    begin, inside, last = (tag_of(kind, np.arange(n_labels), n_labels) for kind in (B, I, E))
    return np.stack([begin, begin, inside, inside]), np.stack([inside, last, inside, last])
