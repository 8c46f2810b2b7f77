"""Texts that share long sequences of words: the same report twice, or parts of one in another."""

from collections import Counter
from collections.abc import Iterator, Mapping

from .word_sequences import hash_sequences, hash_words, words_of


def find_overlaps(
    texts: Mapping[str, str], others: Mapping[str, str], n_words: int = 8, share: float = 0.5
) -> Iterator[tuple[str, str, float]]:
    """Find pairs of texts with much in common, whatever their case, punctuation and white space.

    texts (Mapping[str, str]): Texts by id.
    others (Mapping[str, str]): Texts to compare them with. Texts of the same id are not compared, so this may be
        the same mapping; each pair is found twice then.
    n_words (int): Length of the sequences that are compared.
    share (float): Report pairs that have at least this share of the shorter text's sequences in common.
    YIELDS (Tuple[str, str, float]): Ids of both, and the share.
    """
    places: dict[int, list[str]] = {}
    sizes: dict[str, int] = {}
    for other_id, text in others.items():
        sequences = _sequences(text, n_words)
        sizes[other_id] = len(sequences)
        for sequence in sequences:
            places.setdefault(sequence, []).append(other_id)
    for text_id, text in texts.items():
        sequences = _sequences(text, n_words)
        common = Counter(other_id for sequence in sequences for other_id in places.get(sequence, ()))
        for other_id, n in common.items():
            found = n / min(len(sequences), sizes[other_id])
            if other_id != text_id and found >= share:
                yield text_id, other_id, found


def _sequences(text: str, n_words: int) -> set[int]:
    """The sequences of a text; a shorter one is a sequence by itself."""
    words = hash_words(words_of(text))
    return set(hash_sequences(words, min(n_words, len(words))).tolist()) if len(words) else set()
