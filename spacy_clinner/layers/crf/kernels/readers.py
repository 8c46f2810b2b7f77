"""Compiled readers of the sums over the paths of one sequence: log Z, marginals, moves and spans.

What holds for `sums.py` holds here.
"""

import math

from ...tags.layout import B, E, I, S
from .compiled import part
from .sums import BEHIND, MASS, OVERLAP, TOP, unstack
from .tags import tag_of


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
def read_spans(scores, factors, sums, spans, first, after, probabilities):
    """Probabilities of the spans from `first` to before `after`, all of one sequence: the share of all paths that takes
    a span's tags. spans (m, 4), probabilities (m,)."""
    alpha, beta, notes, within = sums.alpha, sums.beta, sums.notes, factors.within_scores
    k = within.shape[1]
    for i in range(first, after):
        start, final, label = spans[i, 1], spans[i, 2] - 1, spans[i, 3]
        if start == final:
            single = tag_of(S, label, k)
            probabilities[i] = alpha[start, single] * beta[start, single] / notes[OVERLAP, start]
            continue
        last = tag_of(E, label, k)
        way = math.log(alpha[start, tag_of(B, label, k)]) + math.log(beta[final, last] / notes[OVERLAP, final])
        for t in range(start + 1, final + 1):
            move = (0 if t == start + 1 else 2) + (1 if t == final else 0)
            tag = last if t == final else tag_of(I, label, k)
            way += within[move, label] - factors.step + scores[t, tag] - notes[TOP, t] - math.log(notes[MASS, t])
        probabilities[i] = min(1.0, math.exp(way))
