"""Compiled choice of entities by their probabilities. Shapes: N tokens, L of one sequence, T = 4K + 1 tags, m spans."""

import numpy as np

from ...tags.layout import B, E, I, S
from .compiled import compiled, part
from .readers import read_marginals, read_spans
from .sums import make_sums, sweep
from .tags import count_labels, tag_of


@compiled
def propose(marginals, sequence, threshold, spans, count):
    """Write the spans of a sequence whose tags each have a marginal above the threshold, in order of their start.

    A span is at most as probable as each of its tags, so none above the threshold is missed. marginals (L, T); spans
    (room, 4), of which `count` are taken. Returns how many are then, which may be more than there is room for.
    """
    k = count_labels(marginals.shape[1])
    for t in range(marginals.shape[0]):
        for label in range(k):
            if marginals[t, tag_of(S, label, k)] > threshold:
                _write(spans, count, sequence, t, t + 1, label)
                count += 1
            if not marginals[t, tag_of(B, label, k)] > threshold:
                continue
            for u in range(t + 1, marginals.shape[0]):
                if marginals[u, tag_of(E, label, k)] > threshold:
                    _write(spans, count, sequence, t, u + 1, label)
                    count += 1
                if not marginals[u, tag_of(I, label, k)] > threshold:
                    break
    return count


@part
def _write(spans, row, sequence, start, end, label):
    if row < spans.shape[0]:
        spans[row, 0], spans[row, 1], spans[row, 2], spans[row, 3] = sequence, start, end, label


@compiled
def propose_all(batch, threshold, spans, probabilities, exact):
    """`propose` over every sequence, and the probability of each span, by one sweep.

    exact (n,) is set to which sequences are within the tolerance, no others have spans. Returns as `propose`.
    """
    emissions, starts, factors, scratch, tolerance = batch
    sums = make_sums(emissions, starts, False)
    marginals = np.empty_like(sums.alpha)
    count = 0
    for s in range(exact.shape[0]):
        first, after = starts[s], starts[s + 1]
        if first == after:
            continue
        scores, own = emissions[first:after], marginals[: after - first]
        exact[s] = sweep(scores, factors, scratch, tolerance, sums)
        if not exact[s]:
            continue
        read_marginals(sums, own)
        before, count = count, propose(own, s, threshold, spans, count)
        read_spans(scores, factors, sums, spans, before, min(count, spans.shape[0]), probabilities)
    return count


@compiled
def choose(spans, probabilities, threshold, starts, gains, choices, chosen):
    """Mark the spans that do not overlap and whose sum of (probability - threshold) is greatest.

    Weighted interval scheduling from the right; spans (m, 4) in order of sequence and start, chosen (m,) bool; gains
    and choices (L + 1,) are room for the longest sequence.
    """
    last = spans.shape[0]
    for s in range(starts.shape[0] - 2, -1, -1):
        length = starts[s + 1] - starts[s]
        gains[length] = 0
        for t in range(length - 1, -1, -1):
            gains[t], choices[t] = gains[t + 1], -1
            while last > 0 and spans[last - 1, 0] == s and spans[last - 1, 1] == t:
                last -= 1
                gain = probabilities[last] - threshold + gains[spans[last, 2]]
                if gain > gains[t]:
                    gains[t], choices[t] = gain, last
        t = 0
        while t < length:
            if choices[t] < 0:
                t += 1
            else:
                chosen[choices[t]] = True
                t = spans[choices[t], 2]
