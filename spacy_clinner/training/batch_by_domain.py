"""Batches that hold a share of the target domains and a share of the source domains."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from spacy.training import Example
from spacy.util import registry

from ..errors import Errors
from .example_pool import ExamplePool, domain_of, draw_batch, joins, names_of

# the one pool of all source domains, where no weights are given
ALL = "all"


@registry.batchers("spacy_clinner.batch_by_domain.v1")
def configure_batch_by_domain(
    target: list[str],
    target_words: int,
    source_words: int,
    seed: int = 0,
    source_weights: dict[str, float] | None = None,
    buffer: int = 1000,
) -> Callable[[Iterable[Example]], Iterator[list[Example]]]:
    """Pair every batch of target examples with source examples; an epoch is one pass over the target.

    Sizes are approximate: an example joins if that brings the number of words nearer to the wanted one. Source examples
    come in a random order without replacement; it goes on from batch to batch and from epoch to epoch, and is drawn
    anew when all had their turn.

    target (List[str]): names of the target domains, as in `spacy_clinner.DomainCorpus.v1`; all others are source.
    target_words (int): words of the target in a batch; the last batch of an epoch may have fewer.
    source_words (int): words of the source in a batch; 0 for the target only.
    seed (int): seed of the source's order. No global random state is read or changed.
    source_weights (Optional[Dict[str, float]]): chance of each source domain to give the next example, in any unit;
        None: all source examples form one pool, so that domains come in proportion to their number of examples.
    buffer (int): of a stream (`max_epochs = -1`): source examples that each pool holds, and target examples that may
        wait for the source.
    RETURNS (Callable[[Iterable[Example]], Iterator[List[Example]]]): the batcher; target examples come first in a
        batch. It raises CE225 for an example without a domain, CE226 if a target domain and CE227 if the source (or
        one that has a weight) is missing, CE228 for a source domain without a weight.
    RAISES (ValueError): CE224 for settings that make no batch.
    """
    weights = source_weights or {}
    checks = (
        ("target", target, bool(target)),
        ("target_words", target_words, target_words >= 1),
        ("source_words", source_words, source_words >= 0),
        ("buffer", buffer, buffer >= 1),
        ("source_weights", weights, not weights or (min(weights.values()) >= 0 and any(weights.values()))),
        ("source_weights", weights, not weights.keys() & set(target)),
    )
    for setting, value, is_right in checks:
        if not is_right:
            raise ValueError(Errors.CE224.format(setting=setting, value=value))
    return _DomainBatcher(target, target_words, source_words, seed, weights, buffer)


class _DomainBatcher:
    def __init__(
        self, target: list[str], target_words: int, source_words: int, seed: int, weights: dict[str, float], buffer: int
    ) -> None:
        self.target, self.target_words, self.source_words = target, target_words, source_words
        self.rng = np.random.default_rng(seed)
        self.weights, self.buffer = weights, buffer
        self.chances = {name: weight for name, weight in weights.items() if weight} or {ALL: 1.0}
        self.pools = {name: ExamplePool(self.rng, buffer) for name in self.chances}

    def __call__(self, examples: Iterable[Example]) -> Iterator[list[Example]]:
        found: Counter[str] = Counter()
        read = self._read_list if isinstance(examples, Sequence) else self._read_stream
        for batch in _batch(read(examples, found), self.target_words):
            yield batch + self._draw(found)
        self._check_target(found)

    def _read_list(self, examples: Iterable[Example], found: Counter[str]) -> Iterator[Example]:
        """Fill the pools with all source examples, then yield the target's."""
        targets: list[Example] = []
        sources: dict[str, list[Example]] = {name: [] for name in self.pools}
        for example in examples:
            domain = self._domain(example, found)
            if domain in self.target:
                targets.append(example)
            elif name := self._pool_name(domain):
                sources[name].append(example)
        self._check_target(found)
        for name, pool in self.pools.items():
            pool.replace(sources[name])
        yield from targets

    def _read_stream(self, examples: Iterable[Example], found: Counter[str]) -> Iterator[Example]:
        """Yield target examples as they come, after the pools got enough for a batch, or the buffer is full."""
        waiting: deque[Example] = deque()
        for example in examples:
            domain = self._domain(example, found)
            if domain in self.target:
                waiting.append(example)
            elif name := self._pool_name(domain):
                self.pools[name].add(example)
            while waiting and (len(waiting) > self.buffer or self._is_filled()):
                yield waiting.popleft()
        yield from waiting

    def _is_filled(self) -> bool:
        return all(pool.words >= self.source_words for pool in self.pools.values())

    def _domain(self, example: Example, found: Counter[str]) -> str:
        domain = domain_of(example)
        found[domain] += 1
        return domain

    def _pool_name(self, domain: str) -> str | None:
        """Name of the pool of a source domain; None if nothing is drawn from it."""
        if not self.source_words:
            return None
        if not self.weights:
            return ALL
        if domain not in self.weights:
            raise ValueError(Errors.CE228.format(domain=domain, weights=", ".join(self.weights)))
        return domain if domain in self.pools else None

    def _draw(self, found: Counter[str]) -> list[Example]:
        """Source examples of one batch."""
        if not self.source_words:
            return []
        for name, pool in self.pools.items():
            if not pool.held:
                missing = "source" if name == ALL else f"source domain {name!r}"
                raise ValueError(Errors.CE227.format(missing=missing, found=names_of(found)))
        return draw_batch(self.pools, self.chances, self.source_words, self.rng)

    def _check_target(self, found: Counter[str]) -> None:
        for domain in self.target:
            if not found[domain]:
                raise ValueError(Errors.CE226.format(domain=domain, found=names_of(found)))


def _batch(examples: Iterable[Example], size: int) -> Iterator[list[Example]]:
    """Batches of about so many words, in the order of the examples."""
    batch: list[Example] = []
    words = 0
    for example in examples:
        if batch and not joins(words, len(example), size):
            yield batch
            batch, words = [], 0
        batch.append(example)
        words += len(example)
    if batch:
        yield batch
