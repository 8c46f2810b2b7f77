"""The BIOES tag layout, and the way between tags and spans.

With K labels there are T = 4K + 1 tags in the order `O, B-1..B-K, I-1..I-K, E-1..E-K, S-1..S-K`.
From B-k and I-k only I-k and E-k of the same label may follow. Every other tag leaves: O, E-*, S-* ("leavers") may be
followed by O, B-*, S-* ("enterers") of any label. A sequence begins with an enterer and ends with a leaver.

Shapes: N tokens of n sequences lie end to end in one array; `lengths` (n,) says where each ends, zeros allowed. A
span is a row (sequence, start, end, label): tokens [start, end) counted within its sequence.
"""

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import Errors

OUTSIDE = 0
# The number of a label, or those of several.
Label = TypeVar("Label", int, NDArray)
# Kinds of tags, in the order of their blocks; O is a kind of its own.
O, B, I, E, S = range(5)  # noqa: E741


class Break(NamedTuple):
    """Where a tag sequence breaks the BIOES rules."""

    sequence: int
    position: int


def count_tags(n_labels: int) -> int:
    """RETURNS (int): The number of BIOES tags of so many labels, 4K + 1."""
    return 4 * n_labels + 1


def count_labels(n_tags: int) -> int:
    """RETURNS (int): The number of labels of so many BIOES tags, K."""
    return (n_tags - 1) // 4


def count_ends(n_labels: int) -> int:
    """RETURNS (int): How many leavers there are, and how many enterers, 2K + 1."""
    return 2 * n_labels + 1


# The functions from here to `enterers` are of single numbers, so that kernels can be compiled with them; those without
# a condition take arrays as well.


def tag_of(kind: int, label: Label, n_labels: int) -> Label:
    """RETURNS (Union[int, NDArray]): The tag of a kind (B, I, E or S) and a label, or those of several labels."""
    return 1 + (kind - 1) * n_labels + label


def kind_and_label(tag: int, n_labels: int) -> tuple[int, int]:
    """RETURNS (Tuple[int, int]): The kind of a tag and its label, which is 0 for O."""
    if tag == 0:
        return 0, 0
    return 1 + (tag - 1) // n_labels, (tag - 1) % n_labels


def enterer_of(tag: int, n_labels: int) -> int:
    """RETURNS (int): The number of a tag (O, B-*, S-*) among the enterers."""
    return tag if tag <= n_labels else tag - 2 * n_labels


def leaver_of(tag: int, n_labels: int) -> int:
    """RETURNS (int): The number of a tag (O, E-*, S-*) among the leavers."""
    return tag - 2 * n_labels if tag else 0


def tag_of_leaver(leaver: int, n_labels: int) -> int:
    """RETURNS (int): The tag of a leaver's number."""
    return leaver + 2 * n_labels if leaver else 0


def enterers(n_labels: int) -> NDArray[np.int64]:
    """RETURNS (NDArray): Tags that may follow a leaver or begin a sequence: O, B-*, S-*. *Shape:* (2K+1,)"""
    return np.r_[: tag_of(I, 0, n_labels), tag_of(S, 0, n_labels) : count_tags(n_labels)]


def leavers(n_labels: int) -> NDArray[np.int64]:
    """RETURNS (NDArray): Tags that may precede an enterer or end a sequence: O, E-*, S-*. *Shape:* (2K+1,)"""
    return np.r_[0, tag_of(E, 0, n_labels) : count_tags(n_labels)]


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
    kinds, labels = split_tags(tags, n_labels)
    opens = (kinds == B) | (kinds == I)
    goes_on = (kinds == I) | (kinds == E)
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
    kinds, labels = split_tags(tags, n_labels)
    first = np.flatnonzero((kinds == B) | (kinds == S))
    last = np.flatnonzero((kinds == E) | (kinds == S))
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
    tags[inside] = tag_of(I, np.repeat(label, width), n_labels)
    tags[first] = tag_of(B, label, n_labels)
    tags[last] = tag_of(E, label, n_labels)
    single = width == 1
    tags[first[single]] = tag_of(S, label[single], n_labels)
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


def split_tags(tags: NDArray, n_labels: int) -> tuple[NDArray, NDArray]:
    """Take tags apart.

    tags (NDArray[int]): Tag of each token. *Shape:* (N,)
    n_labels (int): Number of labels, K.
    RETURNS (Tuple[NDArray, NDArray]): Kind (O, B, I, E, S) and label of each; the label of O is -1. *Shape:* (N,) each
    """
    labels = np.full(len(tags), -1, dtype=np.int64)
    kinds = np.zeros(len(tags), dtype=np.int64)
    entity = np.flatnonzero(tags)
    if len(entity):
        kinds[entity], labels[entity] = np.divmod(tags[entity] - 1, n_labels)
        kinds[entity] += 1
    return kinds, labels
