"""Texts that share long sequences of words: the same report twice, or parts of one in another."""

from collections import Counter
from collections.abc import Iterator, Mapping

from .word_sequences import hash_sequences, hash_words, words_of

N_WORDS = 8
SHARE = 0.5


class SharedTexts:
    """Texts by their sequences of words, to be asked which of them another text has much in common with."""

    def __init__(self, texts: Mapping[str, str], n_words: int = N_WORDS) -> None:
        """Take texts in.

        texts (Mapping[str, str]): Texts by id.
        n_words (int): Length of the sequences that are compared.
        """
        self.n_words = n_words
        self._places: dict[int, list[str]] = {}
        self._sizes: dict[str, int] = {}
        for text_id, text in texts.items():
            sequences = _sequences(text, n_words)
            self._sizes[text_id] = len(sequences)
            for sequence in sequences:
                self._places.setdefault(sequence, []).append(text_id)

    def find(self, text: str, share: float = SHARE) -> Iterator[tuple[str, float]]:
        """Find those that a text has much in common with, by their words as of `words_of`.

        text (str): The text.
        share (float): Share of the shorter text's sequences that must be common.
        YIELDS (Tuple[str, float]): Id of each that has at least this share in common, and the share.
        """
        sequences = _sequences(text, self.n_words)
        common = Counter(text_id for sequence in sequences for text_id in self._places.get(sequence, ()))
        for text_id, n in common.items():
            found = n / min(len(sequences), self._sizes[text_id])
            if found >= share:
                yield text_id, found


def find_overlaps(
    texts: Mapping[str, str], others: Mapping[str, str], n_words: int = N_WORDS, share: float = SHARE
) -> Iterator[tuple[str, str, float]]:
    """Find pairs of texts with much in common, as `SharedTexts.find`.

    texts (Mapping[str, str]): Texts by id.
    others (Mapping[str, str]): Texts to compare them with. Texts of the same id are not compared, so this may be
        the same mapping; each pair is found twice then.
    n_words (int): Length of the sequences that are compared.
    share (float): Report pairs that have at least this share of the shorter text's sequences in common.
    YIELDS (Tuple[str, str, float]): Ids of both, and the share.
    """
    shared = SharedTexts(others, n_words)
    for text_id, text in texts.items():
        for other_id, found in shared.find(text, share):
            if other_id != text_id:
                yield text_id, other_id, found


def _sequences(text: str, n_words: int) -> set[int]:
    """The sequences of a text; a shorter one is a sequence by itself."""
    words = hash_words(words_of(text))
    return set(hash_sequences(words, min(n_words, len(words))).tolist()) if len(words) else set()
