"""An encoder's rows belong to the document's tokens."""

from collections.abc import Sequence

from spacy.tokens import Doc
from thinc.types import Floats2d

from ..constants import DOC_ID_KEY
from ..errors import Errors


def check_rows(docs: Sequence[Doc], rows: Sequence[Floats2d]) -> None:
    """See that an encoder has read the tokens that the documents have now.

    docs (Sequence[Doc]): The documents.
    rows (Sequence[Floats2d]): Their rows. A listener gives those that its encoder wrote when it read the document.
    RAISES (ValueError): CE345 if a document has another number of tokens than rows.
    """
    for doc, of_doc in zip(docs, rows, strict=True):
        if len(doc) != len(of_doc):
            doc_id = doc.user_data.get(DOC_ID_KEY)
            raise ValueError(Errors.CE345.format(doc=doc_id, tokens=len(doc), rows=len(of_doc)))
