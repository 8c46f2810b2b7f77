"""Compiled choice of entities by their probabilities. Shapes: N tokens, L of one sequence, T = 4K + 1 tags, m spans."""

from ...tags.layout import OUTSIDE, B, E, I, S
from .compiled import compiled, part
from .readers import BEGIN_INSIDE, INSIDE_INSIDE, TO_LAST, probability_of, share_of, way_to, way_within
from .sums import make_sums, sweep
from .tags import tag_of


@compiled
def find_above(batch, bound, spans, probabilities, exact):
    """Write the spans whose probability is above a bound, in order of sequence and start, and their probabilities.

    spans (room, 4), probabilities (room,). exact (n,) is set to which sequences are within the tolerance, no others
    have spans. Returns how many there are, which may be more than there is room for.
    """
    emissions, starts, factors, scratch, tolerance = batch
    sums = make_sums(emissions, starts, False)
    count = 0
    for s in range(exact.shape[0]):
        first, after = starts[s], starts[s + 1]
        if first < after:
            scores = emissions[first:after]
            exact[s] = sweep(scores, factors, scratch, tolerance, sums)
            if exact[s]:
                count = _find_in_one(scores, factors, sums, s, bound, spans, probabilities, count)
    return count


@part
def _find_in_one(scores, factors, sums, sequence, bound, spans, probabilities, count):
    """A span is at most as probable as that its tags begin so, and what is not above the bound is followed no further.

    Of all ways to begin an entity that a token is inside of, one is taken: so few are above a bound, and the time grows
    as the sequence does.
    """
    k = factors.within.shape[1]
    for t in range(scores.shape[0]):
        # half the bound, for the sake of rounding: most tokens of a trained tagger end here
        if share_of(sums, t, OUTSIDE) > 1 - bound / 2:
            continue
        for label in range(k):
            single = share_of(sums, t, tag_of(S, label, k))
            if single > bound:
                count = _write(spans, probabilities, count, sequence, t, t + 1, label, single)
            if not share_of(sums, t, tag_of(B, label, k)) > bound:
                continue
            way, move = way_to(sums, t, tag_of(B, label, k)), BEGIN_INSIDE
            for u in range(t + 1, scores.shape[0]):
                last = way + way_within(scores, factors, sums, u, move + TO_LAST, label)
                way += way_within(scores, factors, sums, u, move, label)
                move = INSIDE_INSIDE
                ends = probability_of(sums, u, tag_of(E, label, k), last)
                if ends > bound:
                    count = _write(spans, probabilities, count, sequence, t, u + 1, label, ends)
                if not probability_of(sums, u, tag_of(I, label, k), way) > bound:
                    break
    return count


@part
def _write(spans, probabilities, row, sequence, start, end, label, probability):
    """Returns the row after it."""
    if row < spans.shape[0]:
        spans[row, 0], spans[row, 1], spans[row, 2], spans[row, 3] = sequence, start, end, label
        probabilities[row] = probability
    return row + 1


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
