"""Embed each distinct word of a batch once, where an embedding depends on nothing but the word."""

import numpy as np
from spacy.attrs import ENT_TYPE, NORM, ORTH, intify_attr
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Ints1d

# What tells tokens apart, and attributes that follow from it.
_OF_TOKENS = [ORTH, NORM, ENT_TYPE]
_OF_WORDS = {intify_attr(name) for name in ("ORTH", "NORM", "LOWER", "PREFIX", "SUFFIX", "SHAPE", "ENT_TYPE")}
# Layers, spaCy's and ours, whose result for a token does not depend on other tokens, unless they learn.
_ROW_BY_ROW = frozenset(
    ("extract_features", "static_vectors", "list2ragged", "ragged2list", "ints-getitem", "hashembed", "maxout")
    + ("layernorm", "dropout", "embed", "linear", "char_cnn", "char_lstm", "onnx_char_cnn", "onnx_char_lstm")
)  # fmt: skip


def embeds_words_alone(model: Model) -> bool:
    """Whether a layer gives a word the same row wherever it stands in an entity of one label, or in none, so far as can
    be told from its parts.

    model (Model): an embedding of tokens.
    RETURNS (bool): True only if all of its parts are known to.
    """
    leaves = [node for node in model.walk() if not node.layers]
    columns = {intify_attr(column) for node in leaves for column in node.attrs.get("columns", ())}
    return columns <= _OF_WORDS and all(node.name in _ROW_BY_ROW for node in leaves)


def distinct_words(docs: list[Doc]) -> tuple[Doc, Ints1d]:
    """Collect the distinct words of a batch; one in entities of two labels counts as two.

    docs (List[Doc]): the batch, of one vocabulary, with at least one token.
    RETURNS (Tuple[Doc, Ints1d]): a document of the words, each with its ORTH, NORM and ENT_TYPE, and for each token of
        the batch the number of its word. Shape: (N,)
    """
    # the tokenizer sets some norms by token: the "ca" of "can't" is "can"
    tokens = np.concatenate([doc.to_array(_OF_TOKENS) for doc in docs])
    numbers = np.zeros(len(tokens), dtype="int64")
    for column in tokens.T:
        values, value_of = np.unique(column, return_inverse=True)
        numbers = numbers * len(values) + value_of
    _, first, words = np.unique(numbers, return_index=True, return_inverse=True)
    doc = Doc(docs[0].vocab, words=[docs[0].vocab.strings[int(orth)] for orth in tokens[first, 0]])
    doc.from_array(_OF_TOKENS[1:], tokens[first, 1:])
    return doc, words
