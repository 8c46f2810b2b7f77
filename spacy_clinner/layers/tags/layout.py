"""The BIOES tag layout, and the way between tags and spans.

With K labels there are T = 4K + 1 tags in the order `O, B-1..B-K, I-1..I-K, E-1..E-K, S-1..S-K`.
From B-k and I-k only I-k and E-k of the same label may follow. Every other tag leaves: O, E-*, S-* ("leavers") may be
followed by O, B-*, S-* ("enterers") of any label. A sequence begins with an enterer and ends with a leaver.

Shapes: N tokens of n sequences lie end to end in one array; `lengths` (n,) says where each ends, zeros allowed. A
span is a row (sequence, start, end, label): tokens [start, end) counted within its sequence.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import Errors

OUTSIDE = 0
# Kinds of tags, in the order of their blocks; O is a kind of its own.
_O, _B, _I, _E, _S = range(5)


class Break(NamedTuple):
    """Where a tag sequence breaks the BIOES rules."""

    sequence: int
    position: int


def count_tags(n_labels: int) -> int:
    """RETURNS (int): The number of BIOES tags of so many labels, 4K + 1."""
    return 4 * n_labels + 1


def enterers(n_labels: int) -> NDArray[np.int64]:
    """RETURNS (NDArray): Tags that may follow a leaver or begin a sequence: O, B-*, S-*. *Shape:* (2K+1,)"""
    return np.r_[: n_labels + 1, 3 * n_labels + 1 : 4 * n_labels + 1]


def leavers(n_labels: int) -> NDArray[np.int64]:
    """RETURNS (NDArray): Tags that may precede an enterer or end a sequence: O, E-*, S-*. *Shape:* (2K+1,)"""
    return np.r_[0, 2 * n_labels + 1 : 4 * n_labels + 1]


def sequence_starts(lengths: NDArray) -> NDArray[np.int64]:
    """RETURNS (NDArray): Row of each sequence's first token, and N as the last entry. *Shape:* (n+1,)"""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def find_break(tags: NDArray, lengths: NDArray, n_labels: int) -> Break | None:
    """Find the first place that breaks the BIOES rules.

    tags (NDArray[int]): Tag of each token. *Shape:* (N,)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    n_labels (int): Number of labels, K.
    RETURNS (Break | None): The token that may not follow its left neighbour (or may not begin or end its sequence).
    """
    kinds, labels = _split(tags, n_labels)
    opens = (kinds == _B) | (kinds == _I)
    goes_on = (kinds == _I) | (kinds == _E)
    starts = sequence_starts(lengths)
    firsts, lasts = starts[:-1][lengths > 0], starts[1:][lengths > 0] - 1
    awaited = np.zeros(len(tags), dtype=bool)
    awaited[1:] = opens[:-1]
    awaited[firsts] = False
    broken = awaited != goes_on
    broken[1:] |= goes_on[1:] & (labels[1:] != labels[:-1])
    broken[lasts] |= opens[lasts]
    if not broken.any():
        return None
    row = int(broken.argmax())
    sequence = int(np.searchsorted(starts, row, side="right")) - 1
    return Break(sequence, row - int(starts[sequence]))


def tags_to_spans(tags: NDArray, lengths: NDArray, n_labels: int) -> NDArray[np.int64]:
    """Read the entities off well-formed tags.

    tags (NDArray[int]): Tag of each token. *Shape:* (N,)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    n_labels (int): Number of labels, K.
    RETURNS (NDArray[int64]): Rows of sequence, start, end (exclusive), label, in order. *Shape:* (m, 4)
    RAISES: CE104 if the tags break the BIOES rules.
    """
    broken = find_break(tags, lengths, n_labels)
    if broken is not None:
        raise ValueError(Errors.CE104.format(sequence=broken.sequence, position=broken.position))
    kinds, labels = _split(tags, n_labels)
    first = np.flatnonzero((kinds == _B) | (kinds == _S))
    last = np.flatnonzero((kinds == _E) | (kinds == _S))
    starts = sequence_starts(lengths)
    sequence = np.searchsorted(starts, first, side="right") - 1
    return np.stack([sequence, first - starts[sequence], last + 1 - starts[sequence], labels[first]], axis=1)


def spans_to_tags(spans: NDArray, lengths: NDArray, n_labels: int) -> NDArray[np.int64]:
    """Write entities as BIOES tags, O elsewhere.

    spans (NDArray[int]): Rows of sequence, start, end (exclusive), label, in any order. *Shape:* (m, 4)
    lengths (NDArray[int]): Tokens of each sequence. *Shape:* (n,)
    n_labels (int): Number of labels, K.
    RETURNS (NDArray[int64]): Tag of each token. *Shape:* (N,)
    RAISES: CE105 if a span lies outside its sequence or has no such label; CE106 if two spans overlap.
    """
    spans = np.asarray(spans, dtype=np.int64).reshape(-1, 4)
    check_spans(spans, lengths, n_labels)
    starts = sequence_starts(lengths)
    spans = spans[np.lexsort((spans[:, 1], spans[:, 0]))]
    sequence, start, end, label = spans.T
    overlap = (sequence[1:] == sequence[:-1]) & (start[1:] < end[:-1])
    if overlap.any():
        i = int(overlap.argmax())
        left, right = spans[i, 1:3].tolist(), spans[i + 1, 1:3].tolist()
        raise ValueError(Errors.CE106.format(sequence=sequence[i], left=left, right=right))
    tags = np.zeros(int(starts[-1]), dtype=np.int64)
    first, last = start + starts[sequence], end + starts[sequence] - 1
    width = end - start
    inside = np.repeat(first - np.cumsum(width) + width, width) + np.arange(width.sum())
    tags[inside] = 1 + n_labels + np.repeat(label, width)
    tags[first] = 1 + label
    tags[last] = 1 + 2 * n_labels + label
    single = width == 1
    tags[first[single]] = 1 + 3 * n_labels + label[single]
    return tags


def check_spans(spans: NDArray[np.int64], lengths: NDArray, n_labels: int) -> None:
    """RAISES: CE105 if a span lies outside its sequence, is empty or has no such label. *Shape:* spans (m, 4)"""
    sequence, start, end, label = spans.T
    known = (sequence >= 0) & (sequence < len(lengths))
    limit = np.zeros(len(spans), dtype=np.int64)
    limit[known] = np.asarray(lengths)[sequence[known]]
    bad = ~known | (start < 0) | (end <= start) | (end > limit) | (label < 0) | (label >= n_labels)
    if bad.any():
        i = int(bad.argmax())
        raise ValueError(
            Errors.CE105.format(
                sequence=sequence[i], start=start[i], end=end[i], label=label[i], length=limit[i], n_labels=n_labels
            )
        )


def _split(tags: NDArray, n_labels: int) -> tuple[NDArray, NDArray]:
    """Kind (O, B, I, E, S) and label of each tag; the label of O is -1."""
    labels = np.full(len(tags), -1, dtype=np.int64)
    kinds = np.zeros(len(tags), dtype=np.int64)
    entity = np.flatnonzero(tags)
    if len(entity):
        kinds[entity], labels[entity] = np.divmod(tags[entity] - 1, n_labels)
        kinds[entity] += 1
    return kinds, labels
