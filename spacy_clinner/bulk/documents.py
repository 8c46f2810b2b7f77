"""What is asked of annotated documents before they are written, whoever writes them."""

from typing import Any

from spacy.tokens import Doc, DocBin

from ..errors import Errors

# what a transformer leaves on a document: megabytes that only its listeners read
TRANSFORMER_DATA: Any = ("._.", "trf_data", None, None)


def check_group(doc: Doc, spans_key: str | None) -> None:
    """See that a document has the span group whose entities are wanted.

    doc (Doc): The document.
    spans_key (Optional[str]): The group; None: `doc.ents`, which each has.
    RAISES (ValueError): CE348 if it has not.
    """
    if spans_key is not None and spans_key not in doc.spans:
        raise ValueError(Errors.CE348.format(key=spans_key, known=", ".join(sorted(doc.spans)) or "none"))


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
