"""Architectures that embed words by their characters."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d, Ints1d

from ..errors import Errors
from ..layers.lstm.chars import CharCNN, CharLSTM, Chars

# Rows of the character table: padding, every code point below the first bound (Latin with all its accents) ...
_PLAIN = 0x250
# ... and a few that all others share. No alphabet to collect, so no character is unknown later.
_SHARED = 127
N_ROWS = 1 + _PLAIN + _SHARED


@registry.architectures("spacy_clinner.CharCNNEmbed.v1")
def build_char_cnn_embed(
    nF: int = 30, width: int = 30, window: int = 3, max_chars: int = 128
) -> Model[list[Doc], list[Floats2d]]:
    """Embed each word by a convolution over its characters.

    nF (int): number of filters, the width of the output.
    width (int): width of a character embedding.
    window (int): characters that a filter sees; odd.
    max_chars (int): of a longer word the first and last halves of this many characters are read; 2 or more.
    RETURNS (Model[List[Doc], List[Floats2d]]): the layer.
    RAISES (ValueError): CE135 for a size that cannot be.
    Source: Ma & Hovy 2016, section 2.1.
    """
    return _embed_words(CharCNN(nF, n_rows=N_ROWS, width=width, window=window), max_chars)


@registry.architectures("spacy_clinner.CharLSTMEmbed.v1")
def build_char_lstm_embed(nO: int = 50, width: int = 25, max_chars: int = 128) -> Model[list[Doc], list[Floats2d]]:
    """Embed each word by the last states of a bidirectional LSTM over its characters.

    nO (int): width of the output, both directions together; even.
    width (int): width of a character embedding.
    max_chars (int): of a longer word the first and last halves of this many characters are read; 2 or more.
    RETURNS (Model[List[Doc], List[Floats2d]]): the layer.
    RAISES (ValueError): CE135 and CE140 for a size that cannot be.
    Source: Lee, Dernoncourt & Szolovits 2017.
    """
    return _embed_words(CharLSTM(nO, n_rows=N_ROWS, width=width), max_chars)


def _embed_words(encoder: Model[Chars, Floats2d], max_chars: int) -> Model[list[Doc], list[Floats2d]]:
    if max_chars < 2:
        raise ValueError(Errors.CE135.format(setting="max_chars", value=max_chars, wanted="2 or more"))
    return Model(
        f"{encoder.name}_embed",
        forward,
        init=init,
        dims={"nO": encoder.get_dim("nO")},
        layers=[encoder],
        attrs={"max_chars": max_chars},
    )


def init(model: Model, X: list[Doc] | None = None, Y=None) -> None:
    model.layers[0].initialize()


def forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
    return embed_distinct(model, docs, is_train, partial(word_chars, max_chars=model.attrs["max_chars"]))


def embed_distinct(
    model: Model, docs: list[Doc], is_train: bool, look_up: Callable[[list[str]], Any]
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
    """Embed every distinct word of the batch once and hand its vector to all its tokens.

    model (Model): its first layer embeds what `look_up` makes of words.
    docs (List[Doc]): the batch.
    is_train (bool): whether this is training.
    look_up (Callable[[List[str]], Any]): makes the layer's input of the distinct words.
    RETURNS (Tuple[List[Floats2d], Callable]): one row per token for each document, and the backprop callback.
    """
    orths = [np.zeros(0, dtype="uint64"), *(doc.to_array("ORTH") for doc in docs)]
    words, rows = np.unique(np.concatenate(orths), return_inverse=True)
    lengths = [len(doc) for doc in docs]
    if not len(words):
        return [model.ops.alloc2f(0, model.get_dim("nO")) for _ in docs], lambda dY: docs
    strings = docs[0].vocab.strings
    vectors, backprop_words = model.layers[0](look_up([strings[int(word)] for word in words]), is_train)
    index = model.ops.asarray1i(rows.astype("i"))

    def backprop(dY: list[Floats2d]) -> list[Doc]:
        d_vectors = model.ops.alloc2f(*vectors.shape)
        model.ops.scatter_add(d_vectors, index, model.ops.flatten(dY))
        backprop_words(d_vectors)
        return docs

    return model.ops.unflatten(vectors[index], lengths), backprop


def word_chars(words: list[str], max_chars: int) -> Chars:
    """Look up the character rows of words.

    words (List[str]): the words.
    max_chars (int): of a longer word the first and last halves of this many characters are read.
    RETURNS (Tuple[Ints1d, Ints1d]): flat rows of the character table, and the number of characters of each word.
    """
    half = max_chars // 2
    read = [word if len(word) <= max_chars else word[:half] + word[-half:] for word in words]
    points = np.frombuffer("".join(read).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype("int64")
    rows: Ints1d = 1 + np.where(points < _PLAIN, points, _PLAIN + points % _SHARED)
    return rows, np.array([len(word) for word in read], dtype="int64")
