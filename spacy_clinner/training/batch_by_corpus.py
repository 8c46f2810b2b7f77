"""Batches from many corpora, in which small ones are not drowned by large ones."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from spacy.training import Example
from spacy.util import registry

from ..errors import Errors
from .example_pool import ExamplePool, domain_of, draw_batch, names_of


@registry.batchers("spacy_clinner.batch_by_corpus.v1")
def configure_batch_by_corpus(
    words: int,
    exponent: float = 0.5,
    weights: dict[str, float] | None = None,
    mixed: bool = True,
    seed: int = 0,
) -> Callable[[Iterable[Example]], Iterator[list[Example]]]:
    """Draw batches from many corpora, each in proportion to a power of its size.

    An epoch has as many batches as one pass over all corpora would; a small corpus may come several times in it, a
    large one in part. The examples of each corpus come in a random order without replacement that goes on from batch
    to batch and from epoch to epoch, and is drawn anew when all had their turn.

    words (int): words of a batch, about. An example joins if that brings their number nearer to the wanted one.
    exponent (float): the share of a corpus' words is proportional to the power of its number of words: 1 for corpora
        as large as they are, 0 for all alike, 0.5 between (Arivazhagan et al. 2019, section 4.2, for languages: a
        temperature of 2).
    weights (Optional[Dict[str, float]]): shares of the corpora by name, in any unit, instead of a power of their size.
    mixed (bool): whether a batch holds examples of several corpora, or of one.
    seed (int): seed of the draws. No global random state is read or changed.
    RETURNS (Callable[[Iterable[Example]], Iterator[List[Example]]]): the batcher. It raises CE225 for an example
        without a domain, CE396 if weights and corpora are not of the same names, CE397 for a stream, whose sizes
        nobody knows.
    RAISES (ValueError): CE395 for settings that make no batch.
    """
    checks = (
        ("words", words, words >= 1),
        ("exponent", exponent, 0 <= exponent <= 1),
        ("weights", weights, weights is None or (min(weights.values(), default=-1) >= 0 and any(weights.values()))),
    )
    for setting, value, is_right in checks:
        if not is_right:
            raise ValueError(Errors.CE395.format(setting=setting, value=value))
    return _CorpusBatcher(words, exponent, weights, mixed, seed)


class _CorpusBatcher:
    def __init__(
        self, words: int, exponent: float, weights: Mapping[str, float] | None, mixed: bool, seed: int
    ) -> None:
        self.words, self.exponent, self.weights, self.mixed = words, exponent, weights, mixed
        self.rng = np.random.default_rng(seed)
        self.pools: dict[str, ExamplePool] = {}

    def __call__(self, examples: Iterable[Example]) -> Iterator[list[Example]]:
        if not isinstance(examples, Sequence):
            raise ValueError(Errors.CE397)
        self._hold(examples)
        shares = self._shares()
        for _ in range(max(round(sum(map(len, examples)) / self.words), 1)):
            if self.mixed:
                # a share is of words, a chance of examples
                of_examples = {name: share / self._mean_words(name) for name, share in shares.items()}
                yield draw_batch(self.pools, of_examples, self.words, self.rng)
            else:
                name = str(self.rng.choice(list(shares), p=list(shares.values())))
                yield draw_batch(self.pools, {name: 1.0}, self.words, self.rng)

    def _hold(self, examples: Sequence[Example]) -> None:
        by_corpus: dict[str, list[Example]] = {}
        for example in examples:
            if len(example):
                by_corpus.setdefault(domain_of(example), []).append(example)
        if not by_corpus or (self.weights is not None and self.weights.keys() != by_corpus.keys()):
            found = names_of(Counter({name: len(own) for name, own in by_corpus.items()}))
            raise ValueError(Errors.CE396.format(found=found, weights=", ".join(self.weights or ()) or "none"))
        self.pools = {
            name: self.pools.get(name) or ExamplePool(self.rng, len(by_corpus[name])) for name in sorted(by_corpus)
        }
        for name, pool in self.pools.items():
            pool.replace(by_corpus[name])

    def _shares(self) -> dict[str, float]:
        sizes = {name: pool.words**self.exponent for name, pool in self.pools.items()}
        shares = {name: share for name, share in (self.weights or sizes).items() if share}
        total = sum(shares.values())
        return {name: share / total for name, share in shares.items()}

    def _mean_words(self, name: str) -> float:
        return self.pools[name].words / len(self.pools[name].held)
