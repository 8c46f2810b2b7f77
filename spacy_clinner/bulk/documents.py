"""What is asked of annotated documents before they are written, whoever writes them."""

from typing import Any

from spacy.tokens import Doc, DocBin

from ..errors import Errors

# what a transformer leaves on a document: megabytes that only its listeners read
TRANSFORMER_DATA: Any = ("._.", "trf_data", None, None)


def pack(docbin: DocBin, doc: Doc) -> None:
    """Put a document into a DocBin, or leave that as it was.

    docbin (DocBin): It stores user data, too.
    doc (Doc): The document.
    RAISES (ValueError): CE346 if it cannot be packed.
    """
    doc.user_data.pop(TRANSFORMER_DATA, None)
    try:
        # packed alone: what cannot be packed would leave half of itself
        docbin.merge(DocBin(docs=[doc], store_user_data=True))
    except (TypeError, ValueError) as error:
        raise ValueError(Errors.CE346.format(format="spacy", problem=type(error).__name__)) from None
