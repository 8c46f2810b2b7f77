"""Gold for the CRF: what is known of each token, and what the known paths score and count."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import Errors
from ..tags.layout import count_labels, find_break, sequence_starts
from . import passes
from .params import CRFParams, to_chain, zero_params

UNKNOWN = -1


class Supervision(NamedTuple):
    """Which sequences gold knows fully and which partly, each (n,); about the others it says nothing."""

    full: NDArray[np.bool_]
    partial: NDArray[np.bool_]


class Gold(NamedTuple):
    """Of chosen sequences: log of the summed scores of allowed paths (n,), their tags and the counts of their moves.

    The marginals (N, T) are None where the tags (N,) say it all.
    """

    log_partition: NDArray
    marginals: NDArray | None
    counts: CRFParams


def find_supervision(tags: NDArray, allowed: NDArray | None, lengths: NDArray) -> Supervision:
    """RETURNS (Supervision): By tags (N,), -1 where unknown, and what an unknown tag may be (N, T); None: any."""
    told = tags != UNKNOWN
    if told.all():
        return Supervision(lengths > 0, np.zeros(len(lengths), dtype=bool))
    hinted = told if allowed is None else told | ~allowed.all(axis=1)
    sequence_of = np.repeat(np.arange(len(lengths)), lengths)
    full = (np.bincount(sequence_of[told], minlength=len(lengths)) == lengths) & (lengths > 0)
    some = np.bincount(sequence_of[hinted], minlength=len(lengths)) > 0
    return Supervision(full, some & ~full)


def follow(params: CRFParams, emissions: NDArray, lengths: NDArray, tags: NDArray, names: NDArray) -> Gold:
    """Follow the one path of each fully labelled sequence.

    names (NDArray[int]): How errors call the sequences. *Shape:* (n,)
    RAISES: CE102 if a path is not legal.
    """
    from .kernels.batch import follow as follow_paths

    broken = find_break(tags, lengths, params.n_labels)
    if broken is not None:
        raise ValueError(Errors.CE102.format(sequence=names[broken.sequence], position=broken.position))
    scores = np.zeros(len(lengths))
    counts = zero_params(params.n_labels, emissions.dtype)
    follow_paths(emissions, sequence_starts(lengths), params, tags, scores, counts)
    return Gold(scores, None, counts)


def constrain(
    params: CRFParams, emissions: NDArray, lengths: NDArray, tags: NDArray, allowed: NDArray | None, names: NDArray
) -> Gold:
    """Sum over the allowed paths of partly labelled sequences: a forward-backward with -inf for the other tags.

    names (NDArray[int]): How errors call the sequences. *Shape:* (n,)
    RAISES: CE102 if no path is legal and allowed.
    """
    mask = np.ones(emissions.shape, dtype=bool) if allowed is None else allowed.copy()
    told = np.flatnonzero(tags != UNKNOWN)
    mask[told] = False
    mask[told, tags[told]] = True
    _check_reachable(mask, lengths, names)
    constrained = np.where(mask, emissions, emissions.dtype.type(-np.inf))
    return Gold(*passes.expectations(params, constrained, lengths))


def _check_reachable(mask: NDArray[np.bool_], lengths: NDArray, names: NDArray) -> None:
    """RAISES: CE102 at the first token that no legal and allowed path reaches (or ends at)."""
    chain = to_chain(zero_params(count_labels(mask.shape[1])))
    start, end = np.isfinite(chain.start), np.isfinite(chain.end)
    legal = np.isfinite(chain.transitions)
    starts = sequence_starts(lengths)
    for i, length in enumerate(lengths):
        reached = start
        for t, row in enumerate(mask[starts[i] : starts[i + 1]]):
            reached = row & (reached @ legal if t else reached)
            if not (reached & end if t == length - 1 else reached).any():
                raise ValueError(Errors.CE102.format(sequence=names[i], position=t))
