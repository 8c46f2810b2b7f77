"""What of a corpus is in another one, too: documents and sentences that a model must not learn and be tested on.

Everything is compared by sorted numbers, so that the time grows with the corpora, not with their product.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from thinc.types import Floats1d, Ints1d

from .fingerprints import Fingerprints, Lookup
from .leak import DOCUMENT, ID, SENTENCE, SEQUENCES, TEXT, Leak, Leaks

SHARE = 0.5
# Ids of different corpora may be the same by accident: the texts must have this share of sequences in common.
SAME_ID_SHARE = 0.1


def find_leaks(corpus: Fingerprints, other: Fingerprints, name: str = "", share: float = SHARE) -> Leaks:
    """Find the documents and sentences of a corpus that are in another one, whatever their case, punctuation, white
    space and tokens.

    A document is in the other corpus if that holds its text, or one of the same id that has a tenth of the shorter's
    sequences of words in common; or if the given share of its sequences, or of its words by whole sentences, is there.
    A sentence is if it is there, of five words or more; or if the share of its sequences, or of those of a sentence
    there, is common.

    corpus (Fingerprints): From `take_fingerprints`.
    other (Fingerprints): The same of the other corpus.
    name (str): Name of the other corpus.
    share (float): The share, above 0.
    RETURNS (Leaks): What was found.
    """
    return _Comparison(corpus, other, name, share).leaks()


@dataclass(frozen=True)
class _Comparison:
    corpus: Fingerprints
    other: Fingerprints
    name: str
    share: float

    def leaks(self) -> Leaks:
        found = sorted([*self._docs(), *self._sentences()], key=lambda leak: (leak.doc, leak.start))
        other_found = self.other.long_sentences & (self.other_keys | (self.other_shares >= self.share))
        return Leaks(self.name, found, int(self.other.long_sentences.sum()), int(other_found.sum()))

    # by sequence of words, those of the corpus

    @cached_property
    def holders(self) -> Ints1d:
        """Number of a document of the other corpus that holds each sequence; -1 if none does."""
        values, in_doc, _ = self.corpus.sequences
        return np.where(in_doc, self.other.sequence_lookup.find(values), -1)

    # by sentence of the other corpus

    @cached_property
    def other_keys(self) -> np.ndarray:
        """Whether the corpus holds each sentence of the other one."""
        return self.corpus.sentence_lookup.find(self.other.sentence_keys) >= 0

    @cached_property
    def other_shares(self) -> Floats1d:
        """Share of each sentence's sequences that the corpus holds."""
        return _shares(self.other_common, self.other.sequences.in_sentence, self.other.sentence_bounds)

    @cached_property
    def other_common(self) -> np.ndarray:
        """Whether the corpus holds each sequence of the other one."""
        values, _, in_sentence = self.other.sequences
        return in_sentence & (self.corpus.sequence_lookup.find(values) >= 0)

    # by sentence of the corpus

    @cached_property
    def sentence_holders(self) -> Ints1d:
        """Number of a document of the other corpus that holds each sentence; -1 if none does."""
        found = self.other.sentence_lookup.find(self.corpus.sentence_keys)
        return np.where(self.corpus.long_sentences, found, -1)

    @cached_property
    def sentence_shares(self) -> Floats1d:
        """Share of each sentence's sequences that the other corpus holds."""
        return _shares(self.holders >= 0, self.corpus.sequences.in_sentence, self.corpus.sentence_bounds)

    @cached_property
    def covering(self) -> np.ndarray:
        """Whether each sentence holds enough of one of the other corpus, which may be shorter, or cut otherwise."""
        values, in_doc, _ = self.corpus.sequences
        enough = self.other_common & (self.other_shares >= self.share)[self.other.sentence_of_word]
        marked = self.other.sequences.values[enough]
        begins = in_doc & (Lookup.of(marked, np.zeros(len(marked), dtype="int64")).find(values) >= 0)
        n_begun, places = np.concatenate([[0], np.cumsum(begins)]), np.arange(len(values))
        covered = n_begun[places + 1] > n_begun[np.maximum(places - self.corpus.n_words + 1, 0)]
        return _sums(covered, self.corpus.sentence_bounds) > 0

    @cached_property
    def same_sentences(self) -> np.ndarray:
        """Whether each sentence, or most of it, is in the other corpus."""
        return (self.sentence_holders >= 0) | (self.sentence_shares >= self.share)

    # by document of the corpus

    @cached_property
    def doc_shares(self) -> Floats1d:
        """Share of each document that is in the other corpus: of its sequences, or of its words in whole sentences."""
        by_sequence = _shares(self.holders >= 0, self.corpus.sequences.in_doc, self.corpus.doc_bounds)
        in_sentences = self.same_sentences[self.corpus.sentence_of_word]
        by_sentence = _shares(in_sentences, np.ones(len(in_sentences), dtype=bool), self.corpus.doc_bounds)
        return np.maximum(by_sequence, by_sentence)

    @cached_property
    def whole_docs(self) -> dict[int, tuple[str, int]]:
        """Documents that are in the other corpus by their numbers: the evidence, and number of the one there."""
        same = np.where(self.corpus.long_docs, self.other.doc_lookup.find(self.corpus.doc_keys), -1)
        mostly = np.flatnonzero((self.doc_shares >= self.share) & (self.doc_shares > 0)).tolist()
        found = {doc: (SEQUENCES, self._most_common(doc)) for doc in mostly}
        found |= {doc: (ID, other) for doc, other in self._same_ids()}
        return found | {doc: (TEXT, int(same[doc])) for doc in np.flatnonzero(same >= 0).tolist()}

    def _same_ids(self) -> Iterator[tuple[int, int]]:
        """Pairs of documents of the same id: "8908396_3" is a part of "8908396"."""
        by_id = {doc_id: number for number, doc_id in enumerate(self.other.ids) if self.other.named[number]}
        parts: defaultdict[str, list[int]] = defaultdict(list)
        for doc_id, number in by_id.items():
            if (whole := _whole_id(doc_id)) != doc_id:
                parts[whole].append(number)
        for number in np.flatnonzero(self.corpus.named).tolist():
            doc_id = self.corpus.ids[number]
            names = dict.fromkeys((doc_id, _whole_id(doc_id)))
            for other in [*(by_id[name] for name in names if name in by_id), *parts.get(doc_id, ())]:
                if self._common_share(number, other) >= SAME_ID_SHARE:
                    yield number, other
                    break

    def _common_share(self, doc: int, other: int) -> float:
        ours, theirs = self.corpus.sequences_of(doc), self.other.sequences_of(other)
        common = np.intersect1d(ours, theirs, assume_unique=True)
        return len(common) / (min(len(ours), len(theirs)) or 1)

    def _docs(self) -> Iterator[Leak]:
        for doc, (evidence, other) in self.whole_docs.items():
            yield self._leak(doc, 0, int(self.corpus.doc_sizes[doc]), DOCUMENT, evidence, self.doc_shares[doc], other)

    def _sentences(self) -> Iterator[Leak]:
        for sentence in np.flatnonzero(self.same_sentences | self.covering).tolist():
            doc = int(self.corpus.sentence_docs[sentence])
            if doc in self.whole_docs:
                continue
            start, end = self.corpus.sentence_tokens[sentence].tolist()
            other, share, evidence = int(self.sentence_holders[sentence]), 1.0, TEXT
            if other < 0:
                evidence, share = SEQUENCES, self.sentence_shares[sentence]
                other = self._most_common(doc, sentence)
            yield self._leak(doc, start, end, SENTENCE, evidence, share, other)

    def _most_common(self, doc: int, sentence: int | None = None) -> int:
        """The document of the other corpus that holds most of a document, or of one of its sentences."""
        bounds = self.corpus.doc_bounds[doc : doc + 2]
        if sentence is not None:
            start, end = self.corpus.sentence_bounds[sentence : sentence + 2]
            # sequences that only end in it, too
            bounds = max(start - self.corpus.n_words + 1, bounds[0]), end
        found = self.holders[slice(*bounds)]
        if not (found >= 0).any():
            found = self.sentence_holders[self.corpus.sentence_docs == doc]
        return int(np.bincount(found[found >= 0]).argmax())

    def _leak(self, doc: int, start: int, end: int, what: str, evidence: str, share: float, other: int) -> Leak:
        spans = self.corpus.entities[doc]
        touched = int(((spans[:, 0] < end) & (spans[:, 1] > start)).sum())
        ids = self.corpus.ids[doc], self.other.ids[other]
        return Leak(doc, ids[0], start, end, what, evidence, float(share), touched, self.name, ids[1])


def _whole_id(doc_id: str) -> str:
    """The id of the document that one of a part, such as a sentence, is of: without "_" and a number at its end."""
    return re.sub(r"(?<=.)_\d+$", "", doc_id)


def _sums(flags: np.ndarray, bounds: Ints1d) -> Ints1d:
    """How many are set in each part."""
    before = np.concatenate([[0], np.cumsum(flags)])
    return before[bounds[1:]] - before[bounds[:-1]]


def _shares(found: np.ndarray, counted: np.ndarray, bounds: Ints1d) -> Floats1d:
    """Share of what is counted in each part that was found; 0 where nothing is counted."""
    return _sums(found & counted, bounds) / np.maximum(_sums(counted, bounds), 1)
