from collections import Counter
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_clinner.training.batch_by_corpus import configure_batch_by_corpus

from ..toys.domains import domain_of, ids, make_example, make_examples

SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=40)


def words_by_corpus(batches):
    counts = Counter()
    for example in chain.from_iterable(batches):
        counts[domain_of(example)] += len(example)
    return counts


def epochs(batcher, examples, n):
    return [batch for _ in range(n) for batch in batcher(examples)]


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, st.integers(1, 60), st.integers(0, 3), st.booleans())
def test_batches(one, two, words, seed, mixed):
    examples = make_examples("a", one) + make_examples("b", two)
    batches = list(configure_batch_by_corpus(words, mixed=mixed, seed=seed)(examples))
    assert len(batches) == max(round(sum(one + two) / words), 1)
    for batch in batches:
        assert batch and len(set(map(id, batch))) == len(batch)
        assert sum(map(len, batch)) <= words + 15 or len(batch) == 1
        assert mixed or len(set(map(domain_of, batch))) == 1


@pytest.mark.parametrize("mixed", [True, False])
@pytest.mark.parametrize(("exponent", "share"), [(1.0, 0.9), (0.5, 0.75), (0.0, 0.5)])
def test_shares_are_of_words(exponent, share, mixed):
    """Nine times the words in long examples: three times as many with the root."""
    examples = make_examples("large", [45] * 400) + make_examples("small", [10] * 200)
    batches = epochs(configure_batch_by_corpus(200, exponent, mixed=mixed), examples, 12)
    counts = words_by_corpus(batches)
    assert counts["large"] / sum(counts.values()) == pytest.approx(share, abs=0.06)


def test_weights_are_shares():
    examples = make_examples("a", [10] * 50) + make_examples("b", [20] * 50) + make_examples("c", [10] * 50)
    counts = words_by_corpus(epochs(configure_batch_by_corpus(100, weights={"a": 3, "b": 1, "c": 0}), examples, 40))
    assert counts["a"] / counts["b"] == pytest.approx(3, rel=0.15) and not counts["c"]


def test_each_example_of_a_corpus_comes_once_a_round():
    """Rounds go on over batches and epochs."""
    examples = make_examples("a", [5] * 30) + make_examples("b", [5] * 7)
    drawn = chain.from_iterable(epochs(configure_batch_by_corpus(25, 0.0), examples, 9))
    of_b = [name for name in ids(list(drawn)) if name.startswith("b")]
    for start in range(0, len(of_b) - 7, 7):
        assert len(set(of_b[start : start + 7])) == 7


def test_seed_decides():
    examples = make_examples("a", [5] * 30) + make_examples("b", [7] * 30)
    one, same, other = (
        [ids(batch) for batch in configure_batch_by_corpus(40, seed=seed)(examples)] for seed in (1, 1, 2)
    )
    assert one == same != other


@pytest.mark.parametrize("settings", [{"words": 0}, {"exponent": 1.5}, {"weights": {"a": 0}}, {"weights": {}}])
def test_settings_that_make_no_batch(settings):
    with pytest.raises(ValueError, match=f"CE395.*{next(iter(settings))}"):
        configure_batch_by_corpus(**{"words": 10, **settings})


def test_corpora_that_are_missing():
    examples = make_examples("a", [5])
    with pytest.raises(ValueError, match=r"CE396.*a \(1\).*a, b"):
        list(configure_batch_by_corpus(10, weights={"a": 1, "b": 1})(examples))
    with pytest.raises(ValueError, match="CE396.*none"):
        list(configure_batch_by_corpus(10)([]))
    with pytest.raises(ValueError, match="CE225.*'x'"):
        list(configure_batch_by_corpus(10)([make_example(3, "x")]))
    with pytest.raises(ValueError, match="CE397"):
        list(configure_batch_by_corpus(10)(iter(examples)))
