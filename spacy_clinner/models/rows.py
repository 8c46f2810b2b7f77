"""An encoder's rows: one for each of a document's tokens."""

from collections.abc import Callable, Sequence

from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..annotations.keys import DOC_ID_KEY
from ..errors import Errors
from .listening import hears_transformer, listeners_of


def read_rows(
    encoder: Model[list[Doc], list[Floats2d]], docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
    """Let an encoder read documents, unless none has a token.

    Transformers of spacy-transformers fail then, and a shared one waits for no answer. spaCy's shared encoder does: it
    waits for that of its last listener.

    encoder (Model[List[Doc], List[Floats2d]]): a component's encoder, its own or one with a listener.
    docs (List[Doc]): the documents.
    is_train (bool): whether to record what the backward pass needs.
    RETURNS (Tuple[List[Floats2d], Callable]): the rows of each document, and the callback for their gradients.
    RAISES (ValueError): CE345 if a document has another number of tokens than rows.
    """
    if any(len(doc) for doc in docs) or not all(map(hears_transformer, listeners_of(encoder))):
        rows, backprop = encoder(docs, is_train)
        _check_rows(docs, rows)
        return rows, backprop
    return [encoder.ops.alloc2f(0, encoder.maybe_get_dim("nO") or 0) for _ in docs], lambda d_rows: docs


def _check_rows(docs: Sequence[Doc], rows: Sequence[Floats2d]) -> None:
    """See that an encoder has read the tokens that the documents have now: a listener gives the rows of its encoder."""
    for doc, of_doc in zip(docs, rows, strict=True):
        if len(doc) != len(of_doc):
            doc_id = doc.user_data.get(DOC_ID_KEY)
            raise ValueError(Errors.CE345.format(doc=doc_id, tokens=len(doc), rows=len(of_doc)))
