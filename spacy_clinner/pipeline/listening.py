"""Components that listen to a shared encoder."""

import warnings
from collections.abc import Sequence

from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model


def warn_if_encoder_missed(model: Model, docs: Sequence[Doc], message: str) -> None:
    """Warn if documents come without the rows of the encoder: a Tok2Vec listener would predict from zeros.

    model (Model): the component's model.
    docs (Sequence[Doc]): what it is about to read.
    message (str): the coded warning.
    """
    listens = any(isinstance(node, Tok2VecListener) for node in model.walk())
    if listens and any(len(doc) and not doc.tensor.size for doc in docs):
        warnings.warn(message, stacklevel=3)
