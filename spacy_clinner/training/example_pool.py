"""Examples of a corpus in an endless random order without replacement, and batches drawn from several corpora."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from spacy.training import Example

from ..annotations.keys import DOC_ID_KEY, DOMAIN_KEY
from ..errors import Errors


class ExamplePool:
    """Holds examples of a corpus and draws from them; when all had their turn, it shuffles them again."""

    def __init__(self, rng: np.random.Generator, buffer: int) -> None:
        """Make an empty pool.

        rng (Generator): gives the order; pools may share one.
        buffer (int): examples to hold of a stream.
        """
        self.rng = rng
        self.buffer = buffer
        self.held: deque[Example] = deque()
        self.words = 0
        self._queue: list[Example] = []

    def replace(self, examples: Sequence[Example]) -> None:
        """Hold these examples; what is left of the present order goes on if they are the ones held before."""
        ids = {id(example) for example in examples}
        self._queue = [example for example in self._queue if id(example) in ids]
        self.held, self.words = deque(examples), sum(map(len, examples))

    def add(self, example: Example) -> None:
        """Hold one more example of a stream; in a full pool it takes the place of the oldest."""
        if len(self.held) >= self.buffer:
            self.words -= len(self.held.popleft())
        self.held.append(example)
        self.words += len(example)
        # a random place of the order; what was to come last gives way
        self._queue.insert(int(self.rng.integers(len(self._queue) + 1)), example)
        del self._queue[: -self.buffer]

    def draw(self, drawn: set[int]) -> Example | None:
        """Take the next example that is not in the batch yet.

        drawn (Set[int]): ids of the batch's examples.
        RETURNS (Optional[Example]): the example; None if the batch has all of them.
        """
        example = self._next(drawn)
        if example is None and any(id(held) not in drawn for held in self.held):
            order: list[Any] = list(self.held)
            self.rng.shuffle(order)
            self._queue = [*order, *self._queue]
            example = self._next(drawn)
        return example

    def _next(self, drawn: set[int]) -> Example | None:
        later = []
        while self._queue and id(self._queue[-1]) in drawn:
            later.append(self._queue.pop())
        example = self._queue.pop() if self._queue else None
        self._queue.extend(reversed(later))
        return example

    def put_back(self, example: Example) -> None:
        """Undo a draw: the example is the next one again."""
        self._queue.append(example)


def draw_batch(
    pools: Mapping[str, ExamplePool], chances: Mapping[str, float], words: int, rng: np.random.Generator
) -> list[Example]:
    """Draw a batch of about so many words, each example from a pool chosen by chance.

    pools (Mapping[str, ExamplePool]): pools, none of them empty.
    chances (Mapping[str, float]): chance of each pool to give the next example, in any unit.
    words (int): words of the batch; fewer if the pools hold fewer. No example comes twice.
    rng (Generator): chooses the pools.
    RETURNS (List[Example]): the batch.
    """
    batch: list[Example] = []
    drawn: set[int] = set()
    n_words, left = 0, dict(chances)
    while n_words < words and left:
        total = sum(left.values())
        pool = pools[(name := str(rng.choice(list(left), p=[chance / total for chance in left.values()])))]
        example = pool.draw(drawn)
        if example is None:
            del left[name]
            continue
        if batch and not joins(n_words, len(example), words):
            pool.put_back(example)
            break
        batch.append(example)
        drawn.add(id(example))
        n_words += len(example)
    return batch


def joins(words: int, n: int, size: int) -> bool:
    """Whether so many more words bring a batch nearer to its size."""
    return abs(words + n - size) <= abs(words - size)


def domain_of(example: Example) -> str:
    """RETURNS (str): The example's domain. RAISES (ValueError): CE225 if it has none."""
    domain = example.reference.user_data.get(DOMAIN_KEY)
    if domain is None:
        raise ValueError(Errors.CE225.format(doc=example.reference.user_data.get(DOC_ID_KEY)))
    return domain


def names_of(found: Counter[str]) -> str:
    """RETURNS (str): Domains and their numbers of examples, for errors."""
    return ", ".join(f"{domain} ({n})" for domain, n in sorted(found.items()) if n) or "none"
