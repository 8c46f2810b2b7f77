"""Embed each distinct word of a batch once, where an embedding depends on nothing but the word."""

import numpy as np
from spacy.attrs import NORM, ORTH, intify_attr
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Ints1d

# Attributes that follow from a token's ORTH and NORM.
_OF_WORDS = {intify_attr(name) for name in ("ORTH", "NORM", "LOWER", "PREFIX", "SUFFIX", "SHAPE")}
# Layers, spaCy's and ours, whose result for a token does not depend on other tokens, unless they learn.
_ROW_BY_ROW = frozenset(
    ("extract_features", "static_vectors", "list2ragged", "ragged2list", "ints-getitem", "hashembed", "maxout")
    + ("layernorm", "dropout", "embed", "linear", "char_cnn", "char_lstm")
)  # fmt: skip


def embeds_words_alone(model: Model) -> bool:
    """Whether a layer gives a word the same row wherever it stands, so far as can be told from its parts.

    model (Model): an embedding of tokens.
    RETURNS (bool): True only if all of its parts are known to.
    """
    leaves = [node for node in model.walk() if not node.layers]
    columns = {intify_attr(column) for node in leaves for column in node.attrs.get("columns", ())}
    return columns <= _OF_WORDS and all(node.name in _ROW_BY_ROW for node in leaves)


def distinct_words(docs: list[Doc]) -> tuple[Doc, Ints1d]:
    """Collect the distinct words of a batch.

    docs (List[Doc]): the batch, of one vocabulary, with at least one token.
    RETURNS (Tuple[Doc, Ints1d]): a document of the words, each with its ORTH and NORM, and for each token of the batch
        the number of its word. Shape: (N,)
    """
    orths, orth_of = np.unique(np.concatenate([doc.to_array(ORTH) for doc in docs]), return_inverse=True)
    # the tokenizer sets some norms by token: the "ca" of "can't" is "can"
    norms, norm_of = np.unique(np.concatenate([doc.to_array(NORM) for doc in docs]), return_inverse=True)
    pairs, words = np.unique(orth_of * len(norms) + norm_of, return_inverse=True)
    vocab = docs[0].vocab
    doc = Doc(vocab, words=[vocab.strings[int(orth)] for orth in orths[pairs // len(norms)]])
    doc.from_array([NORM], norms[pairs % len(norms), None])
    return doc, words
