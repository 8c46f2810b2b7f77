import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_clinner.layers.buckets import plan_buckets

LENGTHS = st.lists(st.integers(0, 60), max_size=40)


@given(LENGTHS, st.integers(1, 400), st.integers(1, 9999))
def test_every_row_stands_once_in_each_direction(lengths, max_cells, max_squares):
    buckets = plan_buckets(np.array(lengths, dtype="i"), max_cells, max_squares)
    total = sum(lengths)
    for index in ("index", "reverse"):
        rows = np.concatenate([getattr(bucket, index).ravel() for bucket in buckets] or [np.zeros(0)])
        assert sorted(rows[rows < total]) == list(range(total))
    for steps, n in (bucket.index.shape for bucket in buckets):
        assert n == 1 or (steps * n <= max_cells and steps**2 * n <= max_squares)


@given(LENGTHS)
def test_reverse_reads_each_sequence_backwards(lengths):
    starts = np.cumsum([0, *lengths])
    for bucket in plan_buckets(np.array(lengths, dtype="i")):
        for column, sequence in enumerate(bucket.sequences):
            rows = list(range(starts[sequence], starts[sequence + 1]))
            padding = [sum(lengths)] * (len(bucket.index) - len(rows))
            assert bucket.index[:, column].tolist() == rows + padding
            assert bucket.reverse[:, column].tolist() == rows[::-1] + padding


def test_similar_lengths_share_a_bucket_so_little_is_padding():
    lengths = np.random.default_rng(0).integers(5, 60, size=500)
    cells = sum(bucket.index.size for bucket in plan_buckets(lengths))
    assert cells < 1.15 * lengths.sum()
