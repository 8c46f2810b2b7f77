"""Word pieces and tokens: which characters a piece is of, and which pieces a token has."""

import numpy as np
from spacy.attrs import IDX, LENGTH, SPACY
from spacy.tokens import Span
from thinc.types import Ints1d, Ints2d


def without_space(span: Span, offsets: Ints2d) -> Ints2d:
    """Characters of each piece without the white space around a word.

    Pieces of byte-level BPE and of sentencepiece begin with the space before a word, which spaCy counts to the word
    before: that one's row would be a mean with the next word's piece. A piece of white space alone belongs to the token
    of white space that it is of, if to any.

    span (Span): what was cut into pieces.
    offsets (Ints2d): first character and character after the last of each piece, counted from the span's first.
        *Shape:* (pieces, 2)
    RETURNS (Ints2d): the same of what is left of them; the end does not lie behind the start where that is nothing.
        *Shape:* (pieces, 2)
    """
    text = span.text
    of_words = np.fromiter((not char.isspace() for char in text), bool, len(text))
    of_tokens = np.ones(len(text), dtype=bool)
    starts, sizes, spaced = span.doc.to_array([IDX, LENGTH, SPACY])[span.start : span.end].astype(int).T
    between = (starts + sizes - starts[0])[spaced == 1]
    of_tokens[between[between < len(text)]] = False
    words, tokens = _clipped(offsets, of_words), _clipped(offsets, of_tokens)
    return np.where((words[:, :1] < words[:, 1:]), words, tokens)


def pieces_of_tokens(span: Span, offsets: Ints2d) -> tuple[Ints1d, Ints1d]:
    """Find the pieces of each token of a span: those that share a character with it, or with the space behind it.

    span (Span): what was cut into pieces.
    offsets (Ints2d): characters of each piece, as for `without_space`. *Shape:* (pieces, 2)
    RETURNS (Tuple[Ints1d, Ints1d]): the pieces of all tokens, one token after the other, in their order; and how many
        each token has. *Shapes:* (pairs,), (tokens,)
    """
    starts, sizes = span.doc.to_array([IDX, LENGTH])[span.start : span.end].astype(int).T
    starts -= starts[0]
    end = starts[-1] + sizes[-1] + 1
    token_at = np.repeat(np.arange(len(starts)), np.diff(starts, append=end))
    first, last = np.minimum(offsets, end).T
    of_text = np.flatnonzero(first < last)
    first, last = token_at[first[of_text]], token_at[last[of_text] - 1]
    tokens = np.concatenate([np.arange(a, b + 1) for a, b in zip(first, last, strict=True)] or [np.empty(0, dtype=int)])
    order = np.argsort(tokens, kind="stable")
    return np.repeat(of_text, last - first + 1)[order], np.bincount(tokens, minlength=len(starts))


def _clipped(offsets: Ints2d, kept: np.ndarray) -> Ints2d:
    """Offsets from the first character kept to the last; the end lies before the start where there is none."""
    n = len(kept)
    position = np.arange(n)
    following = np.minimum.accumulate(np.where(kept, position, n)[::-1])[::-1]
    previous = np.maximum.accumulate(np.where(kept, position + 1, 0))
    start, end = np.minimum(offsets, n).T
    return np.stack([np.append(following, n)[start], np.insert(previous, 0, 0)[end]], axis=1)
