"""Architectures that embed words by pretrained vectors and by their casing, and the one that joins embeddings."""

from typing import Any

import numpy as np
from spacy.attrs import LOWER
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vectors import Mode
from thinc.api import Embed, Linear, Model
from thinc.types import Floats2d, Ints1d

from ..errors import Errors
from ..layers.lstm.dropout import dropout_attrs, get_dropout
from .distinct_words import distinct_words, embeds_words_alone
from .vocab_vectors import check_vectors

CASINGS = ("other", "lower", "upper", "title", "mixed", "numeric", "mainly numeric", "has digit")


@registry.architectures("spacy_clinner.VectorsEmbed.v1")
def build_vectors_embed(width: int = 100, lower: bool = False) -> Model[list[Doc], list[Floats2d]]:
    """Embed each word by its pretrained vector, which stays as it is, and a learned linear map.

    width (int): width of the output.
    lower (bool): whether a word without a vector has that of its lower-case form. Most tables, such as GloVe, are of
        lower-case words; that spaCy is to look words up so (`init vectors --attr LOWER`), it forgets when a table is
        saved. A floret table has a vector for every word, and keeps what it is looked up by.
    RETURNS (Model[List[Doc], List[Floats2d]]): the layer. Using it without the vectors it was trained with raises
        CE121 (none) or CE122 (of another width).
    """
    # Not spaCy's StaticVectors: it gives words without a vector a gradient, that of the table's last row.
    linear = Linear(nO=width)
    return Model(
        "vectors_embed",
        _forward_vectors,
        init=_init_vectors,
        layers=[linear],
        dims={"nO": width},
        attrs={"lower": lower},
    )


def _init_vectors(model: Model, X: list[Doc] | None = None, Y=None) -> None:
    linear = model.layers[0]
    if X and linear.has_dim("nI") is None:
        check_vectors(X[0].vocab.vectors)
        linear.set_dim("nI", _vectors_of(model, X).shape[1])
    linear.initialize()


def _forward_vectors(model: Model, docs: list[Doc], is_train: bool):
    lengths = [len(doc) for doc in docs]
    if not sum(lengths):
        return [model.ops.alloc2f(0, model.get_dim("nO")) for _ in docs], lambda dY: docs
    rows, backprop_rows = model.layers[0](_vectors_of(model, docs), is_train)

    def backprop(dY: list[Floats2d]) -> list[Doc]:
        backprop_rows(model.ops.flatten(dY))
        return docs

    return model.ops.unflatten(rows, lengths), backprop


def _vectors_of(model: Model, docs: list[Doc]) -> Floats2d:
    """Vectors of all tokens, zeros where the table has none. Shape: (N, nM)"""
    vectors = docs[0].vocab.vectors
    found = vectors.shape[1]
    if not found:
        raise ValueError(Errors.CE121)
    wanted = model.layers[0].get_dim("nI") if model.layers[0].has_dim("nI") else found
    if found != wanted:
        raise ValueError(Errors.CE122.format(found=found, wanted=wanted))
    keys = np.concatenate([doc.to_array(vectors.attr) for doc in docs])
    if vectors.mode == Mode.floret:
        # a vector is the mean of its word's n-grams, which takes its time: each word once
        distinct, where = np.unique(keys, return_inverse=True)
        return model.ops.asarray2f(vectors.get_batch(distinct)[where])
    rows = vectors.find(keys=keys)
    missing = rows < 0
    if model.attrs["lower"] and missing.any():
        rows[missing] = vectors.find(keys=np.concatenate([doc.to_array(LOWER) for doc in docs])[missing])
    return model.ops.asarray2f(vectors.data[rows] * (rows >= 0)[:, None])


@registry.architectures("spacy_clinner.CasingEmbed.v1")
def build_casing_embed(width: int = 8) -> Model[list[Doc], list[Floats2d]]:
    """Embed each word by one of eight casings, learned.

    width (int): width of the output.
    RETURNS (Model[List[Doc], List[Floats2d]]): the layer.
    Source: casing features in the manner of Chiu & Nichols 2016.
    """
    embed = Embed(width, len(CASINGS))
    return Model("casing_embed", _forward_casing, init=_init_casing, layers=[embed], dims={"nO": width})


def _init_casing(model: Model, X=None, Y=None) -> None:
    model.layers[0].initialize()


def _forward_casing(model: Model, docs: list[Doc], is_train: bool):
    words = [word for doc in docs for word in doc.to_array("ORTH").tolist()]
    lengths = [len(doc) for doc in docs]
    codes = {word: CASINGS.index(casing(docs[0].vocab.strings[word])) for word in set(words)}
    ids = model.ops.asarray1i([codes[word] for word in words], dtype="i")
    rows, backprop_rows = model.layers[0](ids, is_train)

    def backprop(dY: list[Floats2d]) -> list[Doc]:
        backprop_rows(model.ops.flatten(dY))
        return docs

    return model.ops.unflatten(rows, lengths), backprop


def casing(word: str) -> str:
    """Name the casing of a word, one of `CASINGS`.

    word (str): the word.
    RETURNS (str): "mainly numeric" if more than half of its characters are digits, and so on.
    """
    digits = 0 if word.isalpha() else sum(char.isdigit() for char in word)
    if digits:
        if digits == len(word):
            return "numeric"
        return "mainly numeric" if digits > len(word) / 2 else "has digit"
    if word.islower():
        return "lower"
    if word.isupper():
        return "upper"
    if word.istitle():
        return "title"
    return "mixed" if any(char.isalpha() for char in word) else "other"


@registry.architectures("spacy_clinner.ConcatEmbed.v1")
def build_concat_embed(
    parts: dict[str, Any], dropout: float | None = None, token_dropout: dict[str, float] | None = None
) -> Model[list[Doc], list[Floats2d]]:
    """Join the embeddings of several layers, with one dropout on the whole and others on a token's row of a part.

    parts (Dict[str, Model[List[Doc], List[Floats2d]]]): embedding layers by a name of your choice, joined in
        the order of their names: a saved config has its sections in this order.
    dropout (Optional[float]): rate on the joined vector; None follows the rate of the training.
    token_dropout (Optional[Dict[str, float]]): how often training hides a part from a token, by the part's name, so
        that the others learn to do without it: what is learned of a word by heart says nothing of words to come.
        Whatever the rate of the training. None: never.
    RETURNS (Model[List[Doc], List[Floats2d]]): the layer; the parts are refs by their names.
    RAISES (ValueError): CE134 if `token_dropout` names no part, or a rate is not from 0 to below 1.
    Source: the [char; word] vector of Ma & Hovy 2016, section 2.3, and of Lee et al. 2017, whose program hides every
        other time which word it is that was seen once.
    """
    # Typed Any: `init fill-config` checks blocks nested in a dictionary before it has made models of them.
    parts = dict(sorted(parts.items()))
    layers = list(parts.values())
    rates = token_dropout or {}
    for name, rate in rates.items():
        if name not in parts or not 0 <= rate < 1:
            raise ValueError(Errors.CE134.format(name=name, rate=rate, parts=", ".join(parts)))
    attrs: dict[str, Any] = {**dropout_attrs(dropout), "token_dropout": [rates.get(name, 0.0) for name in parts]}
    dims: dict[str, int | None] = {"nO": None}
    model: Model = Model("concat_embed", _forward_concat, init=_init_concat, layers=layers, dims=dims, attrs=attrs)
    for name, part in parts.items():
        model.set_ref(name, part)
    if all(part.has_dim("nO") for part in layers):
        model.set_dim("nO", sum(part.get_dim("nO") for part in layers))
    return model


def _init_concat(model: Model, X=None, Y=None) -> None:
    for layer in model.layers:
        layer.initialize(X)
    if model.has_dim("nO") is None and X:
        model.set_dim("nO", sum(layer.predict(X)[0].shape[1] for layer in model.layers))


def _forward_concat(model: Model, docs: list[Doc], is_train: bool):
    ops = model.ops
    lengths = [len(doc) for doc in docs]
    if not sum(lengths):
        return [ops.alloc2f(0, model.get_dim("nO")) for _ in docs], lambda dY: docs
    if not is_train and all(embeds_words_alone(layer) for layer in model.layers):
        words, index = distinct_words(docs)
        joined = ops.xp.concatenate([layer.predict([words])[0] for layer in model.layers], axis=1)
        return ops.unflatten(joined[ops.asarray1i(index)], lengths), lambda dY: docs
    outputs, callbacks = zip(*(layer(docs, is_train) for layer in model.layers), strict=True)
    joined = ops.xp.concatenate([ops.flatten(output) for output in outputs], axis=1)
    cuts = np.cumsum([output[0].shape[1] for output in outputs])[:-1]
    mask = _dropout_mask(model, joined.shape, cuts) if is_train else None
    if mask is not None:
        joined = joined * mask

    def backprop(dY: list[Floats2d]) -> list[Doc]:
        d_joined = ops.flatten(dY)
        if mask is not None:
            d_joined = d_joined * mask
        for callback, part in zip(callbacks, ops.xp.split(d_joined, cuts, axis=1), strict=True):
            callback(ops.unflatten(ops.as_contig(part), lengths))
        return docs

    return ops.unflatten(joined, lengths), backprop


def _dropout_mask(model: Model, shape: tuple[int, int], cuts: Ints1d) -> Floats2d | None:
    """What training multiplies joined rows by; None: nothing is dropped. Shape: (N, nO)"""
    rate, rates = get_dropout(model, True), model.attrs["token_dropout"]
    if not rate and not any(rates):
        return None
    mask = model.ops.get_dropout_mask(shape, rate)
    for part, token_rate in zip(model.ops.xp.split(mask, cuts, axis=1), rates, strict=True):
        if token_rate:
            part *= model.ops.get_dropout_mask((shape[0], 1), token_rate)
    return mask
