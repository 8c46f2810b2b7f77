"""What of a corpus is compared with another one: its sentences and sequences of words, as numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from spacy.strings import get_string_id
from spacy.tokens import Doc
from thinc.types import Ints1d, Ints2d

from ..annotations.documents import document_ids
from ..annotations.keys import DOC_ID_KEY
from ..text.sentencizer import Sentencizer
from .word_sequences import hash_sequences, hash_words, words_of

N_WORDS = 8
# A sentence of fewer words may be in two texts that have nothing to do with each other.
FEWEST_WORDS = 5


class Sequences(NamedTuple):
    """Sequences of words, by the number of their first word; those at the end that are shorter are zeros.

    values (Ints1d): What is compared.
    in_doc (ndarray): Whether it lies in one document. Bool.
    in_sentence (ndarray): Whether it lies in one sentence. Bool.
    """

    values: Ints1d
    in_doc: np.ndarray
    in_sentence: np.ndarray


@dataclass(frozen=True)
class Lookup:
    """Values, sorted, each with the number of the first document that holds it."""

    values: Ints1d
    docs: Ints1d

    @classmethod
    def of(cls, values: Ints1d, docs: Ints1d) -> "Lookup":
        """Make a lookup of values (Ints1d) and the numbers of their documents (Ints1d)."""
        unique, first = np.unique(values, return_index=True)
        return cls(unique, docs[first])

    def find(self, values: Ints1d) -> Ints1d:
        """Look values up.

        values (Ints1d): The values.
        RETURNS (Ints1d): Number of a document that holds each; -1 where none does.
        """
        if not len(self.values):
            return np.full(len(values), -1)
        place = np.minimum(np.searchsorted(self.values, values), len(self.values) - 1)
        return np.where(self.values[place] == values, self.docs[place], -1)


@dataclass(frozen=True)
class Fingerprints:
    """A corpus as numbers.

    ids (Sequence[str]): Ids of the documents, as of `document_ids`.
    named (Sequence[bool]): Whether each has an id of its own, which may be that of the same one elsewhere.
    words (Ints1d): All words of all documents, as of `hash_words`.
    doc_bounds (Ints1d): Numbers of each document's first word, and that of all words. Shape: (documents + 1,)
    doc_keys (Ints1d): A number for the letters and digits of each document.
    sentence_bounds (Ints1d): Numbers of each sentence's first word, and that of all words. Shape: (sentences + 1,)
    sentence_keys (Ints1d): A number for the letters and digits of each sentence.
    sentence_docs (Ints1d): Number of each sentence's document.
    sentence_tokens (Ints2d): First token in its document, and the one after the last. Shape: (sentences, 2)
    doc_sizes (Ints1d): Number of each document's tokens.
    entities (Sequence[Ints2d]): First token and the one after the last of each document's entities. Shapes: (n, 2)
    n_words (int): Length of the sequences that are compared.
    """

    ids: Sequence[str]
    named: Sequence[bool]
    words: Ints1d
    doc_bounds: Ints1d
    doc_keys: Ints1d
    sentence_bounds: Ints1d
    sentence_keys: Ints1d
    sentence_docs: Ints1d
    sentence_tokens: Ints2d
    doc_sizes: Ints1d
    entities: Sequence[Ints2d]
    n_words: int = N_WORDS

    @cached_property
    def doc_of_word(self) -> Ints1d:
        """Number of each word's document."""
        return np.repeat(np.arange(len(self.ids)), np.diff(self.doc_bounds))

    @cached_property
    def sentence_of_word(self) -> Ints1d:
        """Number of each word's sentence."""
        return np.repeat(np.arange(len(self.sentence_docs)), np.diff(self.sentence_bounds))

    @cached_property
    def long_docs(self) -> np.ndarray:
        """Whether each document has words enough to be recognized by all of them."""
        return np.diff(self.doc_bounds) >= FEWEST_WORDS

    @cached_property
    def long_sentences(self) -> np.ndarray:
        """Whether each sentence has words enough to be recognized."""
        return np.diff(self.sentence_bounds) >= FEWEST_WORDS

    @cached_property
    def sequences(self) -> Sequences:
        """All sequences of words."""
        values = np.zeros(len(self.words), dtype="uint64")
        found = hash_sequences(self.words, self.n_words)
        values[: len(found)] = found
        ends = np.arange(len(self.words)) + self.n_words
        in_doc = ends <= self.doc_bounds[1:][self.doc_of_word]
        return Sequences(values, in_doc, ends <= self.sentence_bounds[1:][self.sentence_of_word])

    @cached_property
    def sequence_lookup(self) -> Lookup:
        """Sequences of documents."""
        values, in_doc, _ = self.sequences
        return Lookup.of(values[in_doc], self.doc_of_word[in_doc])

    @cached_property
    def sentence_lookup(self) -> Lookup:
        """Sentences that have words enough."""
        return Lookup.of(self.sentence_keys[self.long_sentences], self.sentence_docs[self.long_sentences])

    @cached_property
    def doc_lookup(self) -> Lookup:
        """Documents that have words enough."""
        return Lookup.of(self.doc_keys[self.long_docs], np.flatnonzero(self.long_docs))

    def sequences_of(self, doc: int) -> Ints1d:
        """RETURNS (Ints1d): The different sequences of a document, by its number."""
        part = slice(*self.doc_bounds[doc : doc + 2])
        values, in_doc, _ = self.sequences
        return np.unique(values[part][in_doc[part]])


def take_fingerprints(docs: Sequence[Doc], n_words: int = N_WORDS) -> Fingerprints:
    """Put a corpus in numbers.

    docs (Sequence[Doc]): Its documents. Their sentences are those that are marked; without marks, those that
        `clinner_sentencizer` finds. Those whose gold is missing in a document with gold were taken out, and are
        skipped.
    n_words (int): Length of the sequences that are compared.
    RETURNS (Fingerprints): The numbers.
    RAISES (ValueError): CE064 if two documents have the same id.
    """
    words: list[str] = []
    doc_bounds, doc_keys, sentence_bounds = [0], [], [0]
    keys, sentence_docs, sentence_tokens, entities = [], [], [], []
    for number, doc in enumerate(docs):
        annotated = doc.has_annotation("ENT_IOB")
        missing = doc.to_array("ENT_IOB") == 0
        for start, end in sentence_bounds_of(doc):
            if annotated and missing[start:end].all():
                continue
            found = words_of(doc[start:end].text)
            words += found
            sentence_bounds.append(len(words))
            # white space parts words otherwise in other corpora: "can not"
            keys.append(get_string_id("".join(found)))
            sentence_docs.append(number)
            sentence_tokens.append((start, end))
        doc_keys.append(get_string_id("".join(words[doc_bounds[-1] :])))
        doc_bounds.append(len(words))
        entities.append(_pairs((span.start, span.end) for span in doc.ents))
    return Fingerprints(
        document_ids(docs),
        [DOC_ID_KEY in doc.user_data for doc in docs],
        hash_words(words),
        np.array(doc_bounds),
        np.array(doc_keys, dtype="uint64"),
        np.array(sentence_bounds),
        np.array(keys, dtype="uint64"),
        np.array(sentence_docs, dtype="int64"),
        _pairs(sentence_tokens),
        np.array([len(doc) for doc in docs], dtype="int64"),
        entities,
        n_words,
    )


def sentence_bounds_of(doc: Doc) -> list[tuple[int, int]]:
    """Find the sentences of a document, which is left as it is.

    doc (Doc): The document.
    RETURNS (List[Tuple[int, int]]): First token of each sentence, and the one after its last.
    """
    if doc.has_annotation("SENT_START"):
        return [(sentence.start, sentence.end) for sentence in doc.sents]
    starts = [i for i, starts in enumerate(Sentencizer().starts(doc)) if starts]
    return list(zip(starts, [*starts[1:], len(doc)], strict=True)) if starts else []


def _pairs(rows: Iterable[tuple[int, int]]) -> Ints2d:
    return np.array(list(rows), dtype="int64").reshape(-1, 2)
