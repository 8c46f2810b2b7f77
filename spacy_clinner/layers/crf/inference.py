"""Linear-chain CRF over BIOES tags in which illegal moves do not exist: arrays in, arrays out.

*Data.* N tokens of n sequences lie end to end: `emissions` (N, T), float32 or float64, and `lengths` (n,), zeros
allowed. Tags are laid out as `layers/tags` says. *Parameters.* Only legal moves have scores, see `CRFParams`. A path y
scores start[y_1] + sum of emissions[t, y_t] + sum of moves[y_t, y_t+1] + end[y_L], and P(y) = exp(score) / Z.
The mathematics on one page: docs/develop/crf.md.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import Errors
from ..tags.layout import check_spans, count_labels, count_tags, sequence_starts, tags_to_spans
from ..temperature import check_temperature
from . import passes
from .gold import UNKNOWN, constrain, find_supervision, follow
from .params import CRFParams, param_shapes, zero_params
from .soft import SoftSpans, expect


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


def log_partition(params: CRFParams, emissions: NDArray, lengths: NDArray) -> NDArray[np.float64]:
    """Sum over all legal paths.

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags, float32 or float64. *Shape:* (N, 4K+1)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    RETURNS (NDArray[float64]): log Z of each sequence; 0 for an empty one. *Shape:* (n,)
    RAISES: CE100, CE107 on shapes, CE101, CE108 on numbers that are not finite.
    """
    params, emissions, lengths = _checked(params, emissions, lengths)
    return passes.expectations(params, emissions, lengths, want_moves=False).log_partition


def marginals(params: CRFParams, emissions: NDArray, lengths: NDArray) -> NDArray:
    """Probability of each tag at each token, given the whole sequence.

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags, float32 or float64. *Shape:* (N, 4K+1)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    RETURNS (NDArray): Probabilities in the type of the emissions; rows sum to 1. *Shape:* (N, 4K+1)
    RAISES: CE100, CE107 on shapes, CE101, CE108 on numbers that are not finite.
    """
    params, emissions, lengths = _checked(params, emissions, lengths)
    return passes.expectations(params, emissions, lengths, want_moves=False).marginals


def likelihood(
    params: CRFParams,
    emissions: NDArray,
    lengths: NDArray,
    tags: NDArray | None = None,
    allowed: NDArray | None = None,
    soft: SoftSpans | None = None,
) -> CRFLoss:
    """Negative log-likelihood of full, partial or uncertain gold, with its gradient.

    The loss of a sequence is log Z - log Z(allowed paths); its gradient is what the model expects minus what it expects
    among the allowed paths (Tsuboi et al. 2008, equation 3). A sequence about which gold says nothing has loss 0 and
    gradient 0 and costs nothing. Of uncertain gold, the loss is the cross-entropy: log Z less the score that it
    expects.

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags, float32 or float64. *Shape:* (N, 4K+1)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    tags (NDArray[int] | None): Gold tag of each token, -1 where it is unknown; None: all unknown. *Shape:* (N,)
    allowed (NDArray[bool] | None): Tags that a token of unknown tag may have; None: any. *Shape:* (N, 4K+1)
    soft (SoftSpans | None): Sequences whose gold is probable; all their tags are unknown.
    RETURNS (CRFLoss): loss (n,) in float64; gradients, summed over sequences, in the type of the emissions.
    RAISES: CE102 if gold allows no legal path, CE103 if a tag does not exist, CE105 and CE113 if soft gold is none of
        the sequences or no distribution, CE109 on shapes of gold;
        CE100, CE101, CE107, CE108 as `log_partition`.
    """
    params, emissions, lengths = _checked(params, emissions, lengths)
    tags, allowed = _checked_gold(tags, allowed, lengths, emissions.shape)
    loss = np.zeros(len(lengths))
    d_emissions = np.zeros_like(emissions)
    d_params = zero_params(params.n_labels, emissions.dtype)
    supervision = find_supervision(tags, allowed, lengths)
    for chosen in (*supervision, *(() if soft is None else (soft.chosen,))):
        if not chosen.any():
            continue
        rows, names = np.repeat(chosen, lengths), np.flatnonzero(chosen)
        some = _pick(emissions, rows), lengths[chosen], _pick(tags, rows)
        if chosen is supervision.full:
            gold = follow(params, *some, names)
        elif chosen is supervision.partial:
            gold = constrain(params, *some, None if allowed is None else _pick(allowed, rows), names)
        else:
            assert soft is not None
            check_spans(soft.spans, lengths, params.n_labels)
            gold = expect(params, *some[:2], soft.of_chosen(), names)
        model = passes.expectations(params, *some[:2])
        loss[chosen] = model.log_partition - gold.log_partition
        if gold.marginals is None:
            model.marginals[np.arange(len(some[2])), some[2]] -= 1
        else:
            np.subtract(model.marginals, gold.marginals, out=model.marginals)
        if rows.all():
            d_emissions = model.marginals
        else:
            d_emissions[rows] = model.marginals
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
    return passes.viterbi(params, emissions, lengths)


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
    tags, scores = passes.best_paths(params, emissions, k)
    return KBest(tags, scores - log_partition(params, emissions, lengths))


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
    return passes.span_probabilities(params, emissions, lengths, spans)


def decode(params: CRFParams, emissions: NDArray, lengths: NDArray, threshold: float | None = None) -> Decoded:
    """Entities of each sequence with their exact probabilities: those on the best path, or the probable ones.

    With a threshold, of the spans above it those that do not overlap and have the greatest sum of (probability -
    threshold): what is right of single entities is maximised, not the probability of getting all right (for parses
    Goodman 1996, section 3). Were the probabilities true, F1 would be best at half the F1 reached (Lipton et al. 2014).

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags, float32 or float64. *Shape:* (N, 4K+1)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    threshold (float | None): 0 to 1; None for the best path. Spans of less than 0.001 do not count even at 0.
    RETURNS (Decoded): spans (m, 4) in order, and probabilities (m,) in float64 as from `span_probabilities`.
    RAISES: CE111 if the threshold is none; CE100, CE107 on shapes, CE101, CE108 on numbers that are not finite.
    """
    if threshold is not None:
        return decode_at(params, emissions, lengths, [threshold])[0]
    params, emissions, lengths = _checked(params, emissions, lengths)
    spans = tags_to_spans(passes.viterbi(params, emissions, lengths), lengths, params.n_labels)
    return Decoded(spans, passes.span_probabilities(params, emissions, lengths, spans))


def decode_at(params: CRFParams, emissions: NDArray, lengths: NDArray, thresholds: Sequence[float]) -> list[Decoded]:
    """`decode` at each of some thresholds, from one pass over the sequences.

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags, float32 or float64. *Shape:* (N, 4K+1)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    thresholds (Sequence[float]): Each 0 to 1.
    RETURNS (List[Decoded]): As of `decode`, in the order of the thresholds.
    RAISES: CE111 if a threshold is none; CE100, CE101, CE107, CE108 as `decode`.
    """
    for threshold in thresholds:
        check_threshold(threshold)
    params, emissions, lengths = _checked(params, emissions, lengths)
    spans, probabilities = passes.spans_above(params, emissions, lengths, min(thresholds))
    found = []
    for threshold in thresholds:
        chosen = passes.choose_spans(spans, probabilities, lengths, threshold)
        found.append(Decoded(spans[chosen], probabilities[chosen]))
    return found


def spans_above(params: CRFParams, emissions: NDArray, lengths: NDArray, at_least: float) -> Decoded:
    """All spans that are entities with some probability, overlapping ones too.

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags, float32 or float64. *Shape:* (N, 4K+1)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    at_least (float): 0 to 1; spans of less than 0.001 do not count even at 0.
    RETURNS (Decoded): spans (m, 4) in order of sequence and start, and probabilities (m,) in float64.
    RAISES: CE111 if `at_least` is none; CE100, CE101, CE107, CE108 as `decode`.
    """
    check_threshold(at_least)
    params, emissions, lengths = _checked(params, emissions, lengths)
    spans, probabilities = passes.spans_above(params, emissions, lengths, at_least)
    above = probabilities >= at_least
    return Decoded(spans[above], probabilities[above])


def temper(params: CRFParams, emissions: NDArray, temperature: float) -> tuple[CRFParams, NDArray]:
    """Divide all scores of paths by a temperature: the best path stays the best, and above 1 it is less certain.

    Emissions and moves alike, so that what is left is one distribution over paths, P(y) ~ exp(score(y) / T) (Guo et al.
    2017, section 4.2, for a classifier).

    params (CRFParams): Parameters of K labels.
    emissions (NDArray): Scores of tags. *Shape:* (N, 4K+1)
    temperature (float): T, above 0. At 1 the scores themselves are returned.
    RETURNS (Tuple[CRFParams, NDArray]): Parameters and emissions of the tempered CRF, in their types.
    RAISES: CE112 if the temperature is not a finite number above 0.
    """
    check_temperature(temperature)
    if temperature == 1:
        return params, emissions
    # an array of float32 stays one when a plain float divides it
    return CRFParams(*(value / float(temperature) for value in params)), emissions / float(temperature)


def check_threshold(threshold: float | None) -> None:
    """RAISES: CE111 if it is neither None nor 0 to 1."""
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(Errors.CE111.format(threshold=threshold))


def _pick(array: NDArray, rows: NDArray[np.bool_]) -> NDArray:
    """The chosen rows; no copy if that is all of them."""
    return array if rows.all() else array[rows]


def _checked(params: CRFParams, emissions: NDArray, lengths: NDArray) -> tuple[CRFParams, NDArray, NDArray]:
    """Parameters in the type of the emissions, everything C-contiguous and sound."""
    for (field, wanted), value in zip(param_shapes(params.n_labels).items(), params, strict=True):
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
    # writeable: Numba would compile every kernel a second time for arrays that are not
    emissions = np.require(emissions, dtype, ["C", "W"])
    # a finite sum needs one quick pass; look for the culprit only when it is not
    with np.errstate(over="ignore", invalid="ignore"):
        suspect = not np.isfinite(emissions.sum())
    if suspect and not np.isfinite(emissions).all():
        row = int(np.isfinite(emissions).all(axis=1).argmin())
        sequence, position = _locate(row, lengths)
        raise ValueError(Errors.CE101.format(sequence=sequence, position=position))
    return CRFParams(*(np.require(value, dtype, ["C", "W"]) for value in params)), emissions, lengths


def _checked_gold(
    tags: NDArray | None, allowed: NDArray | None, lengths: NDArray, shape: tuple[int, ...]
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
                tag=tags[row], sequence=sequence, position=position, last=n_tags - 1, n_labels=count_labels(n_tags)
            )
        )
    return tags, None if allowed is None else np.asarray(allowed, dtype=bool)


def _locate(row: int, lengths: NDArray) -> tuple[int, int]:
    """Sequence of a row, and its position there."""
    starts = sequence_starts(lengths)
    sequence = int(np.searchsorted(starts, row, side="right")) - 1
    return sequence, row - int(starts[sequence])
