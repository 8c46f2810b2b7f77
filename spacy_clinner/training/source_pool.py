"""Source examples in an endless random order without replacement, for one batcher."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from spacy.training import Example


class SourcePool:
    """Holds source examples and draws from them; when all had their turn, it shuffles them again."""

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
