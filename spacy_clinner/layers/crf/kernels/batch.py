"""Compiled sums over every sequence of a ragged batch: log Z with marginals and moves, spans, gold paths."""

import numpy as np

from ...tags.layout import B, E, I
from .compiled import compiled
from .readers import read_log_partition, read_marginals, read_moves, read_spans
from .sums import make_sums, sweep
from .tags import enterer_of, kind_and_label, leaver_of


@compiled
def sum_marginals(batch, log_z, marginals):
    """Fill log_z (n,) and marginals (N, T). Returns which sequences are exact (n,); what the others' were is left."""
    emissions, starts, factors, scratch, tolerance = batch
    sums = make_sums(emissions, starts, False)
    exact = np.ones(log_z.shape[0], np.bool_)
    for s in range(log_z.shape[0]):
        first, after = starts[s], starts[s + 1]
        if first < after:
            exact[s] = sweep(emissions[first:after], factors, scratch, tolerance, sums)
            if exact[s]:
                log_z[s] = read_log_partition(after - first, factors, sums)
                read_marginals(sums, marginals[first:after])
    return exact


@compiled
def sum_moves(batch, log_z, marginals, leaving, entering, within):
    """`sum_marginals`, and expected moves: those between entities are the product of leaving and entering (N, D), times
    the factors; within (4, K), likewise, those inside of them. These three are zeros before."""
    emissions, starts, factors, scratch, tolerance = batch
    sums = make_sums(emissions, starts, True)
    exact = np.ones(log_z.shape[0], np.bool_)
    for s in range(log_z.shape[0]):
        first, after = starts[s], starts[s + 1]
        if first < after:
            exact[s] = sweep(emissions[first:after], factors, scratch, tolerance, sums)
            if exact[s]:
                log_z[s] = read_log_partition(after - first, factors, sums)
                read_marginals(sums, marginals[first:after])
                read_moves(sums, leaving[first:after], entering[first:after], within)
    return exact


@compiled
def score_spans(batch, spans, probabilities):
    """Fill probabilities (m,) of spans (m, 4), which are sorted by sequence. Returns which sequences are exact (n,);
    those without a span are passed over."""
    emissions, starts, factors, scratch, tolerance = batch
    sums = make_sums(emissions, starts, False)
    exact = np.ones(starts.shape[0] - 1, np.bool_)
    i = 0
    while i < spans.shape[0]:
        sequence, first = spans[i, 0], i
        while i < spans.shape[0] and spans[i, 0] == sequence:
            i += 1
        scores = emissions[starts[sequence] : starts[sequence + 1]]
        exact[sequence] = sweep(scores, factors, scratch, tolerance, sums)
        if exact[sequence]:
            read_spans(scores, factors, sums, spans, first, i, probabilities)
    return exact


@compiled
def follow(emissions, starts, params, tags, scores, counts):
    """Score of each sequence's gold path, added to scores (n,), and its moves, added to counts. Paths must be legal."""
    k = params.within.shape[1]
    for s in range(starts.shape[0] - 1):
        before, leaver = 0, 0
        for t in range(starts[s], starts[s + 1]):
            tag = tags[t]
            kind, label = kind_and_label(tag, k)
            scores[s] += emissions[t, tag]
            if kind == I or kind == E:
                move = (kind - I) + (0 if before == B else 2)
                scores[s] += params.within[move, label]
                counts.within[move, label] += 1
            elif t == starts[s]:
                scores[s] += params.start[enterer_of(tag, k)]
                counts.start[enterer_of(tag, k)] += 1
            else:
                scores[s] += params.between[leaver, enterer_of(tag, k)]
                counts.between[leaver, enterer_of(tag, k)] += 1
            before, leaver = kind, leaver_of(tag, k)
        if starts[s] < starts[s + 1]:
            scores[s] += params.end[leaver]
            counts.end[leaver] += 1
