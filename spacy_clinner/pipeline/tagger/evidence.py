"""What gold says about a tagger's probabilities, at any temperature and threshold; the encoder has run once for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.types import Floats2d, Ints1d, Ints2d

from ...annotations.entity import Entity
from ...layers import crf
from ...layers.tags.layout import sequence_starts


@dataclass(frozen=True)
class TaggerEvidence:
    """Scores of documents and their gold.

    params (CRFParams), emissions (Floats2d), lengths (Ints1d): Scores at temperature 1, as for `layers.crf`.
    tags (Ints1d), allowed (Optional[ndarray]): Gold, as of `pipeline.gold.EncodedGold`.
    docs (Sequence[Doc]): The predicted documents.
    gold (Sequence[Optional[FrozenSet[Entity]]]): Entities of each document; None where there is no gold.
    annotated (Sequence[Optional[FrozenSet[str]]]): Labels that each document was annotated for; None: all.
    looked_at (ndarray): Whether each token was annotated. Bool, shape: (N,)
    labels (Sequence[str]): The tagger's labels.
    """

    params: crf.CRFParams
    emissions: Floats2d
    lengths: Ints1d
    tags: Ints1d
    allowed: NDArray[np.bool_] | None
    docs: Sequence[Doc]
    gold: Sequence[frozenset[Entity] | None]
    annotated: Sequence[frozenset[str] | None]
    looked_at: NDArray[np.bool_]
    labels: Sequence[str]

    # spans that overlap compete: what is found at a threshold changes with the temperature
    order_stays = False

    @property
    def n_gold(self) -> int:
        """How many entities the gold has."""
        return sum(len(entities or ()) for entities in self.gold)

    def log_losses(self, temperatures: Sequence[float]) -> NDArray[np.float64]:
        """Compute how improbable the gold is.

        temperatures (Sequence[float]): What to divide all scores by.
        RETURNS (NDArray[float64]): Negative log-likelihood of each document, 0 where gold says nothing. *Shape:*
            (documents, temperatures)
        RAISES (ValueError): CE112 if a temperature is not above 0.
        """
        tempered = (crf.temper(self.params, self.emissions, temperature) for temperature in temperatures)
        losses = [crf.likelihood(*scores, self.lengths, self.tags, self.allowed).loss for scores in tempered]
        return np.stack(losses, axis=1)

    def counts(self, temperature: float, thresholds: Sequence[float]) -> NDArray[np.int64]:
        """Count what is right, predicted and in the gold.

        temperature (float), thresholds (Sequence[float]): As of the tagger's settings.
        RETURNS (NDArray[int64]): The three numbers of each document; 0 where there is no gold. *Shape:* (documents,
            thresholds, 3)
        RAISES (ValueError): CE111 and CE112 if a threshold or temperature is none.
        """
        tempered = crf.temper(self.params, self.emissions, temperature)
        n = len(self.docs)
        counts = np.zeros((n, len(thresholds), 3), dtype="int64")
        counts[..., 2] = np.array([len(entities or ()) for entities in self.gold], dtype="int64")[:, None]
        for column, (spans, _) in enumerate(crf.decode_at(*tempered, self.lengths, thresholds)):
            judged = spans[self._are_judged(spans)]
            right = np.isin(self._numbers(judged), self._gold_numbers)
            counts[:, column, 0] = np.bincount(judged[right, 0], minlength=n)
            counts[:, column, 1] = np.bincount(judged[:, 0], minlength=n)
        return counts

    def found(self, temperature: float, threshold: float | None) -> NDArray[np.float64]:
        """RETURNS (NDArray[float64]): Probabilities of what is predicted and can be judged. *Shape:* (m,)"""
        tempered = crf.temper(self.params, self.emissions, temperature)
        spans, probabilities = crf.decode(*tempered, self.lengths, threshold)
        return probabilities[self._are_judged(spans)]

    def _are_judged(self, spans: Ints2d) -> NDArray[np.bool_]:
        """Whether the gold can judge what is predicted, as the scorer does: it is of an annotated label, and somebody
        looked at one of its tokens at least. *Shape:* (m,)"""
        docs, starts, ends, labels = spans.T
        before = np.concatenate([[0], np.cumsum(self.looked_at)])
        first = sequence_starts(self.lengths)[docs]
        return self._judged_labels[docs, labels] & (before[first + ends] > before[first + starts])

    @cached_property
    def _judged_labels(self) -> NDArray[np.bool_]:
        """Whether the gold can judge entities of a label in a document. *Shape:* (documents, labels)"""
        rows = [
            [entities is not None and (annotated is None or label in annotated) for label in self.labels]
            for entities, annotated in zip(self.gold, self.annotated, strict=True)
        ]
        return np.array(rows, dtype=bool).reshape(-1, len(self.labels))

    @cached_property
    def _gold_numbers(self) -> Ints1d:
        """Of the gold's entities; one that does not begin and end with tokens, or of another label, cannot be found."""
        numbers = {label: number for number, label in enumerate(self.labels)}
        rows = []
        for number, (doc, entities) in enumerate(zip(self.docs, self.gold, strict=True)):
            starts = {token.idx: token.i for token in doc} if entities else {}
            ends = {token.idx + len(token): token.i + 1 for token in doc} if entities else {}
            rows += [
                (number, starts[start], ends[end], numbers[label])
                for start, end, label in entities or ()
                if start in starts and end in ends and label in numbers
            ]
        return self._numbers(np.array(rows, dtype="int64").reshape(-1, 4))

    def _numbers(self, spans: Ints2d) -> Ints1d:
        """One number for each span (m, 4), of all spans that there could be."""
        room = int(self.lengths.max(initial=0)) + 1
        return np.ravel_multi_index(tuple(spans.T), (len(self.docs) or 1, room, room, len(self.labels)))
