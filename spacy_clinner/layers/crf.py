"""Linear-chain CRF over BIOES tags in which illegal moves do not exist: arrays in, arrays out.

*Data.* N tokens of n sequences lie end to end: `emissions` (N, T), float32 or float64, and `lengths` (n,), zeros
allowed. Tags are laid out as `tags.py` says. *Parameters.* Only legal moves have scores, see `CRFParams`. A path y
scores start[y_1] + sum of emissions[t, y_t] + sum of moves[y_t, y_t+1] + end[y_L], and P(y) = exp(score) / Z.
The mathematics on one page: docs/crf.md.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import Errors
from . import crf_logspace as logspace
from .crf_logspace import Chain
from .tags import check_spans, count_tags, enterers, find_break, leavers, sequence_starts, tags_to_spans

UNKNOWN = -1


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


class CRFLoss(NamedTuple):
    """Negative log-likelihood of each sequence (n,) and its gradient by emissions (N, T) and parameters."""

    loss: NDArray
    d_emissions: NDArray
    d_params: CRFParams


class KBest(NamedTuple):
    """The best paths of a sequence, best first: tags (k', L) and log-probabilities (k',)."""

    tags: NDArray
    log_probabilities: NDArray


class Decoded(NamedTuple):
    """Entities on the best paths: spans (m, 4) as sequence, start, end, label; and their probabilities (m,)."""

    spans: NDArray
    probabilities: NDArray


def param_shapes(n_labels: int) -> CRFParams:
    """RETURNS (CRFParams): The shape of each parameter in place of the parameter."""
    width = 2 * n_labels + 1
    return CRFParams((width, width), (4, n_labels), (width,), (width,))


def zero_params(n_labels: int, dtype: str = "float32") -> CRFParams:
    """RETURNS (CRFParams): Parameters of a CRF that leaves every legal path to the emissions."""
    return CRFParams(*(np.zeros(shape, dtype=dtype) for shape in param_shapes(n_labels)))


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
    n_labels = len(chain.start) // 4
    between = chain.transitions[np.ix_(leavers(n_labels), enterers(n_labels))]
    within = chain.transitions[_within_moves(n_labels)]
    return CRFParams(between, within, chain.start[enterers(n_labels)], chain.end[leavers(n_labels)])


def log_partition(params: CRFParams, emissions: NDArray, lengths: NDArray) -> NDArray[np.float64]:
    """Sum over all legal paths.

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags, float32 or float64. *Shape:* (N, 4K+1)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    RETURNS (NDArray[float64]): log Z of each sequence; 0 for an empty one. *Shape:* (n,)
    RAISES: CE100, CE107 on shapes, CE101, CE108 on numbers that are not finite.
    """
    params, emissions, lengths = _checked(params, emissions, lengths)
    return _expectations(params, emissions, lengths).log_partition


def marginals(params: CRFParams, emissions: NDArray, lengths: NDArray) -> NDArray:
    """Probability of each tag at each token, given the whole sequence.

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags, float32 or float64. *Shape:* (N, 4K+1)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    RETURNS (NDArray): Probabilities in the type of the emissions; rows sum to 1. *Shape:* (N, 4K+1)
    RAISES: CE100, CE107 on shapes, CE101, CE108 on numbers that are not finite.
    """
    params, emissions, lengths = _checked(params, emissions, lengths)
    return _expectations(params, emissions, lengths).marginals


def likelihood(
    params: CRFParams,
    emissions: NDArray,
    lengths: NDArray,
    tags: NDArray | None = None,
    allowed: NDArray | None = None,
) -> CRFLoss:
    """Negative log-likelihood of full or partial gold, with its gradient.

    The loss of a sequence is log Z - log Z(allowed paths); its gradient is what the model expects minus what it expects
    among the allowed paths (Tsuboi et al. 2008, equation 3). A sequence about which gold says nothing has loss 0 and
    gradient 0 and costs nothing.

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags, float32 or float64. *Shape:* (N, 4K+1)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    tags (NDArray[int] | None): Gold tag of each token, -1 where it is unknown; None: all unknown. *Shape:* (N,)
    allowed (NDArray[bool] | None): Tags that a token of unknown tag may have; None: any. *Shape:* (N, 4K+1)
    RETURNS (CRFLoss): loss (n,) in float64; gradients, summed over sequences, in the type of the emissions.
    RAISES: CE102 if gold allows no legal path, CE103 if a tag does not exist, CE109 on shapes of gold;
        CE100, CE101, CE107, CE108 as `log_partition`.
    """
    params, emissions, lengths = _checked(params, emissions, lengths)
    tags, allowed = _checked_gold(tags, allowed, lengths, emissions.shape)
    told = tags != UNKNOWN
    open_rows = ~told if allowed is None else ~told & allowed.all(axis=1)
    sequence_of = np.repeat(np.arange(len(lengths)), lengths)
    n_told = np.bincount(sequence_of[told], minlength=len(lengths))
    n_open = np.bincount(sequence_of[open_rows], minlength=len(lengths))
    silent = n_open == lengths
    full = (n_told == lengths) & ~silent
    partial = ~full & ~silent

    loss = np.zeros(len(lengths))
    d_emissions = np.zeros_like(emissions)
    d_params = zero_params(params.n_labels, emissions.dtype)
    for chosen in (full, partial):
        if not chosen.any():
            continue
        rows = chosen[sequence_of]
        model = _expectations(params, emissions[rows], lengths[chosen])
        if chosen is full:
            gold = _path_counts(params, emissions[rows], lengths[chosen], tags[rows], np.flatnonzero(chosen))
        else:
            mask = _mask(tags[rows], None if allowed is None else allowed[rows], emissions.shape[1])
            _check_reachable(mask, lengths[chosen], np.flatnonzero(chosen))
            constrained = np.where(mask, emissions[rows], -np.inf).astype(emissions.dtype)
            gold = _expectations(params, constrained, lengths[chosen])
        loss[chosen] = model.log_partition - gold.log_partition
        d_emissions[rows] = model.marginals - gold.marginals
        for total, have, want in zip(d_params, model.counts, gold.counts, strict=True):
            total += have - want
    return CRFLoss(loss, d_emissions, d_params)


def viterbi(params: CRFParams, emissions: NDArray, lengths: NDArray) -> NDArray[np.int64]:
    """The best legal path of each sequence (Viterbi 1967); of equal paths always the same one.

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags, float32 or float64. *Shape:* (N, 4K+1)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    RETURNS (NDArray[int64]): Tag of each token. *Shape:* (N,)
    RAISES: CE100, CE107 on shapes, CE101, CE108 on numbers that are not finite.
    """
    params, emissions, lengths = _checked(params, emissions, lengths)
    return _viterbi(params, emissions, lengths)


def viterbi_k_best(params: CRFParams, emissions: NDArray, k: int) -> KBest:
    """The k best legal paths of one sequence by list Viterbi (Seshadri & Sundberg 1994).

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags of one sequence. *Shape:* (L, 4K+1)
    k (int): Number of paths; fewer come back if fewer legal paths exist.
    RETURNS (KBest): tags (k', L), best first, and log-probabilities (k',) in float64.
    RAISES: CE110 if k < 1; CE100, CE101, CE107, CE108 as `viterbi`.
    """
    if k < 1:
        raise ValueError(Errors.CE110.format(k=k))
    params, emissions, lengths = _checked(params, emissions, np.array([len(emissions)]))
    if not len(emissions):
        return KBest(np.zeros((1, 0), dtype=np.int64), np.zeros(1))
    chain = to_chain(params)
    tags, scores = _list_viterbi(chain, emissions.astype("float64"), k)
    return KBest(tags, scores - _expectations(params, emissions, lengths).log_partition)


def span_probabilities(params: CRFParams, emissions: NDArray, lengths: NDArray, spans: NDArray) -> NDArray[np.float64]:
    """Exact probability that each span is an entity of its label.

    That is B at its first token, I inside, E at its last, or S alone. Equals Z clamped to the paths with that entity,
    divided by Z (constrained forward-backward, Culotta & McCallum 2004). Sequences are passed over once, and each span
    costs its own length. Spans may overlap.

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags, float32 or float64. *Shape:* (N, 4K+1)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    spans (NDArray[int]): Rows of sequence, start, end (exclusive), label, in any order. *Shape:* (m, 4)
    RETURNS (NDArray[float64]): Probabilities. *Shape:* (m,)
    RAISES: CE105 if a span does not fit its sequence; CE100, CE101, CE107, CE108 as `log_partition`.
    """
    params, emissions, lengths = _checked(params, emissions, lengths)
    spans = np.asarray(spans, dtype=np.int64).reshape(-1, 4)
    check_spans(spans, lengths, params.n_labels)
    return _span_probabilities(params, emissions, lengths, spans)


def decode(params: CRFParams, emissions: NDArray, lengths: NDArray) -> Decoded:
    """Entities on the best path of each sequence, each with its exact probability.

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags, float32 or float64. *Shape:* (N, 4K+1)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    RETURNS (Decoded): spans (m, 4) in order, and probabilities (m,) in float64 as from `span_probabilities`.
    RAISES: CE100, CE107 on shapes, CE101, CE108 on numbers that are not finite.
    """
    params, emissions, lengths = _checked(params, emissions, lengths)
    spans = tags_to_spans(_viterbi(params, emissions, lengths), lengths, params.n_labels)
    return Decoded(spans, _span_probabilities(params, emissions, lengths, spans))


class _Expectations(NamedTuple):
    """Of a batch: log Z (n,), tag marginals (N, T), and counts of moves summed over sequences."""

    log_partition: NDArray
    marginals: NDArray
    counts: CRFParams


def _expectations(params: CRFParams, emissions: NDArray, lengths: NDArray) -> _Expectations:
    log_z = np.zeros(len(lengths))
    probabilities = np.zeros_like(emissions)
    counts = zero_params(params.n_labels, "float64")
    chain = to_chain(params)
    for i, rows in _slices(lengths):
        found = logspace.expectations(chain, emissions[rows].astype("float64"))
        log_z[i] = found.log_partition
        probabilities[rows] = found.marginals
        for total, part in zip(counts, from_chain(found.moves), strict=True):
            total += part
    return _Expectations(log_z, probabilities, counts)


def _path_counts(
    params: CRFParams, emissions: NDArray, lengths: NDArray, tags: NDArray, names: NDArray
) -> _Expectations:
    """Expectations when each sequence has one path: its score, its tags, its moves. `names`: sequences for errors."""
    broken = find_break(tags, lengths, params.n_labels)
    if broken is not None:
        raise ValueError(Errors.CE102.format(sequence=names[broken.sequence], position=broken.position))
    chain = to_chain(params)
    n_tags = len(chain.start)
    starts = sequence_starts(lengths)
    sequence_of = np.repeat(np.arange(len(lengths)), lengths)
    firsts, lasts = starts[:-1][lengths > 0], starts[1:][lengths > 0] - 1
    scores = emissions[np.arange(len(tags)), tags].astype("float64")
    scores[firsts] += chain.start[tags[firsts]]
    scores[lasts] += chain.end[tags[lasts]]
    to = np.setdiff1d(np.arange(len(tags)), firsts, assume_unique=True)
    scores[to] += chain.transitions[tags[to - 1], tags[to]]
    moves = Chain(
        np.bincount(tags[firsts], minlength=n_tags),
        np.bincount(tags[to - 1] * n_tags + tags[to], minlength=n_tags * n_tags).reshape(n_tags, n_tags),
        np.bincount(tags[lasts], minlength=n_tags),
    )
    one_hot = np.zeros_like(emissions)
    one_hot[np.arange(len(tags)), tags] = 1
    return _Expectations(np.bincount(sequence_of, scores, minlength=len(lengths)), one_hot, from_chain(moves))


def _viterbi(params: CRFParams, emissions: NDArray, lengths: NDArray) -> NDArray[np.int64]:
    tags = np.zeros(len(emissions), dtype=np.int64)
    chain = to_chain(params)
    for _, rows in _slices(lengths):
        tags[rows] = _list_viterbi(chain, emissions[rows].astype("float64"), 1)[0][0]
    return tags


def _list_viterbi(chain: Chain, emissions: NDArray, k: int) -> tuple[NDArray, NDArray]:
    n_tags = len(chain.start)
    best = np.full((k, n_tags), -np.inf)
    best[0] = chain.start + emissions[0]
    came_from = []
    for scores in emissions[1:]:
        candidates = (best[:, :, None] + chain.transitions).reshape(-1, n_tags)
        order = np.argsort(-candidates, axis=0, kind="stable")[:k]
        best = np.take_along_axis(candidates, order, axis=0) + scores
        came_from.append(order)
    final = (best + chain.end).ravel()
    state = np.argsort(-final, kind="stable")[:k]
    state = state[final[state] > -np.inf]
    scores = final[state]
    path = [state % n_tags]
    for order in reversed(came_from):
        state = order[state // n_tags, state % n_tags]
        path.append(state % n_tags)
    return np.stack(path[::-1], axis=1), scores


def _span_probabilities(params: CRFParams, emissions: NDArray, lengths: NDArray, spans: NDArray) -> NDArray[np.float64]:
    probabilities = np.zeros(len(spans))
    chain = to_chain(params)
    for i, rows in _slices(lengths):
        chosen = np.flatnonzero(spans[:, 0] == i)
        if not len(chosen):
            continue
        scores = emissions[rows].astype("float64")
        alpha, beta = logspace.forward(chain, scores), logspace.backward(chain, scores)
        log_z = logspace.log_sum_exp(alpha[-1] + chain.end, axis=0)
        for j in chosen:
            _, start, end, label = spans[j]
            tags = _entity_tags(end - start, label, params.n_labels)
            probabilities[j] = np.exp(logspace.clamped(chain, scores, alpha, beta, start, tags) - log_z)
    return probabilities


def _entity_tags(length: int, label: int, n_labels: int) -> NDArray[np.int64]:
    if length == 1:
        return np.array([1 + 3 * n_labels + label])
    tags = np.full(length, 1 + n_labels + label)
    tags[0], tags[-1] = 1 + label, 1 + 2 * n_labels + label
    return tags


def _within_moves(n_labels: int) -> tuple[NDArray, NDArray]:
    """From and to tags of `CRFParams.within`, each in its shape (4, K)."""
    begin, inside, last = (1 + block * n_labels + np.arange(n_labels) for block in range(3))
    return np.stack([begin, begin, inside, inside]), np.stack([inside, last, inside, last])


def _slices(lengths: NDArray) -> list[tuple[int, slice]]:
    """Number and rows of each sequence that has tokens."""
    starts = sequence_starts(lengths)
    return [(i, slice(starts[i], starts[i + 1])) for i in range(len(lengths)) if lengths[i]]


def _mask(tags: NDArray, allowed: NDArray | None, n_tags: int) -> NDArray[np.bool_]:
    """What gold allows at each token. *Shape:* (N, T)"""
    mask = np.ones((len(tags), n_tags), dtype=bool) if allowed is None else allowed.copy()
    told = np.flatnonzero(tags != UNKNOWN)
    mask[told] = False
    mask[told, tags[told]] = True
    return mask


def _check_reachable(mask: NDArray[np.bool_], lengths: NDArray, names: NDArray) -> None:
    """RAISES: CE102 at the first token that no legal and allowed path reaches (or ends at)."""
    n_labels = mask.shape[1] // 4
    chain = to_chain(zero_params(n_labels))
    legal = np.isfinite(chain.transitions)
    for i, rows in _slices(lengths):
        reached = np.isfinite(chain.start)
        for t, row in enumerate(mask[rows]):
            reached = row & (reached @ legal if t else reached)
            if t == lengths[i] - 1:
                reached = reached & np.isfinite(chain.end)
            if not reached.any():
                raise ValueError(Errors.CE102.format(sequence=names[i], position=t))


def _checked(params: CRFParams, emissions: NDArray, lengths: NDArray) -> tuple[CRFParams, NDArray, NDArray]:
    """Parameters in the type of the emissions, everything C-contiguous and sound."""
    for field, value, wanted in zip(CRFParams._fields, params, param_shapes(params.n_labels), strict=True):
        if value.shape != wanted:
            raise ValueError(
                Errors.CE107.format(field=field, shape=value.shape, n_labels=params.n_labels, wanted=wanted)
            )
        if not np.isfinite(value).all():
            raise ValueError(Errors.CE108.format(field=field))
    lengths = np.asarray(lengths, dtype=np.int64)
    n_tags = count_tags(params.n_labels)
    if emissions.shape != (lengths.sum(), n_tags):
        raise ValueError(
            Errors.CE100.format(n_labels=params.n_labels, n_tags=n_tags, shape=emissions.shape, total=lengths.sum())
        )
    dtype = np.float64 if emissions.dtype == np.float64 else np.float32
    emissions = np.ascontiguousarray(emissions, dtype=dtype)
    # a finite sum needs one quick pass; look for the culprit only when it is not
    if not np.isfinite(emissions.sum()) and not np.isfinite(emissions).all():
        row = int(np.isfinite(emissions).all(axis=1).argmin())
        sequence, position = _locate(row, lengths)
        raise ValueError(Errors.CE101.format(sequence=sequence, position=position))
    return CRFParams(*(np.ascontiguousarray(value, dtype=dtype) for value in params)), emissions, lengths


def _checked_gold(
    tags: NDArray | None, allowed: NDArray | None, lengths: NDArray, shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None]:
    n_tokens, n_tags = shape
    tags = np.full(n_tokens, UNKNOWN) if tags is None else np.asarray(tags, dtype=np.int64)
    if tags.shape != (n_tokens,):
        raise ValueError(Errors.CE109.format(field="tags", shape=tags.shape, wanted=(n_tokens,)))
    if allowed is not None and allowed.shape != shape:
        raise ValueError(Errors.CE109.format(field="allowed", shape=allowed.shape, wanted=shape))
    strange = (tags < UNKNOWN) | (tags >= n_tags)
    if strange.any():
        row = int(strange.argmax())
        sequence, position = _locate(row, lengths)
        raise ValueError(
            Errors.CE103.format(
                tag=tags[row], sequence=sequence, position=position, last=n_tags - 1, n_labels=n_tags // 4
            )
        )
    return tags, None if allowed is None else np.asarray(allowed, dtype=bool)


def _locate(row: int, lengths: NDArray) -> tuple[int, int]:
    """Sequence of a row, and its position there."""
    starts = sequence_starts(lengths)
    sequence = int(np.searchsorted(starts, row, side="right")) - 1
    return sequence, row - int(starts[sequence])
