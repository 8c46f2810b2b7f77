"""Compiled Viterbi of the BIOES CRF: the best path of each sequence, and the k best of one.

What holds for `sums.py` holds here.
"""

import numpy as np

from ...tags.layout import B, E, I
from .compiled import compiled, part
from .sums import ROWS, blocks, unsigned, unstack
from .tags import enterer_of, kind_and_label, tag_of, tag_of_leaver


@part
def _multiply_max(matrix, n_rows, vector, product):
    """product[j] = max over r of vector[r] + matrix[r, j]; the padding of the vector is -inf."""
    width = unsigned(product.shape[0])
    product[:] = -np.inf
    for r in range(unsigned(0), unsigned(n_rows), unsigned(ROWS)):
        v0, m0 = vector[r], matrix[r]
        v1, m1 = vector[r + unsigned(1)], matrix[r + unsigned(1)]
        v2, m2 = vector[r + unsigned(2)], matrix[r + unsigned(2)]
        v3, m3 = vector[r + unsigned(3)], matrix[r + unsigned(3)]
        v4, m4 = vector[r + unsigned(4)], matrix[r + unsigned(4)]
        v5, m5 = vector[r + unsigned(5)], matrix[r + unsigned(5)]
        v6, m6 = vector[r + unsigned(6)], matrix[r + unsigned(6)]
        v7, m7 = vector[r + unsigned(7)], matrix[r + unsigned(7)]
        for j in range(width):
            left = max(max(v0 + m0[j], v1 + m1[j]), max(v2 + m2[j], v3 + m3[j]))
            right = max(max(v4 + m4[j], v5 + m5[j]), max(v6 + m6[j], v7 + m7[j]))
            product[j] = max(product[j], max(left, right))


@compiled
def viterbi(emissions, starts, params, scratch, bests, state, tags):
    """Best path of each sequence, filled into `tags` (N,); bests (L, T), L of the longest, and state (T,) are room."""
    for s in range(starts.shape[0] - 1):
        first, after = starts[s], starts[s + 1]
        if first < after:
            best = bests[: after - first]
            _best_scores(emissions[first:after], params, scratch, state, best)
            _trace_back(best, params, scratch, tags[first:after])


@part
def _best_scores(scores, params, scratch, state, best):
    """Fill best (L, T), each token relative to O at the token before, lest a long sequence outgrow the precision."""
    k = params.within.shape[1]
    between = params.between
    begin_inside, begin_last, inside_inside, inside_last = unstack(params.within)
    leaving, entering = scratch[0], scratch[1]
    leaving_tail, entering_begin, entering_single = leaving[1 : 1 + 2 * k], entering[1 : 1 + k], entering[1 + k :]
    begin, inside, last, single, tail = blocks(state, k)
    state[:], leaving[:] = -np.inf, -np.inf
    for j in range(1 + 2 * k):
        entering[j] = params.start[j]
    shift = state.dtype.type(0)
    for t in range(scores.shape[0]):
        if t > 0:
            leaving[0], shift = state[0], state[0]
            for j in range(2 * k):
                leaving_tail[j] = tail[j]
            _multiply_max(between, 1 + 2 * k, leaving, entering)
        state[0] = entering[0]
        for j in range(k):
            last[j] = max(begin[j] + begin_last[j], inside[j] + inside_last[j])
        for j in range(k):
            inside[j] = max(begin[j] + begin_inside[j], inside[j] + inside_inside[j])
        for j in range(k):
            begin[j] = entering_begin[j]
        for j in range(k):
            single[j] = entering_single[j]
        for j in range(state.shape[0]):
            state[j] += scores[t, j] - shift
            best[t, j] = state[j]


@part
def _trace_back(best, params, scratch, path):
    """Fill path (L,). No pointers are kept: the argmax is taken again, along the path only."""
    k = params.within.shape[1]
    between_t, within, end, leaving = params.between_t, params.within, params.end, scratch[0]
    enterer, kind, label = 0, 0, 0
    for t in range(best.shape[0] - 1, -1, -1):
        if kind == I or kind == E:
            begin, inside = tag_of(B, label, k), tag_of(I, label, k)
            from_begin = best[t, begin] + within[kind - I, label]
            from_inside = best[t, inside] + within[kind - I + 2, label]
            tag = begin if from_begin >= from_inside else inside
        else:
            leaving[0] = best[t, 0]
            for j in range(1, 1 + 2 * k):
                leaving[j] = best[t, tag_of_leaver(j, k)]
            if t == best.shape[0] - 1:
                for j in range(1 + 2 * k):
                    leaving[j] += end[j]
            else:
                for j in range(1 + 2 * k):
                    leaving[j] += between_t[enterer, j]
            top = leaving[0]
            for j in range(1 + 2 * k):
                top = max(top, leaving[j])
            index = 0
            while index < 2 * k and leaving[index] != top:  # most often O, the first
                index += 1
            tag = tag_of_leaver(index, k)
        path[t] = tag
        kind, label = kind_and_label(tag, k)
        if kind != I and kind != E:
            enterer = enterer_of(tag, k)


@compiled
def k_best(scores, params, paths, totals):
    """The best paths of one sequence, best first: fill paths (k, L) and totals (k,), -inf where there are no more.

    params are plain `CRFParams`. Of every tag the k best ways to it are kept, with where each came from.
    """
    n_labels, n_paths = params.within.shape[1], totals.shape[0]
    length, n_tags = scores.shape
    between, within = params.between, params.within
    best = np.full((n_tags, n_paths), -np.inf)
    after = np.empty_like(best)
    came_from = np.empty((length, n_tags, n_paths), np.int32)  # tag * k + rank
    final = np.empty((1, n_paths), np.int32)
    for t in range(length):
        after[:] = -np.inf
        for tag in range(n_tags):
            kind, label = kind_and_label(tag, n_labels)
            if kind == I or kind == E:
                begin, inside = tag_of(B, label, n_labels), tag_of(I, label, n_labels)
                _offer(best, begin, within[kind - I, label], after, tag, came_from[t])
                _offer(best, inside, within[kind - I + 2, label], after, tag, came_from[t])
                continue
            enterer = enterer_of(tag, n_labels)
            if t == 0:
                after[tag, 0] = params.start[enterer]
                continue
            for leaver in range(1 + 2 * n_labels):
                _offer(best, tag_of_leaver(leaver, n_labels), between[leaver, enterer], after, tag, came_from[t])
        for tag in range(n_tags):
            for rank in range(n_paths):
                best[tag, rank] = after[tag, rank] + scores[t, tag]
    totals[:] = -np.inf
    ends = totals.reshape(1, n_paths)
    for leaver in range(1 + 2 * n_labels):
        _offer(best, tag_of_leaver(leaver, n_labels), params.end[leaver], ends, 0, final)
    for p in range(n_paths):
        if totals[p] == -np.inf:
            break
        state = final[0, p]
        for t in range(length - 1, -1, -1):
            tag, rank = state // n_paths, state % n_paths
            paths[p, t] = tag
            state = came_from[t, tag, rank]


@part
def _offer(best, source, move, after, tag, came_from):
    """Let the ways to `source` compete for a place among the sorted best to `tag`; the first of equals stays first."""
    n_paths = best.shape[1]
    for rank in range(n_paths):
        value = best[source, rank] + move
        if value <= after[tag, n_paths - 1]:
            return
        place = n_paths - 1
        while place > 0 and value > after[tag, place - 1]:
            after[tag, place] = after[tag, place - 1]
            came_from[tag, place] = came_from[tag, place - 1]
            place -= 1
        after[tag, place] = value
        came_from[tag, place] = source * n_paths + rank
