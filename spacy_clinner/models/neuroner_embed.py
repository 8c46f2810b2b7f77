"""NeuroNER's embedding of a word: its characters by an LSTM, and its pretrained vector or that of unknown words."""

import re
from functools import partial

import numpy as np
from spacy.strings import hash_string  # type: ignore[attr-defined]
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vectors import Mode, Vectors
from thinc.api import Model
from thinc.types import Floats2d, Ints1d

from ..errors import Errors
from ..layers.lstm.chars import Chars
from ..layers.lstm.coupled import CoupledCharLSTM
from .char_embed import embed_distinct
from .vocab_vectors import check_vectors
from .word_embed import build_concat_embed

# Row of the character table for characters that the model does not know. In NeuroNER it is that of padding; there
# unknown characters got a row at random, so that the same note could be tagged in two ways.
UNKNOWN_CHARACTER = 0
ASCII = tuple(range(0x21, 0x7F))
# NeuroNER's name of unknown words, and so the word whose vector they begin with
_UNKNOWN_WORD = "UNK"
_DIGIT = re.compile(r"\d")


@registry.architectures("spacy_clinner.NeuroNEREmbed.v1")
def build_neuroner_embed(
    characters: list[int] | None = None,
    char_width: int = 25,
    char_nO: int = 50,
    dropout: float | None = 0.5,
) -> Model[list[Doc], list[Floats2d]]:
    """Embed each word by [its characters; its pretrained vector], as NeuroNER does.

    characters (Optional[List[int]]): code points that the model knows, in the order of their rows, which count from 1;
        row 0 is for all others. None: printable ASCII. (Numbers, because a config cannot hold every character.)
    char_width (int): width of a character embedding.
    char_nO (int): width of the characters' part of the output, both directions of its LSTM together.
    dropout (Optional[float]): rate on the joined vector; None follows the rate of the training.
    RETURNS (Model[List[Doc], List[Floats2d]]): the layer, with refs "chars" and "tokens". Pretrained vectors stay as
        they are; that of unknown words is learned. Vectors are looked up by the word, then in lower case, then with
        digits as 0, then both. Without vectors it raises CE121, with other ones CE122.
    RAISES (ValueError): CE141 if a character is named twice.
    Source: Dernoncourt, Lee & Szolovits 2017.
    """
    points = list(ASCII) if characters is None else characters
    if len(set(points)) < len(points):
        raise ValueError(Errors.CE141.format(n=len(points), distinct=len(set(points))))
    encoder = CoupledCharLSTM(char_nO, n_rows=1 + len(points), width=char_width)
    chars: Model[list[str], Floats2d] = Model(
        "neuroner_chars",
        _forward_chars,
        init=_init_chars,
        layers=[encoder],
        dims={"nO": char_nO},
        attrs={"characters": points},
    )
    tokens: Model[list[Doc], list[Floats2d]] = Model(
        "neuroner_tokens", _forward_tokens, init=_init_tokens, dims={"nO": None}, params={"unknown_vector": None}
    )
    return build_concat_embed({"chars": chars, "tokens": tokens}, dropout)


def _init_chars(model: Model, X=None, Y=None) -> None:
    model.layers[0].initialize()


def _forward_chars(model: Model, docs: list[Doc], is_train: bool):
    rows = {point: row for row, point in enumerate(model.attrs["characters"], 1)}
    return embed_distinct(model, docs, is_train, partial(_word_chars, rows=rows))


def _word_chars(words: list[str], rows: dict[int, int]) -> Chars:
    words = [_written(word) for word in words]
    chars = [rows.get(ord(char), UNKNOWN_CHARACTER) for word in words for char in word]
    return np.array(chars, dtype="int64"), np.array([len(word) for word in words], dtype="int64")


def _init_tokens(model: Model, X: list[Doc] | None = None, Y=None) -> None:
    if X and model.has_dim("nO") is None:
        model.set_dim("nO", X[0].vocab.vectors.shape[1])
    unknown = model.ops.alloc1f(model.get_dim("nO"))
    if X:
        vectors = _checked_vectors(model, X[0])
        check_vectors(vectors)
        row = find_rows([_UNKNOWN_WORD], vectors)[0]
        unknown = unknown if row < 0 else model.ops.asarray1f(vectors.data[row].copy())
    model.set_param("unknown_vector", unknown)


def _forward_tokens(model: Model, docs: list[Doc], is_train: bool):
    ops = model.ops
    lengths = [len(doc) for doc in docs]
    if not sum(lengths):
        return [ops.alloc2f(0, model.get_dim("nO")) for _ in docs], lambda dY: docs
    vectors = _checked_vectors(model, docs[0])
    words, index = np.unique(np.concatenate([doc.to_array("ORTH") for doc in docs]), return_inverse=True)
    strings = docs[0].vocab.strings
    rows = find_rows([strings[int(word)] for word in words], vectors)[index]
    unknown = ops.xp.asarray(rows < 0)[:, None]
    Y = ops.xp.where(unknown, model.get_param("unknown_vector"), ops.asarray2f(vectors.data[rows]))

    def backprop(dY: list[Floats2d]) -> list[Doc]:
        model.inc_grad("unknown_vector", (ops.flatten(dY) * unknown).sum(axis=0))
        return docs

    return ops.unflatten(Y, lengths), backprop


def _checked_vectors(model: Model, doc: Doc) -> Vectors:
    vectors = doc.vocab.vectors
    if not vectors.shape[1]:
        raise ValueError(Errors.CE121)
    if vectors.mode == Mode.floret:
        raise ValueError(Errors.CE142)
    if vectors.shape[1] != model.get_dim("nO"):
        raise ValueError(Errors.CE122.format(found=vectors.shape[1], wanted=model.get_dim("nO")))
    return vectors


def find_rows(words: list[str], vectors: Vectors) -> Ints1d:
    """Look words up as NeuroNER does: as written, in lower case, with digits as 0, or both.

    words (List[str]): the words.
    vectors (Vectors): the table; its `attr` does not matter.
    RETURNS (Ints1d): the row of each word, -1 for words that are in none of these forms. Shape: (n_words,)
    """
    rows = np.full(len(words), -1, dtype="int64")
    for row, word in enumerate(map(_written, words)):
        forms = (word, word.lower(), _DIGIT.sub("0", word), _DIGIT.sub("0", word.lower()))
        found = (vectors.key2row.get(hash_string(form)) for form in forms)
        rows[row] = next((place for place in found if place is not None), -1)
    return rows


def _written(word: str) -> str:
    """A token as NeuroNER writes it."""
    return word.replace(" ", "-")
