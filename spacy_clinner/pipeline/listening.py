"""Components that listen to a shared encoder."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model

from ..annotations.keys import DOC_ID_KEY
from ..errors import Warnings
from ..models.layers_listener import LayersListener, rows_of
from ..models.listening import hears_transformer, listeners_of


def warn_if_encoder_missed(model: Model, docs: Sequence[Doc], message: str) -> None:
    """Warn if documents come without the rows of the encoder, or some of their words: a listener predicts from zeros.

    model (Model): The component's model.
    docs (Sequence[Doc]): What it is about to read.
    message (str): The coded warning of documents without rows.
    """
    listeners = listeners_of(model)
    if any(len(doc) and not _has_rows(doc, listener) for listener in listeners for doc in docs):
        warnings.warn(message, stacklevel=3)
    elif any(hears_transformer(listener) for listener in listeners):
        _warn_of_dropped(docs)


def _has_rows(doc: Doc, listener: Model) -> bool:
    if hears_transformer(listener):
        return Doc.has_extension("trf_data") and doc._.trf_data is not None
    if isinstance(listener, LayersListener):
        return rows_of(doc, listener.upstream_name) is not None
    return bool(doc.tensor.size)


def _warn_of_dropped(docs: Sequence[Doc]) -> None:
    for doc in filter(len, docs):
        align = getattr(doc._.trf_data, "align", None)
        # other packages' transformers have none, and rows of other tokens are an error of their own (CE345)
        if align is None or len(align.lengths) != len(doc):
            continue
        if dropped := [token for token in _dropped(doc._.trf_data) if not doc[token].is_space]:
            doc_id = doc.user_data.get(DOC_ID_KEY)
            warnings.warn(Warnings.CW121.format(doc=doc_id, n=len(dropped), token=dropped[0]), stacklevel=4)


def _dropped(data: Any) -> list[int]:
    """Tokens whose word pieces were over a transformer's limit.

    spacy-transformers drops the ends of windows. Then the last piece of a window's row belongs to a token, not to the
    mark of the end, and the tokens after that one have no pieces.
    """
    lengths = data.align.lengths
    width = data.wordpieces.input_ids.shape[1]
    owners = np.repeat(np.arange(len(lengths)), lengths)
    filled = np.append(np.flatnonzero(lengths), len(lengths))
    last = np.unique(owners[data.align.dataXd % width == width - 1])
    return [token for one in last for token in range(one + 1, filled[np.searchsorted(filled, one) + 1])]
