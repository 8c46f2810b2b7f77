"""The batches of a training, which can be gone through again up to any of them."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.training import Example

from .randomness import read_python, write_python

# State of Python's generator before the examples of an epoch are shuffled.
EpochState = tuple[np.ndarray, float | None]


class TrainBatches:
    """Batches as spaCy's training makes them, and what is needed to make them again.

    Where a training stands in its data is in the reader, in the batcher and in the order of the examples. None of these
    can be stored, but all of them can be gone through again, which costs no more than reading does.
    """

    def __init__(
        self,
        nlp: Language,
        corpus: Callable[[Language], Iterable[Example]],
        batcher: Callable[[Iterable[Example]], Iterable[list[Example]]],
        max_epochs: int,
    ) -> None:
        """Bind what makes batches.

        nlp (Language): The pipeline.
        corpus (Callable), batcher (Callable), max_epochs (int): As of `[training]`.
        """
        self.nlp, self.corpus, self.batcher, self.max_epochs = nlp, corpus, batcher, max_epochs
        self.epochs: list[EpochState] = []

    def __call__(self, epochs: Sequence[EpochState] = (), given: int = 0) -> Iterator[tuple[int, list[Example]]]:
        """Make the batches; the first ones are made anew and not given.

        Python's random state is then that of the last epoch's begin: set all states before the next batch is drawn.

        epochs (Sequence[EpochState]): States of the epochs that have begun, of another run of the same training.
        given (int): How many batches that run has had.
        YIELDS (Tuple[int, List[Example]]): Epoch and batch.
        RAISES (ValueError): spaCy's E986 if there is no example.
        """
        batches = self._make(epochs)
        # an iterator over nothing goes on where the batches do
        next(islice(batches, given, given), None)
        return batches

    def _make(self, known: Sequence[EpochState]) -> Iterator[tuple[int, list[Example]]]:
        listed = list(self.corpus(self.nlp)) if self.max_epochs >= 0 else None
        if listed is not None and not listed:
            raise ValueError(SpacyErrors.E986)
        while self.max_epochs < 1 or len(self.epochs) != self.max_epochs:
            epoch = len(self.epochs)
            if epoch < len(known):
                write_python(known[epoch])
            self.epochs.append(read_python())
            if listed is not None:
                random.shuffle(listed)
            for batch in self.batcher(self.corpus(self.nlp) if listed is None else listed):
                yield epoch, batch
