"""The word vectors of a vocabulary: models read them, but are saved without them."""

import hashlib

import numpy as np
from spacy.vectors import Vectors
from spacy.vocab import Vocab
from thinc.api import Model, get_current_ops

from ..errors import Errors

# names of the layers that do: ours, and spaCy's
READERS = frozenset({"vectors_embed", "neuroner_tokens", "static_vectors"})


def reads_vectors(model: Model) -> bool:
    """RETURNS (bool): Whether a layer of a model reads the vocabulary's word vectors."""
    return any(node.name in READERS for node in model.walk())


def check_vectors(vectors: Vectors) -> None:
    """See that word vectors are numbers.

    vectors (Vectors): the table.
    RAISES (ValueError): CE295 if some are not finite.
    """
    finite = np.isfinite(get_current_ops().to_numpy(vectors.data))
    if not finite.all():
        n_rows = int((~finite).any(axis=1).sum())
        raise ValueError(Errors.CE295.format(n=n_rows, total=len(vectors.data)))


def check_read_vectors(model: Model, vocab: Vocab) -> None:
    """See that the word vectors that a model reads are numbers, as `check_vectors`; it may read none."""
    if reads_vectors(model):
        check_vectors(vocab.vectors)


def digest_vectors(vectors: Vectors) -> str:
    """RETURNS (str): SHA-256 of word vectors and of which word has which."""
    # not of their attribute, which spaCy does not save with a plain table
    found = hashlib.sha256(repr(vectors.shape).encode())
    for column in (vectors.key2row.keys(), vectors.key2row.values()):
        found.update(np.fromiter(column, dtype="uint64", count=len(vectors.key2row)).data)
    found.update(np.ascontiguousarray(get_current_ops().to_numpy(vectors.data)).data)
    return found.hexdigest()
