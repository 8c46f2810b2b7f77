"""Compiled forward-backward of the BIOES CRF over a ragged batch; see `sums.py` for one sequence."""

import numpy as np

from .compiled import compiled
from .sums import (
    find_longest,
    meet,
    read_log_partition,
    read_marginals,
    read_moves,
    read_span,
    sum_backward,
    sum_forward,
)


@compiled
def forward_backward(
    emissions, starts, factors, scratch, tolerance, log_z, marginals, leaving, entering, within, asked, probabilities
):
    """Forward-backward over every sequence; what is asked for is what there is room for.

    log_z (n,) or (0,); marginals (N, T) or (0, T); leaving and entering (N, D) or (0, D), whose product times the
    factors are the expected moves between entities; within (4, K) likewise times the factors. asked (m, 4) are spans,
    sorted by sequence, with room for their probabilities (m,); if spans alone are asked for, sequences without any
    are passed over. Returns which sequences are exact within the tolerance.
    """
    spans_only = log_z.shape[0] == 0
    n_tags, want_moves = emissions.shape[1], entering.shape[0] > 0
    longest = find_longest(starts)
    alphas, betas, work = (
        np.empty((longest, n_tags), emissions.dtype),
        np.empty((longest, n_tags), emissions.dtype),
        np.empty((2, n_tags), emissions.dtype),
    )
    aheads = np.empty((longest if want_moves else 1, n_tags), emissions.dtype)
    notes = np.empty((4, longest), np.float64)
    sums = np.empty_like(within)
    exact = np.ones(starts.shape[0] - 1, np.bool_)
    i = 0
    for s in range(starts.shape[0] - 1):
        first, after = starts[s], starts[s + 1]
        length, left = after - first, i
        while i < asked.shape[0] and asked[i, 0] == s:
            i += 1
        if length == 0 or (spans_only and i == left):
            continue
        scores, alpha, beta = emissions[first:after], alphas[:length], betas[:length]
        ahead = aheads[:length]
        top, mass, behind, overlap = notes[0, :length], notes[1, :length], notes[2, :length], notes[3, :length]
        sum_forward(scores, factors, scratch, work, alpha, top, mass)
        sum_backward(scores, factors, scratch, work, top, beta, ahead, behind)
        doubt = meet(alpha, beta, mass, behind, overlap)
        exact[s] = doubt * factors.floor <= tolerance
        if want_moves:
            leaving[after - 1], entering[after - 1] = 0, 0
        if not exact[s]:
            if want_moves:
                leaving[first:after], entering[first:after] = 0, 0
            continue
        if not spans_only:
            log_z[s] = read_log_partition(factors, top, mass, behind, overlap)
        if marginals.shape[0]:
            read_marginals(alpha, beta, overlap, marginals[first:after])
        if want_moves:
            sums[:] = 0
            read_moves(alpha, ahead, overlap, behind, leaving[first:after], entering[first:after], sums)
            within += sums
        for a in range(left, i):
            start, end, label = asked[a, 1], asked[a, 2], asked[a, 3]
            probabilities[a] = read_span(scores, factors, top, mass, alpha, beta, overlap, start, end, label)
    return exact


@compiled
def follow(emissions, starts, params, tags, scores, counts):
    """Score of each sequence's gold path, added to scores (n,), and its moves, added to counts. Paths must be legal."""
    k = params.within.shape[1]
    for s in range(starts.shape[0] - 1):
        before, leaver = 0, 0
        for t in range(starts[s], starts[s + 1]):
            tag = tags[t]
            block, label = ((tag - 1) // k, (tag - 1) % k) if tag else (0, 0)
            scores[s] += emissions[t, tag]
            enterer = tag - 2 * k if block == 3 else tag
            if block == 1 or block == 2:
                move = (block - 1) + (0 if before == 1 + label else 2)
                scores[s] += params.within[move, label]
                counts.within[move, label] += 1
            elif t == starts[s]:
                scores[s] += params.start[enterer]
                counts.start[enterer] += 1
            else:
                scores[s] += params.between[leaver, enterer]
                counts.between[leaver, enterer] += 1
            before, leaver = tag, (tag - 2 * k if tag else 0)
        if starts[s] < starts[s + 1]:
            scores[s] += params.end[leaver]
            counts.end[leaver] += 1
