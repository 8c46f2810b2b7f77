"""Compiled choice of entities by their probabilities. Shapes: N tokens, L of one sequence, T = 4K + 1 tags, m spans."""

import numpy as np

from .compiled import compiled
from .sums import find_longest, meet, read_marginals, read_span, sum_backward, sum_forward


@compiled
def propose(marginals, sequence, threshold, spans, count):
    """Write the spans of a sequence whose tags each have a marginal above the threshold, in order of their start.

    A span is at most as probable as each of its tags, so none above the threshold is missed. marginals (L, T); spans
    (room, 4), of which `count` are taken. Returns how many are then, which may be more than there is room for.
    """
    k = marginals.shape[1] // 4
    for t in range(marginals.shape[0]):
        for label in range(k):
            if marginals[t, 1 + 3 * k + label] > threshold:
                _write(spans, count, sequence, t, t + 1, label)
                count += 1
            if not marginals[t, 1 + label] > threshold:
                continue
            for u in range(t + 1, marginals.shape[0]):
                if marginals[u, 1 + 2 * k + label] > threshold:
                    _write(spans, count, sequence, t, u + 1, label)
                    count += 1
                if not marginals[u, 1 + k + label] > threshold:
                    break
    return count


@compiled
def _write(spans, row, sequence, start, end, label):
    if row < spans.shape[0]:
        spans[row, 0], spans[row, 1], spans[row, 2], spans[row, 3] = sequence, start, end, label


@compiled
def propose_all(emissions, starts, factors, scratch, tolerance, threshold, spans, probabilities, exact):
    """`propose` over every sequence, and the probability of each span, by one forward-backward.

    exact (n,) is set to which sequences are within the tolerance; no others have spans. Returns as `propose`.
    """
    longest, n_tags = find_longest(starts), emissions.shape[1]
    sums = np.empty((3, longest, n_tags), emissions.dtype)
    work, ahead = np.empty((2, n_tags), emissions.dtype), np.empty((1, n_tags), emissions.dtype)
    notes = np.empty((4, longest), np.float64)
    count = 0
    for s in range(starts.shape[0] - 1):
        length = starts[s + 1] - starts[s]
        if length == 0:
            continue
        scores = emissions[starts[s] : starts[s + 1]]
        alpha, beta, marginals = sums[0, :length], sums[1, :length], sums[2, :length]
        top, mass, behind, overlap = notes[0, :length], notes[1, :length], notes[2, :length], notes[3, :length]
        sum_forward(scores, factors, scratch, work, alpha, top, mass)
        sum_backward(scores, factors, scratch, work, top, beta, ahead, behind)
        exact[s] = meet(alpha, beta, mass, behind, overlap) * factors.floor <= tolerance
        if not exact[s]:
            continue
        read_marginals(alpha, beta, overlap, marginals)
        before, count = count, propose(marginals, s, threshold, spans, count)
        for i in range(before, min(count, spans.shape[0])):
            start, end, label = spans[i, 1], spans[i, 2], spans[i, 3]
            probabilities[i] = read_span(scores, factors, top, mass, alpha, beta, overlap, start, end, label)
    return count


@compiled
def choose(spans, probabilities, threshold, starts, chosen):
    """Mark the spans that do not overlap and whose sum of (probability - threshold) is greatest.

    Weighted interval scheduling from the right; spans (m, 4) in order of sequence and start, chosen (m,) bool.
    """
    room = find_longest(starts) + 1
    gains = np.empty(room)
    choices = np.empty(room, np.int64)
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
