"""The linear-chain CRF in log space with dense transitions: exact for any finite scores, and slow.

`crf.py` comes here for the rare sequence whose scores lie so far apart that exponentials lose paths. Everything is
float64. One sequence at a time: `start` (T,), `transitions` (T, T), `end` (T,) with -inf for illegal moves,
`emissions` (L, T) with -inf for forbidden tags, L > 0. Formulas: Rabiner 1989, equations 18 to 38, without scaling.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..tags.layout import B, E, I, S, count_labels, tag_of


class Chain(NamedTuple):
    """Scores of moves between T tags: start (T,), transitions (T, T), end (T,)."""

    start: NDArray
    transitions: NDArray
    end: NDArray


class Expectations(NamedTuple):
    """What the model expects of one sequence: log Z, tag marginals (L, T) and counts of moves in a Chain's shapes."""

    log_partition: float
    marginals: NDArray
    moves: Chain


def log_sum_exp(x: NDArray, axis: int) -> NDArray:
    """RETURNS (NDArray): log of the sum of exponentials along an axis; -inf where every entry is -inf."""
    top = x.max(axis=axis, keepdims=True)
    top[np.isneginf(top)] = 0
    with np.errstate(divide="ignore"):
        return np.squeeze(np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top, axis=axis)


def forward(chain: Chain, emissions: NDArray) -> NDArray:
    """RETURNS (NDArray): alpha, log of the summed scores of all paths that end in each tag. *Shape:* (L, T)"""
    alpha = np.empty(emissions.shape)
    alpha[0] = chain.start + emissions[0]
    for t in range(1, len(emissions)):
        alpha[t] = log_sum_exp(alpha[t - 1][:, None] + chain.transitions, axis=0) + emissions[t]
    return alpha


def backward(chain: Chain, emissions: NDArray) -> NDArray:
    """RETURNS (NDArray): beta, log of the summed scores of all ways on from each tag. *Shape:* (L, T)"""
    beta = np.empty(emissions.shape)
    beta[-1] = chain.end
    for t in range(len(emissions) - 1, 0, -1):
        beta[t - 1] = log_sum_exp(chain.transitions + (emissions[t] + beta[t]), axis=1)
    return beta


def expectations(chain: Chain, emissions: NDArray) -> Expectations:
    """RETURNS (Expectations): log Z, tag marginals and expected moves; log Z is -inf if there is no legal path."""
    alpha, beta = forward(chain, emissions), backward(chain, emissions)
    log_z = float(log_sum_exp(alpha[-1] + chain.end, axis=0))
    if log_z == -np.inf:
        return Expectations(log_z, np.zeros(alpha.shape), Chain(*(np.zeros(x.shape) for x in chain)))
    marginals = np.exp(alpha + beta - log_z)
    moves = np.zeros(chain.transitions.shape)
    for t in range(1, len(emissions)):
        moves += np.exp(alpha[t - 1][:, None] + chain.transitions + (emissions[t] + beta[t] - log_z))
    return Expectations(log_z, marginals, Chain(marginals[0], moves, marginals[-1]))


def clamped(chain: Chain, emissions: NDArray, alpha: NDArray, beta: NDArray, first: int, tags: NDArray) -> float:
    """RETURNS (float): log of the summed scores of all paths that take `tags` from token `first` on."""
    last = first + len(tags) - 1
    steps = chain.transitions[tags[:-1], tags[1:]] + emissions[np.arange(first + 1, last + 1), tags[1:]]
    return float(alpha[first, tags[0]] + steps.sum() + beta[last, tags[-1]])


def entities_above(chain: Chain, emissions: NDArray, least: float) -> tuple[NDArray[np.int64], NDArray]:
    """RETURNS (tuple): Entities as (start, end, label) whose log-probability is above `least`, in order of their start,
    and these. A prefix of tags that is not above it is followed no further, as in the kernels. *Shape:* (m, 3), (m,)"""
    n_labels = count_labels(len(chain.start))
    alpha, beta = forward(chain, emissions), backward(chain, emissions)
    log_z = log_sum_exp(alpha[-1] + chain.end, axis=0)
    found: list[tuple[int, int, int]] = []
    logs: list[float] = []
    for start, label in np.ndindex(len(emissions), n_labels):
        begin, inside, last, single = (tag_of(kind, label, n_labels) for kind in (B, I, E, S))
        if alpha[start, single] + beta[start, single] - log_z > least:
            found.append((start, start + 1, label))
            logs.append(alpha[start, single] + beta[start, single] - log_z)
        way, tag = alpha[start, begin] - log_z, begin
        for t in range(start + 1, len(emissions)):
            if not way + beta[t - 1, tag] > least:
                break
            ends = way + chain.transitions[tag, last] + emissions[t, last] + beta[t, last]
            if ends > least:
                found.append((start, t + 1, label))
                logs.append(ends)
            way, tag = way + chain.transitions[tag, inside] + emissions[t, inside], inside
    return np.array(found, dtype=np.int64).reshape(-1, 3), np.array(logs)
