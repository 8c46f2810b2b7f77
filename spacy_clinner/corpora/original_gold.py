"""What the annotators marked, without tokens: kept in imported documents, or read from the corpus itself."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from spacy.tokens import Doc

from ..annotations.documents import document_ids, is_annotated
from ..annotations.entity import Entity
from ..annotations.keys import BRAT_SPANS_KEY
from ..errors import Errors
from ..provenance import as_text
from ..scoring.original_gold import Annotations, OriginalGold
from .audit import ImportAudit
from .formats import FORMATS, READ, READ_BY_CHARACTERS
from .formats.brat_docs import stored_brat
from .formats.i2b2_2009 import mentions_of
from .formats.i2b2_2009_docs import stored_entries
from .formats.options import ReadOptions
from .placing.align import outer_offsets
from .placing.record import Mention


def original_gold(
    docs: Sequence[Doc], spans_key: str | None = None, path: Path | None = None, format: str | None = None
) -> OriginalGold | None:
    """The annotations of documents by the annotators' offsets, from a corpus if one is named, else from the documents.

    docs (Sequence[Doc]): All documents of a file.
    spans_key (Optional[str]): Span group of the gold; None: `doc.ents`.
    path (Optional[Path]): The corpus that they were imported from.
    format (Optional[str]): Its format.
    RETURNS (Optional[OriginalGold]): The annotations; None if they are not known.
    RAISES (ValueError): CE075 for a corpus without its format, or the reverse; those of `read_gold` and `kept_gold`.
    """
    if path is None and format is None:
        return kept_gold(docs, spans_key)
    if path is None or format is None:
        raise ValueError(Errors.CE075)
    return read_gold(path, format, docs, spans_key)


def kept_gold(docs: Sequence[Doc], spans_key: str | None = None) -> OriginalGold | None:
    """The annotations that an import left in documents with their offsets: those of brat and of i2b2 2009.

    docs (Sequence[Doc]): All documents of a file.
    spans_key (Optional[str]): Span group of the gold; None: `doc.ents`.
    RETURNS (Optional[OriginalGold]): The annotations; None if no document keeps any, or if the group is not one of the
        import, so that they would be another layer's.
    RAISES (ValueError): CE064 if two documents have the same identifier.
    """
    if spans_key not in (None, BRAT_SPANS_KEY):
        return None
    found = {
        name: annotations_of(doc.text, mentions)
        for name, doc in zip(document_ids(docs), docs, strict=True)
        if (mentions := _kept_mentions(doc)) is not None
    }
    return OriginalGold({"kept_in": "the documents"}, found) if found else None


def read_gold(path: Path, format: str, docs: Sequence[Doc], spans_key: str | None = None) -> OriginalGold:
    """Read the annotations of documents from the corpus that they were imported from.

    path (Path): The corpus: a folder or file of the format.
    format (str): One of `READ_BY_CHARACTERS`.
    docs (Sequence[Doc]): All documents of a data file. Those that hold gold must be in the corpus, with the same text.
    spans_key (Optional[str]): Span group of their gold; None: `doc.ents`.
    RETURNS (OriginalGold): The annotations of these documents.
    RAISES (ValueError): CE008 for an unknown format, CE073 for one without offsets, CE071 if a text differs, CE072 if
        documents are missing, and those of the format's reader.
    """
    if format not in READ_BY_CHARACTERS:
        known = ", ".join(READ_BY_CHARACTERS)
        if format in READ:
            raise ValueError(Errors.CE073.format(format=format, known=known))
        raise ValueError(Errors.CE008.format(what="format", value=format, known=known))
    wanted = dict(zip(document_ids(docs), docs, strict=True))
    found: dict[str, Annotations | None] = {}
    ignored, audit = 0, ImportAudit()
    for record in FORMATS[format].read(path, audit, ReadOptions()):
        if record.id not in wanted:
            ignored += 1
            continue
        _check_text(record.id, wanted[record.id].text, record.text)
        found[record.id] = None if record.mentions is None else annotations_of(record.text, record.mentions)
    missing = [name for name, doc in wanted.items() if name not in found and is_annotated(doc, spans_key)]
    if missing:
        raise ValueError(Errors.CE072.format(n=len(missing), docs=missing[:5], path=path.name))
    annotated = {name: annotations for name, annotations in found.items() if annotations is not None}
    source = {"path": as_text(path), "format": format, "files": audit.files_read()}
    return OriginalGold(source, annotated, ignored)


def annotations_of(text: str, mentions: Iterable[Mention]) -> Annotations:
    """Annotations as they are scored: each once, those in pieces apart.

    text (str): The document's text.
    mentions (Iterable[Mention]): Its annotations.
    RETURNS (Annotations): The same by the annotators' offsets; pieces that only white space parts are one entity.
    """
    entities: set[Entity] = set()
    in_pieces: dict[tuple, Entity] = {}
    for mention in mentions:
        if (offsets := outer_offsets(text, mention.fragments)) is not None:
            entities.add(Entity(*offsets, mention.label))
        else:
            in_pieces[mention.label, *sorted(mention.fragments)] = Entity(*mention.extent, mention.label)
    return Annotations(frozenset(entities), tuple(in_pieces.values()))


def _kept_mentions(doc: Doc) -> Sequence[Mention] | None:
    if (brat := stored_brat(doc)) is not None:
        return brat.textbounds
    if (entries := stored_entries(doc)) is not None:
        return list(mentions_of(entries).values())
    return None


def _check_text(doc_id: str, ours: str, theirs: str) -> None:
    if ours == theirs:
        return
    pairs = enumerate(zip(ours, theirs, strict=False))
    offset = next((i for i, (one, other) in pairs if one != other), min(len(ours), len(theirs)))
    raise ValueError(Errors.CE071.format(doc=doc_id, offset=offset, ours=len(ours), theirs=len(theirs)))
