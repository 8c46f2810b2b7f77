"""Documents -> foreign formats, a file (or a pair of files) a document."""

from collections.abc import Sequence
from pathlib import Path

from spacy.tokens import Doc

from ..constants import DOC_ID_KEY
from ..errors import Errors
from ..files import write_atomically
from ..scoring.documents import read_docs
from .brat import check_id, write_brat
from .columns import format_columns
from .convert import doc_to_brat
from .i2b2_2009 import SUFFIX, doc_to_entries, format_entries
from .pubtator import format_pubtator
from .tags import PREFIXES

FORMATS = ("brat", "pubtator", "i2b2-2009", *PREFIXES)


def export_docs(
    docs: Sequence[Doc], folder: Path, format: str, *, stem: str = "doc", ents_only: bool = False
) -> list[str]:
    """Write documents; nothing is written unless all can be.

    docs (Sequence[Doc]): The documents. One without an id is named by `stem` and its number.
    folder (Path): Where to; it is made if missing, other files in it stay.
    format (str): One of `FORMATS`. Brat gets ID.txt and ID.ann: the annotations that the document was imported with if
        it comes from brat, else `doc.ents`; a document without annotation has no .ann file. PubTator gets
        ID.PubTator.txt: `doc.ents` and the relations between concepts. i2b2 2009 gets
        ID.txt and ID.i2b2.entries: as imported, else `doc.ents` and their relations. The others get ID.tsv.
    stem (str): Beginning of made-up names.
    ents_only (bool): Brat and i2b2 2009 get `doc.ents` in any case: what a model predicted on an imported document.
    RETURNS (List[str]): Ids of documents left out: without annotation they have no tags to write.
    RAISES (ValueError): CE008 for an unknown format, CE012 for an id that is no file name or not unique, CE013 for a
        token, CE023 for an id, label or concept that would break the columns.
    """
    if format not in FORMATS:
        raise ValueError(Errors.CE008.format(what="format", value=format, known=", ".join(FORMATS)))
    named = _by_id(docs, stem)
    if format == "brat":
        for brat in [doc_to_brat(doc, ents_only) for doc in named.values()]:
            write_brat(brat, folder)
        return []
    annotated = {doc_id: doc for doc_id, doc in named.items() if doc.has_annotation("ENT_IOB")}
    if format == "pubtator":
        contents = {f"{doc_id}.PubTator.txt": format_pubtator(doc) for doc_id, doc in annotated.items()}
    elif format == "i2b2-2009":
        contents = {f"{doc_id}.txt": doc.text for doc_id, doc in annotated.items()}
        for doc_id, doc in annotated.items():
            contents[f"{doc_id}{SUFFIX}"] = format_entries(doc_to_entries(doc, ents_only), doc.text)
    else:
        contents = {f"{doc_id}.tsv": format_columns(doc, format) for doc_id, doc in annotated.items()}
    for name, content in contents.items():
        write_atomically(folder / name, content)
    return [doc_id for doc_id in named if doc_id not in annotated]


def export_file(source: Path, folder: Path, format: str, *, ents_only: bool = False) -> tuple[int, list[str]]:
    """Write the documents of a `.spacy` file to a folder.

    source (Path): The file.
    folder (Path): Where to.
    format (str): One of `FORMATS`.
    ents_only (bool): As for `export_docs`.
    RETURNS (Tuple[int, List[str]]): Number of documents written, and ids of those left out.
    RAISES (ValueError): CE014 if the folder is a file, those of `read_docs` and `export_docs`.
    """
    if folder.is_file():
        raise ValueError(Errors.CE014.format(path=folder.name, found="file", wanted="folder"))
    docs = read_docs(source)
    left_out = export_docs(docs, folder, format, stem=source.stem, ents_only=ents_only)
    return len(docs) - len(left_out), left_out


def _by_id(docs: Sequence[Doc], stem: str) -> dict[str, Doc]:
    named: dict[str, Doc] = {}
    for n, doc in enumerate(docs, start=1):
        doc_id = doc.user_data.setdefault(DOC_ID_KEY, f"{stem}-{n}")
        check_id(doc_id)
        if doc_id in named:
            raise ValueError(Errors.CE012.format(doc=doc_id))
        named[doc_id] = doc
    return named
