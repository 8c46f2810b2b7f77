"""Documents -> foreign formats: a file (or a pair of files) a document, or one file of all."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ..annotations.documents import annotated_labels, is_partly_annotated, read_docs
from ..annotations.keys import ASSERTIONS_KEY, DOC_ID_KEY, RELATIONS_KEY
from ..errors import Errors, Warnings
from ..files import write_files_atomically
from .formats import FORMATS, WRITTEN, Files, Format
from .formats.options import WriteOptions
from .writing import check_ids

# What not every format has a place for.
_LACKED = {"relations": RELATIONS_KEY, "assertions": ASSERTIONS_KEY}


def export_docs(
    docs: Sequence[Doc],
    folder: Path,
    format: str,
    *,
    stem: str = "doc",
    ents_only: bool = False,
    assertions: Mapping[str, str] | None = None,
) -> list[str]:
    """Write documents; nothing is written unless all can be.

    docs (Sequence[Doc]): The documents. One without an id is named by `stem` and its number.
    folder (Path): Where to; it is made if missing, other files in it stay.
    format (str): One of `WRITTEN`. Brat gets ID.txt and ID.ann: the annotations that the document was imported with if
        it comes from brat, else `doc.ents`; a document without annotation has no .ann file. PubTator gets
        ID.PubTator.txt: `doc.ents` and the relations between concepts. i2b2 2009 gets
        ID.txt and ID.i2b2.entries: as imported, else `doc.ents` and their relations. Prodigy and doccano get one file,
        STEM.jsonl, Label Studio STEM.json, of all documents: `doc.ents` and their relations; those without annotation
        are tasks to annotate, and entities with probabilities are suggestions. The others get ID.tsv.
    stem (str): Name of the one file, and beginning of made-up ids.
    ents_only (bool): Brat and i2b2 2009 get `doc.ents` in any case: what a model predicted on an imported document.
    assertions (Optional[Mapping[str, str]]): For brat: as of `WriteOptions`.
    RETURNS (List[str]): Ids of documents left out: without annotation they have no tags to write. Warns (CW003) of
        documents that are annotated in part, if the format cannot say so.
    RAISES (ValueError): CE008 for an unknown format, CE012 for an id that is no file name or not unique, CE014 and
        CE332 for a file or folder in the way, and CE013, CE023, CE330, CE331, CE333 and CE334 for what would not be
        read back.
    """
    if format not in WRITTEN:
        raise ValueError(Errors.CE008.format(what="format", value=format, known=", ".join(WRITTEN)))
    one = FORMATS[format]
    named = _by_id(docs, stem)
    if not one.one_file:
        check_ids(named, one.endings)
    left_out: list[str] = []
    if one.needs_annotation:
        left_out = [doc_id for doc_id, doc in named.items() if not doc.has_annotation("ENT_IOB")]
    written = [doc for doc_id, doc in named.items() if doc_id not in set(left_out)]
    _warn_of_unknown(written, one)
    _write(one.write(written, WriteOptions(stem, ents_only, assertions)), folder)
    return left_out


def export_file(
    source: Path, folder: Path, format: str, *, ents_only: bool = False, assertions: Mapping[str, str] | None = None
) -> tuple[int, list[str]]:
    """Write the documents of a `.spacy` file to a folder.

    source (Path): The file.
    folder (Path): Where to.
    format (str): One of `WRITTEN`.
    ents_only (bool): As for `export_docs`.
    assertions (Optional[Mapping[str, str]]): As for `export_docs`.
    RETURNS (Tuple[int, List[str]]): Number of documents written, and ids of those left out. Warns (CW005) of documents
        with relations or assertions, if the format has no place for these.
    RAISES (ValueError): CE014 if the folder is a file, those of `read_docs` and `export_docs`.
    """
    if folder.is_file():
        raise ValueError(Errors.CE014.format(path=folder.name, found="file", wanted="folder"))
    docs = read_docs(source)
    left_out = export_docs(docs, folder, format, stem=source.stem, ents_only=ents_only, assertions=assertions)
    _warn_of_lacking(docs, FORMATS[format])
    return len(docs) - len(left_out), left_out


def _warn_of_unknown(docs: Sequence[Doc], format: Format) -> None:
    partly: dict[str, list[Doc]] = {}
    for doc in docs:
        partly.setdefault(_misread_as(doc, format), []).append(doc)
    partly.pop("", None)
    for read_as, found in partly.items():
        message = Warnings.CW003.format(format=format.name, read_as=read_as, **_place(found, docs))
        warnings.warn(message, stacklevel=3)


def _misread_as(doc: Doc, format: Format) -> str:
    """What tokens outside of entities will be read as, though of some it is not so; "": as what they are."""
    partly = is_partly_annotated(doc)
    if partly and format.tells_unknown:
        # it can say of all such tokens that they are unknown, not of some
        return "not annotated" if any(token.ent_iob_ == "O" for token in doc) else ""
    return "no entity" if partly or annotated_labels(doc) is not None else ""


def _warn_of_lacking(docs: Sequence[Doc], format: Format) -> None:
    for what in format.lacks:
        found = [doc for doc in docs if doc.user_data.get(_LACKED[what])]
        if found:
            message = Warnings.CW005.format(what=what, format=format.name, **_place(found, docs))
            warnings.warn(message, stacklevel=3)


def _place(found: Sequence[Doc], docs: Sequence[Doc]) -> dict[str, Any]:
    return {"n": len(found), "total": len(docs), "doc": found[0].user_data[DOC_ID_KEY]}


def _write(files: Iterable[Files], folder: Path) -> None:
    """Write the files of all documents, or nothing if a name is taken by what may not be replaced."""
    contents = {name: content for of_document in files for name, content in of_document.items()}
    for name, content in contents.items():
        path = folder / name
        if content is None and path.exists():
            raise ValueError(Errors.CE332.format(doc=path.stem, file=name))
        if "\0" in (content or ""):
            raise ValueError(Errors.CE334.format(file=name))
        if path.is_dir():
            raise ValueError(Errors.CE014.format(path=name, found="folder", wanted="file"))
    write_files_atomically(
        folder, {name: content for name, content in contents.items() if content is not None}, private=True
    )


def _by_id(docs: Sequence[Doc], stem: str) -> dict[str, Doc]:
    named: dict[str, Doc] = {}
    for n, doc in enumerate(docs, start=1):
        doc_id = doc.user_data[DOC_ID_KEY] = str(doc.user_data.get(DOC_ID_KEY, f"{stem}-{n}"))
        if doc_id in named:
            raise ValueError(Errors.CE012.format(doc=doc_id))
        named[doc_id] = doc
    return named
