"""Two language models over one encoder: its forward states tell the next word, its backward states the one before.

A state has read the words up to its own, from one side: never the word that it is to tell.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from spacy.attrs import LOWER
from spacy.tokens import Doc
from thinc.api import Model, Softmax, get_array_module
from thinc.types import Floats2d, Ints1d

from ..errors import Errors
from ..models.distinct_words import embeds_words_alone
from ..models.tok2vec import windows_of

DIRECTIONS = ("forward", "backward")
# classes that are no word of the vocabulary
UNKNOWN, SPACE, N_OTHERS = 0, 1, 2


class Vocabulary:
    """The words that are told apart; all others are one, and white space is one."""

    def __init__(self, words: Sequence[str]) -> None:
        """Number words.

        words (Sequence[str]): The words, lower-cased.
        """
        self.n_classes = N_OTHERS + len(words)
        self._numbers = {word: N_OTHERS + number for number, word in enumerate(words)}

    def classes(self, doc: Doc) -> Ints1d:
        """RETURNS (Ints1d): The class of each token."""
        lower = doc.to_array(LOWER)
        different, where = np.unique(lower, return_inverse=True)
        words = [doc.vocab.strings[key] for key in different.tolist()]
        numbers = [SPACE if word.isspace() else self._numbers.get(word, UNKNOWN) for word in words]
        return np.array(numbers, dtype="int64")[where]


class Told(NamedTuple):
    """What is told in a batch, by one direction.

    states (Ints1d): Rows of the batch whose states tell a word.
    targets (Ints1d): Classes of the words.
    """

    states: Ints1d
    targets: Ints1d


def build_language_model(tok2vec: Model[list[Doc], list[Floats2d]], n_classes: int) -> Model:
    """Put a softmax on each direction of an encoder.

    tok2vec (Model[List[Doc], List[Floats2d]]): The encoder, initialised.
    n_classes (int): Number of classes.
    RETURNS (Model): The model, from documents to the probabilities of classes, by direction; input with `tell`.
    RAISES (ValueError): CE429 if the encoder's states have read the words that they are to tell.
    Source: Liu et al. 2018 (LM-LSTM-CRF), section 2.2; Sachan et al. 2018, section 3.
    """
    check_encoder(tok2vec)
    half = tok2vec.get_dim("nO") // 2
    heads = [Softmax(n_classes, half) for _ in DIRECTIONS]
    model: Model = Model("language_model", _forward, layers=[tok2vec, *heads])
    for head in heads:
        head.initialize()
    return model


def check_encoder(tok2vec: Model) -> None:
    """See that half of an encoder's rows have read the words before only, the other half the words after only."""
    problem = None
    if tok2vec.name != "windowed_tok2vec" or "domains" in tok2vec.attrs:
        problem = "it is no spacy_clinner.WindowedTok2Vec.v1"
    elif (encode := tok2vec.get_ref("encode")).name != "bilstm":
        problem = "`encode` is no spacy_clinner.BiLSTMEncoder.v1"
    elif encode.attrs["depth"] != 1:
        problem = f"`encode` has depth {encode.attrs['depth']}: its second layer reads both directions"
    elif not embeds_words_alone(tok2vec.get_ref("embed")):
        problem = "`embed` reads more than a word alone"
    if problem:
        raise ValueError(Errors.CE429.format(problem=problem))


def tell(tok2vec: Model, docs: Sequence[Doc], vocabulary: Vocabulary) -> tuple[Told, Told]:
    """Find what the states of a batch are to tell: within each window the neighbours.

    tok2vec (Model): The encoder.
    docs (Sequence[Doc]): The batch.
    vocabulary (Vocabulary): The classes.
    RETURNS (Tuple[Told, Told]): Of the forward states, and of the backward ones.
    """
    classes = np.concatenate([vocabulary.classes(doc) for doc in docs])
    left, right, start = [], [], 0
    for doc in docs:
        rows = np.arange(start, start + len(doc))
        for window in windows_of(tok2vec, doc):
            left.append(rows[window][:-1])
            right.append(rows[window][1:])
        start += len(doc)
    before, after = (np.concatenate([np.empty(0, "int64"), *side]) for side in (left, right))
    on_device = tok2vec.ops.asarray1i
    return (
        Told(on_device(before), on_device(classes[after])),
        Told(on_device(after), on_device(classes[before])),
    )


def learn(model: Model, docs: Sequence[Doc], told: tuple[Told, Told]) -> list[float]:
    """Learn from a batch: gradients are added to the model.

    model (Model): The language model.
    docs (Sequence[Doc]): The batch.
    told (Tuple[Told, Told]): What it tells.
    RETURNS (List[float]): Mean loss of each direction, nats a word; not a number where there is no word to tell.
    """
    probabilities, backprop = model.begin_update((docs, told))
    losses, gradients = zip(*map(_loss, probabilities, told), strict=True)
    backprop(gradients)
    return [loss if len(one.targets) else math.nan for loss, one in zip(losses, told, strict=True)]


def total_loss(model: Model, docs: Sequence[Doc], told: tuple[Told, Told]) -> np.ndarray:
    """RETURNS (ndarray): Sum of each direction's losses over a batch, in nats; nothing is learned."""
    found = [
        _loss(probabilities, one)[0] * len(one.targets)
        for probabilities, one in zip(model.predict((docs, told)), told, strict=True)
    ]
    return np.array(found)


def _loss(probabilities: Floats2d, told: Told) -> tuple[float, Floats2d]:
    """Mean cross entropy, and its gradient by the scores before the softmax."""
    n = len(told.targets)
    if not n:
        return 0.0, probabilities
    xp = get_array_module(probabilities)
    rows = xp.arange(n)
    chosen = probabilities[rows, told.targets]
    gradient = probabilities.copy()
    gradient[rows, told.targets] -= 1
    return float(-xp.log(xp.maximum(chosen, 1e-20)).mean()), gradient / n


def _forward(model: Model, batch: Any, is_train: bool) -> tuple[list[Floats2d], Callable]:
    docs, told = batch
    tok2vec, *heads = model.layers
    rows, backprop_rows = tok2vec(docs, is_train)
    flat = model.ops.flatten(rows)
    half = flat.shape[1] // 2
    halves = [flat[:, :half], flat[:, half:]]
    found = [
        head(model.ops.as_contig(states[one.states]), is_train)
        for head, states, one in zip(heads, halves, told, strict=True)
    ]

    def backprop(gradients: Sequence[Floats2d]) -> None:
        d_flat = model.ops.alloc2f(*flat.shape)
        for (_, backprop_head), d_half, one, gradient in zip(
            found, (d_flat[:, :half], d_flat[:, half:]), told, gradients, strict=True
        ):
            d_half[one.states] = backprop_head(gradient)
        backprop_rows(model.ops.unflatten(d_flat, [len(doc) for doc in docs]))

    return [probabilities for probabilities, _ in found], backprop
