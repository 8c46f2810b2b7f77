"""Gold that is itself uncertain: spans with probabilities, such as another tagger found them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import Errors
from ..tags.layout import B, E, I, S, count_tags, enterers, leavers, sequence_starts, tag_of
from .gold import Gold
from .params import CRFParams, zero_params

# what rounding may add to the probabilities of spans that exclude each other
TOLERANCE = 1e-3


class SoftSpans(NamedTuple):
    """Sequences whose gold is probable rather than known.

    chosen (NDArray[bool]): Which sequences. *Shape:* (n,)
    spans (NDArray[int]): Rows of sequence, start, end (exclusive), label, each once. *Shape:* (m, 4)
    probabilities (NDArray): P(span is an entity); what no span covers is outside. *Shape:* (m,)
    """

    chosen: NDArray[np.bool_]
    spans: NDArray
    probabilities: NDArray

    def of_chosen(self) -> tuple[NDArray, NDArray]:
        """RETURNS (tuple): Spans with the sequences' numbers among the chosen, and their probabilities in float64."""
        spans = np.array(self.spans, dtype=np.int64).reshape(-1, 4)
        spans[:, 0] = (np.cumsum(self.chosen) - 1)[spans[:, 0]]
        return spans, np.asarray(self.probabilities, dtype=np.float64)


def expect(
    params: CRFParams, emissions: NDArray, lengths: NDArray, soft: tuple[NDArray, NDArray], names: NDArray
) -> Gold:
    """Find what a distribution over paths expects of which only the entities are known.

    Tags and the moves within entities follow from the spans. For moves between entities, what leaves and what enters
    count as independent, given that there is a boundary: of the distributions with these spans, that of greatest
    entropy.

    params (CRFParams), emissions (NDArray), lengths (NDArray[int]): As for `likelihood`.
    soft (Tuple[NDArray, NDArray]): Spans and probabilities, as of `SoftSpans`.
    names (NDArray[int]): How errors call the sequences. *Shape:* (n,)
    RETURNS (Gold): Instead of a partition, the expected score s(y) of a path.
    RAISES: CE113 if one is no probability, or those of spans that exclude each other are more than 1 together.
    """
    spans, probabilities = soft
    n_labels, starts = params.n_labels, sequence_starts(lengths)
    marginals = _expect_tags(spans, probabilities, starts, n_labels)
    _add_outside(marginals, spans, probabilities, starts, names)
    has_tokens = lengths > 0
    firsts, lasts = starts[:-1][has_tokens], starts[1:][has_tokens] - 1
    enters, leaves = marginals[:, enterers(n_labels)], marginals[:, leavers(n_labels)]
    left = _given_boundary(leaves)
    left[lasts] = 0
    counts = zero_params(n_labels, "float64")
    within = _moves_within(spans[:, 2] - spans[:, 1]) * probabilities
    for total, moves in zip(counts.within, within, strict=True):
        np.add.at(total, spans[:, 3], moves)
    counts.between[:] = left[:-1].T @ enters[1:]
    counts.start[:] = enters[firsts].sum(axis=0)
    counts.end[:] = leaves[lasts].sum(axis=0)
    # the score token by token, so that each sequence gets its own
    of_tokens = (emissions * marginals).sum(axis=1)
    of_tokens[firsts] += enters[firsts] @ params.start
    of_tokens[lasts] += leaves[lasts] @ params.end
    of_tokens[1:] += ((left[:-1] @ params.between) * enters[1:]).sum(axis=1)
    scores = np.bincount(np.repeat(np.arange(len(lengths)), lengths), of_tokens, minlength=len(lengths))
    scores += np.bincount(spans[:, 0], (within * params.within[:, spans[:, 3]]).sum(axis=0), minlength=len(lengths))
    dtype = emissions.dtype
    return Gold(scores, marginals.astype(dtype), CRFParams(*(count.astype(dtype) for count in counts)))


def _expect_tags(spans: NDArray, probabilities: NDArray, starts: NDArray, n_labels: int) -> NDArray:
    """Probability of each tag but O."""
    sequence, start, end, label = spans.T
    first, last, width = starts[sequence] + start, starts[sequence] + end - 1, end - start
    marginals = np.zeros((starts[-1], count_tags(n_labels)))
    single = width == 1
    for kind, tokens, some in ((S, first, single), (B, first, ~single), (E, last, ~single)):
        np.add.at(marginals, (tokens[some], tag_of(kind, label[some], n_labels)), probabilities[some])
    n_inside = np.maximum(width - 2, 0)
    inside = np.repeat(first + 1 - np.cumsum(n_inside) + n_inside, n_inside) + np.arange(n_inside.sum())
    tags = tag_of(I, np.repeat(label, n_inside), n_labels)
    np.add.at(marginals, (inside, tags), np.repeat(probabilities, n_inside))
    return marginals


def _add_outside(marginals: NDArray, spans: NDArray, probabilities: NDArray, starts: NDArray, names: NDArray) -> None:
    """RAISES: CE113, as `expect`."""
    possible = (probabilities >= 0) & (probabilities <= 1 + TOLERANCE)
    covered = marginals.sum(axis=1)
    if possible.all() and covered.max(initial=0) <= 1 + TOLERANCE:
        marginals[:, 0] = np.maximum(1 - covered, 0)
        return
    if not possible.all():
        sequence, position = spans[int(possible.argmin()), :2].tolist()
    else:
        row = int(covered.argmax())
        sequence = int(np.searchsorted(starts, row, side="right")) - 1
        position = row - int(starts[sequence])
    raise ValueError(Errors.CE113.format(sequence=names[sequence], position=position))


def _given_boundary(leaves: NDArray) -> NDArray:
    """Probability of each leaver given that no entity goes on; 0 where one does for certain."""
    boundary = leaves.sum(axis=1, keepdims=True)
    return np.divide(leaves, boundary, out=np.zeros_like(leaves), where=boundary > 0)


def _moves_within(width: NDArray) -> NDArray:
    """How often an entity of some tokens makes each move of `CRFParams.within`. *Shape:* (4, m)"""
    longer = (width > 2).astype(np.float64)
    return np.stack([longer, width == 2, np.maximum(width - 3, 0), longer])
