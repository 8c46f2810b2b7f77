"""Compiled readers of the sums over the paths of one sequence: log Z, marginals, moves and spans.

What holds for `sums.py` holds here.
"""

import math

from .compiled import part
from .sums import BEHIND, MASS, OVERLAP, TOP, unstack


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
    begin, inside, last, single, tail = (
        alpha[:, 1 : 1 + k],
        alpha[:, 1 + k : 1 + 2 * k],
        ahead[:, 1 + 2 * k : 1 + 3 * k],
        ahead[:, 1 + 3 * k :],
        alpha[:, 1 + 2 * k :],
    )
    to_begin, to_inside = ahead[:, 1 : 1 + k], ahead[:, 1 + k : 1 + 2 * k]
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
            single = 1 + 3 * k + label
            probabilities[i] = alpha[start, single] * beta[start, single] / notes[OVERLAP, start]
            continue
        last = 1 + 2 * k + label
        way = math.log(alpha[start, 1 + label]) + math.log(beta[final, last] / notes[OVERLAP, final])
        for t in range(start + 1, final + 1):
            move = (0 if t == start + 1 else 2) + (1 if t == final else 0)
            tag = last if t == final else 1 + k + label
            way += within[move, label] - factors.step + scores[t, tag] - notes[TOP, t] - math.log(notes[MASS, t])
        probabilities[i] = min(1.0, math.exp(way))
