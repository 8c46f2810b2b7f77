"""Documents of a data file: reading them, and what of their annotation everyone asks for."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from zlib import error as ZlibError

from spacy.lang.lex_attrs import LEX_ATTRS
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from ..errors import Errors
from .entity import Entity
from .keys import DOC_ID_KEY, LABELS_KEY
from .span_groups import steady_spans


def read_docs(path: Path) -> list[Doc]:
    """Read a DocBin.

    path (Path): A `.spacy` file.
    RETURNS (List[Doc]): Its documents.
    RAISES (ValueError): CE062 if it holds none, CE070 if it is another kind of file.
    """
    docs = read_any_docs(path)
    if not docs:
        raise ValueError(Errors.CE062)
    return docs


def read_any_docs(path: Path) -> list[Doc]:
    """Read a DocBin that may be empty; otherwise as `read_docs`."""
    # a bare vocabulary would tell of no token that it is white space
    vocab = Vocab(lex_attr_getters=LEX_ATTRS)
    try:
        return list(DocBin().from_disk(path).get_docs(vocab))
    except (ZlibError, ValueError, KeyError) as error:
        raise ValueError(Errors.CE070.format(path=path.name, error=type(error).__name__)) from error


def entities_of(doc: Doc, spans_key: str | None = None) -> frozenset[Entity]:
    """The entities of a document.

    doc (Doc): A document.
    spans_key (Optional[str]): Span group that holds them (an absent group holds none); None: `doc.ents`.
    RETURNS (FrozenSet[Entity]): Its entities.
    """
    spans: Iterable[Span] = doc.ents if spans_key is None else steady_spans(doc, spans_key)
    return frozenset(Entity(span.start_char, span.end_char, span.label_) for span in spans)


def is_annotated(doc: Doc, spans_key: str | None = None) -> bool:
    """Whether a document holds gold; "no entities" is gold, too.

    doc (Doc): A document.
    spans_key (Optional[str]): As in `entities_of`.
    RETURNS (bool): False if there is neither an entity nor the statement that there is none.
    """
    return doc.has_annotation("ENT_IOB") if spans_key is None else spans_key in doc.spans


def check_group(known: Collection[str], spans_key: str | None) -> None:
    """See that documents have the span group whose entities are wanted.

    known (Collection[str]): Span groups of a document, or of any of several.
    spans_key (Optional[str]): The group; None: `doc.ents`, which each has.
    RAISES (ValueError): CE348 if it is not among them.
    """
    if spans_key is not None and spans_key not in known:
        raise ValueError(Errors.CE348.format(key=spans_key, known=", ".join(sorted(known)) or "none"))


def is_partly_annotated(doc: Doc) -> bool:
    """RETURNS (bool): Whether some tokens of a document are annotated for entities, and others are not."""
    tags = doc.to_array("ENT_IOB")
    return bool((tags == 0).any() and (tags != 0).any())


def annotated_labels(doc: Doc) -> frozenset[str] | None:
    """Of which labels a document's gold tells all entities.

    doc (Doc): A document with gold.
    RETURNS (Optional[FrozenSet[str]]): The labels; None: of all.
    """
    labels = doc.user_data.get(LABELS_KEY)
    return None if labels is None else frozenset(labels)


def document_ids(docs: Sequence[Doc]) -> list[str]:
    """Identifiers of documents: `user_data["clinner_doc_id"]`, else the position in the file ("#0").

    docs (Sequence[Doc]): All documents of a file.
    RETURNS (List[str]): Their identifiers.
    RAISES (ValueError): CE064 if two documents have the same one.
    """
    ids = [str(doc.user_data.get(DOC_ID_KEY, f"#{i}")) for i, doc in enumerate(docs)]
    if len(set(ids)) < len(ids):
        raise ValueError(Errors.CE064.format(doc=next(name for name in ids if ids.count(name) > 1)))
    return ids
