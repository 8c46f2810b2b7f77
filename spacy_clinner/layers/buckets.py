"""Pad ragged sequences in groups of similar length, so that little padding is computed: by LSTMs and transformers."""

import math
from typing import NamedTuple

import numpy as np
from thinc.types import Ints1d, Ints2d

# Cells (steps x sequences) of one padded block: bounds memory however long a document is.
MAX_CELLS = 16384
# A bucket takes sequences down to this share of its longest ...
MIN_FILL = 0.8
# ... unless it is still so small that the kernel's overhead outweighs the padding.
MIN_ROWS = 8


class Bucket(NamedTuple):
    """Sequences padded to one length.

    sequences (Ints1d): which sequences, longest first. Shape: (B,)
    index (Ints2d): row of the flat input at every step; padding points one past the last row. Shape: (L, B)
    reverse (Ints2d): the same for the sequences read backwards, padding at the end again. Shape: (L, B)
    """

    sequences: Ints1d
    index: Ints2d
    reverse: Ints2d


def plan_buckets(lengths: Ints1d, max_cells: int = MAX_CELLS, max_squares: float = math.inf) -> list[Bucket]:
    """Group sequences by length and lay out the padded blocks; empty sequences are in none.

    lengths (Ints1d): number of rows of each sequence; rows lie one sequence after the other. Shape: (n,)
    max_cells (int): most cells of a padded block; a longer single sequence has a block of its own.
    max_squares (float): most squared lengths of a block, all sequences together, where memory grows with them.
    RETURNS (List[Bucket]): the blocks, longest sequences first.
    """
    lengths = np.asarray(lengths, dtype="int64")
    starts = np.cumsum(lengths) - lengths
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    buckets = []
    while order.size:
        longest = int(lengths[order[0]])
        close = int((lengths[order] >= MIN_FILL * longest).sum())
        most = int(min(max_cells / longest, max_squares / longest**2))
        size = min(max(close, MIN_ROWS), max(most, 1), order.size)
        buckets.append(_lay_out(order[:size], lengths, starts, longest, int(lengths.sum())))
        order = order[size:]
    return buckets


def _lay_out(sequences: Ints1d, lengths: Ints1d, starts: Ints1d, longest: int, padding: int) -> Bucket:
    step = np.arange(longest)[:, None]
    size, start = lengths[sequences][None, :], starts[sequences][None, :]
    inside = step < size
    return Bucket(
        sequences,
        np.where(inside, start + step, padding),
        np.where(inside, start + size - 1 - step, padding),
    )
