import random
from collections import Counter
from itertools import chain, zip_longest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.util import registry

from spacy_clinner.training.batch_by_domain import configure_batch_by_domain

from ..toys.domains import domain_of, ids, make_example, make_examples

SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=40)


def alternate(*lists):
    """A stream in which the domains take turns, as `DomainCorpus` yields them."""
    return (example for turn in zip_longest(*lists) for example in turn if example is not None)


def of(batch, *domains):
    return [example for example in batch if domain_of(example) in domains]


def words(examples):
    return sum(map(len, examples))


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, st.integers(1, 60), st.integers(1, 60), st.integers(0, 3), st.booleans())
def test_epochs_and_batches(target_sizes, source_sizes, target_words, source_words, seed, streamed):
    """An epoch is one pass over the target, in its order; every batch has both; nothing twice in a batch."""
    target, source = make_examples("t", target_sizes), make_examples("s", source_sizes)
    batcher = configure_batch_by_domain(["t"], target_words, source_words, seed)
    for _ in range(2):
        batches = list(batcher(alternate(target, source) if streamed else [*source, *target]))
        assert [example for batch in batches for example in of(batch, "t")] == target
        for batch in batches:
            drawn = of(batch, "s")
            assert of(batch, "t") and drawn and len(set(map(id, batch))) == len(batch)
            # one more or one less would not be nearer: off by half of an example's words at most
            assert words(drawn) <= source_words + 15 or len(drawn) == 1
            assert words(drawn) >= source_words - 15 or words(drawn) >= words(source) - 30
        for batch in batches[:-1]:
            assert abs(words(of(batch, "t")) - target_words) <= 15 or len(of(batch, "t")) == 1


def test_sizes_are_near():
    examples = make_examples("t", [7] * 90) + make_examples("s", [11] * 90)
    batches = list(configure_batch_by_domain(["t"], 70, 99)(examples))
    assert {words(of(batch, "t")) for batch in batches} == {70}
    assert {words(of(batch, "s")) for batch in batches} == {99}


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 50), st.integers(0, 9))
def test_each_source_example_comes_once_a_round(n_source, seed):
    """Rounds go on over batches and epochs; spaCy shuffles the list in between."""
    examples = make_examples("t", [4] * 10) + make_examples("s", [4] * n_source)
    batcher = configure_batch_by_domain(["t"], 8, 8, seed)
    drawn = []
    for _ in range(n_source):
        random.shuffle(examples)
        drawn += [example for batch in batcher(examples) for example in ids(of(batch, "s"))]
    counts = Counter(drawn)
    assert len(counts) == n_source
    assert max(counts.values()) - min(counts.values()) <= 1


def test_seeds():
    def drawn(seed):
        examples = make_examples("t", [4] * 20) + make_examples("s", [4] * 50)
        batcher = configure_batch_by_domain(["t"], 8, 16, seed)
        return [[ids(batch) for batch in batcher(examples)] for _ in range(2)]

    random.seed(3)
    np.random.seed(3)
    before = random.getstate(), np.random.get_state()[1].tolist()
    assert drawn(1) == drawn(1) != drawn(2)
    assert drawn(1)[0] != drawn(1)[1]
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


def test_several_sources_in_proportion_and_by_weight():
    examples = make_examples("t", [5] * 400) + make_examples("a", [5] * 300) + make_examples("b", [5] * 100)

    def share(**weights):
        batches = configure_batch_by_domain(["t"], 20, 100, source_weights=weights or None)(examples)
        drawn = Counter(domain_of(example) for batch in batches for example in of(batch, "a", "b"))
        return drawn["b"] / drawn.total()

    assert share() == pytest.approx(0.25, abs=0.02)
    assert share(a=1, b=1) == pytest.approx(0.5, abs=0.04)
    assert share(a=2, b=0) == 0


def test_several_targets():
    examples = make_examples("t", [5] * 4) + make_examples("u", [5] * 4) + make_examples("s", [5] * 4)
    batches = list(configure_batch_by_domain(["t", "u"], 10, 10)(examples))
    assert [len(of(batch, "t", "u")) for batch in batches] == [2] * 4


def test_target_only():
    examples = make_examples("t", [5] * 4) + make_examples("s", [5] * 4)
    for epoch in (examples, iter(examples)):
        batches = list(configure_batch_by_domain(["t"], 10, 0)(epoch))
        assert [ids(batch) for batch in batches] == [["t0", "t1"], ["t2", "t3"]]


def test_a_stream_is_not_held():
    """However long the stream, only the buffers are: here 5 source and 5 target examples, and a batch."""
    ahead = []

    def stream():
        for n in range(3000):
            ahead.append(n)
            yield make_example(5, f"e{n}", "t" if n % 3 == 0 else "s")

    batcher = configure_batch_by_domain(["t"], 10, 20, buffer=5)
    batches = 0
    for batches, batch in enumerate(batcher(stream()), start=1):
        assert words(of(batch, "s")) == 20
        assert len(ahead) <= 3 * (2 * batches + 10)
    assert batches == 500 and all(len(pool.held) <= 5 for pool in batcher.pools.values())


def test_a_stream_brings_new_source_examples():
    target, source = make_examples("t", [5] * 200), make_examples("s", [5] * 400)
    batches = configure_batch_by_domain(["t"], 10, 20, buffer=50)(alternate(source, target))
    drawn = [id for batch in batches for id in ids(of(batch, "s"))]
    # by the end of the target as many source examples have come as target examples
    assert len(drawn) == 400 and 180 < len(set(drawn)) <= 200


def test_a_stream_that_brings_the_same_examples_again():
    """What is left of one order may all be in the batch: then the next order begins."""
    target, source = make_examples("t", [1, 1]), make_examples("s", [1, 4, 27])
    batcher = configure_batch_by_domain(["t"], 1, 17)
    for _ in range(20):
        for batch in batcher(alternate(target, source)):
            assert words(of(batch, "s")) > 1


def test_stream_with_the_source_first_or_last():
    target, source = make_examples("t", [5] * 20), make_examples("s", [5] * 20)
    for stream in (chain(source, target), chain(target, source)):
        batches = list(configure_batch_by_domain(["t"], 10, 10)(stream))
        assert len(batches) == 10 and all(len(of(batch, "s")) == 2 for batch in batches)


def test_empty_documents_do_no_harm():
    examples = make_examples("t", [0, 5, 0]) + make_examples("s", [0, 0])
    assert [ids(of(batch, "t")) for batch in configure_batch_by_domain(["t"], 5, 5)(examples)] == [["t0", "t1", "t2"]]


@pytest.mark.parametrize("kind", [list, iter])
def test_missing_domains(kind):
    target, source = make_examples("t", [5] * 9), make_examples("s", [5] * 9)
    with pytest.raises(ValueError, match=r"CE226.*'u'.*s \(9\), t \(9\)"):
        list(configure_batch_by_domain(["t", "u"], 5, 5)(kind(target + source)))
    with pytest.raises(ValueError, match=r"CE226.*'t'.*found.*: s \(9\)"):
        list(configure_batch_by_domain(["t"], 5, 5)(kind(source)))
    with pytest.raises(ValueError, match=r"CE227.*The source has no example.*t \(9\)"):
        list(configure_batch_by_domain(["t"], 5, 5)(kind(target)))
    with pytest.raises(ValueError, match=r"CE227.*source domain 'a'.*s \(9\), t \(9\)"):
        list(configure_batch_by_domain(["t"], 5, 500, source_weights={"a": 1, "s": 1})(kind(target + source)))
    with pytest.raises(ValueError, match="CE228.*'s'.*names a"):
        list(configure_batch_by_domain(["t"], 5, 5, source_weights={"a": 1})(kind(target + source)))
    with pytest.raises(ValueError, match="CE225.*'n1'"):
        list(configure_batch_by_domain(["t"], 5, 5)(kind([make_example(3, "n1")])))


@pytest.mark.parametrize(
    "setting, value",
    [
        ("target", []),
        ("target_words", 0),
        ("source_words", -1),
        ("buffer", 0),
        ("source_weights", {"a": -1.0, "b": 1.0}),
        ("source_weights", {"a": 0.0}),
        ("source_weights", {"t": 1.0}),
    ],
)
def test_settings_that_make_no_batch(setting, value):
    config = {"@batchers": "spacy_clinner.batch_by_domain.v1", "target": ["t"], "target_words": 9, "source_words": 9}
    with pytest.raises(ValueError, match=f"CE224.*`{setting}`"):
        registry.resolve({"batcher": {**config, setting: value}})
