"""Compiled readers of the sums over the paths of one sequence: log Z, marginals, moves and spans.

What holds for `sums.py` holds here.
"""

import math

from ...tags.layout import B, E, I, S
from .compiled import part
from .sums import BEHIND, MASS, OVERLAP, TOP, unstack
from .tags import tag_of

# rows of (4, K) moves within entities: from B or from I, and what makes a move to I one to E
BEGIN_INSIDE, INSIDE_INSIDE, TO_LAST = 0, 2, 1


@part
def read_log_partition(length, factors, sums):
    last, notes = length - 1, sums.notes
    ends = math.log(notes[OVERLAP, last]) + math.log(notes[BEHIND, last])
    total = factors.first + factors.step * last + factors.last + ends
    for t in range(length):
        total += notes[TOP, t] + math.log(notes[MASS, t])
    return total


@part
def read_marginals(sums, marginals):
    """Fill marginals (L, T)."""
    alpha, beta, notes = sums.alpha, sums.beta, sums.notes
    for t in range(marginals.shape[0]):
        share = alpha.dtype.type(1 / notes[OVERLAP, t])
        for j in range(alpha.shape[1]):
            marginals[t, j] = alpha[t, j] * beta[t, j] * share


@part
def read_moves(sums, leaving, entering, within):
    """Rows whose products are the expected moves between entities, and the sums of those within, up to the factors."""
    alpha, ahead, notes = sums.alpha, sums.ahead, sums.notes
    k = within.shape[1]
    begin_inside, begin_last, inside_inside, inside_last = unstack(within)
    b, i, e, s = tag_of(B, 0, k), tag_of(I, 0, k), tag_of(E, 0, k), tag_of(S, 0, k)
    begin, inside, tail = alpha[:, b:i], alpha[:, i:e], alpha[:, e:]
    to_begin, to_inside, last, single = ahead[:, b:i], ahead[:, i:e], ahead[:, e:s], ahead[:, s:]
    leaving_tail, entering_begin, entering_single = leaving[:, 1:], entering[:, 1 : 1 + k], entering[:, 1 + k :]
    for t in range(leaving.shape[0] - 1):
        share, u = alpha.dtype.type(1 / (notes[OVERLAP, t] * notes[BEHIND, t])), t + 1
        leaving[t, 0], entering[t, 0] = alpha[t, 0], ahead[u, 0] * share
        for j in range(2 * k):
            leaving_tail[t, j] = tail[t, j]
        for j in range(k):
            entering_begin[t, j] = to_begin[u, j] * share
        for j in range(k):
            entering_single[t, j] = single[u, j] * share
        for j in range(k):
            begin_inside[j] += begin[t, j] * to_inside[u, j] * share
        for j in range(k):
            begin_last[j] += begin[t, j] * last[u, j] * share
        for j in range(k):
            inside_inside[j] += inside[t, j] * to_inside[u, j] * share
        for j in range(k):
            inside_last[j] += inside[t, j] * last[u, j] * share


@part
def share_of(sums, t, tag):
    """Probability of a tag at a token."""
    return sums.alpha[t, tag] * sums.beta[t, tag] / sums.notes[OVERLAP, t]


@part
def way_to(sums, t, tag):
    """Log of the share of the sums at a token that lies on the paths to a tag there."""
    return math.log(sums.alpha[t, tag])


@part
def way_within(scores, factors, sums, t, move, label):
    """What a move within an entity, to token t, adds to `way_to`."""
    k = factors.within.shape[1]
    tag = tag_of(I, label, k) if move % 2 == 0 else tag_of(E, label, k)
    # each of the two differences in float64: emissions may all be far from zero
    way = (factors.within_scores[move, label] - factors.step) + (scores[t, tag] - sums.notes[TOP, t])
    return way - math.log(sums.notes[MASS, t])


@part
def probability_of(sums, t, tag, way):
    """Probability of the paths to a tag at token t of which `way` tells the share."""
    return min(1.0, math.exp(way + math.log(sums.beta[t, tag] / sums.notes[OVERLAP, t])))


@part
def read_spans(scores, factors, sums, spans, first, after, probabilities):
    """Probabilities of the spans from `first` to before `after`, all of one sequence: the share of all paths that takes
    a span's tags. spans (m, 4), probabilities (m,)."""
    k = factors.within.shape[1]
    for i in range(first, after):
        start, final, label = spans[i, 1], spans[i, 2] - 1, spans[i, 3]
        if start == final:
            probabilities[i] = share_of(sums, start, tag_of(S, label, k))
            continue
        way = way_to(sums, start, tag_of(B, label, k))
        for t in range(start + 1, final + 1):
            move = (BEGIN_INSIDE if t == start + 1 else INSIDE_INSIDE) + (TO_LAST if t == final else 0)
            way += way_within(scores, factors, sums, t, move, label)
        probabilities[i] = probability_of(sums, final, tag_of(E, label, k), way)
