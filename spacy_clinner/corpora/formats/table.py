"""All formats by name: how each is read and written."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc

from ...annotations.keys import DOC_ID_KEY
from ..audit import ImportAudit
from ..placing.records import Record
from .annotated_text import text_to_doc
from .brat import brat_files, read_brat
from .brat_docs import brat_to_doc, doc_to_brat
from .columns import format_columns
from .doccano import doccano_files, read_doccano
from .i2b2_2009 import read_i2b2_2009
from .i2b2_2009_docs import entries_to_doc, entry_files
from .label_studio import label_studio_files, read_label_studio
from .phee import phee_to_doc, read_phee
from .prodigy import prodigy_files, read_prodigy
from .pubtator import format_pubtator, pubtator_to_doc, read_pubtator
from .tags import PREFIXES

# Contents by name; None: a file of this name would be taken for a document's, so there must be none.
Files = Mapping[str, str | None]


class Format(NamedTuple):
    """What is done with the documents of a format.

    read (Optional[Callable[[Path, ImportAudit], Iterable[Record]]]): Yields records, which know nothing of
        tokens. None: it is not read by characters.
    make_doc (Optional[Callable]): Makes a document of a record, a tokenizer and the audit, or None of one that is left
        out.
    files_of_doc (Optional[Callable[[Doc, bool], Files]]): Makes the files of a document, which its id names; the second
        argument is the `ents_only` of `export_docs`.
    file_of_docs (Optional[Callable[[Sequence[Doc], str], Files]]): Makes the one file of all documents, of this name.
    needs_annotation (bool): Whether documents without annotation are left out.
    """

    read: Callable[[Path, ImportAudit], Iterable[Record]] | None = None
    make_doc: Callable[..., Doc | None] | None = None
    files_of_doc: Callable[[Doc, bool], Files] | None = None
    file_of_docs: Callable[[Sequence[Doc], str], Files] | None = None
    needs_annotation: bool = False


def _brat_files(doc: Doc, ents_only: bool) -> Files:
    return brat_files(doc_to_brat(doc, ents_only))


def _pubtator_files(doc: Doc, ents_only: bool) -> Files:
    return {f"{doc.user_data[DOC_ID_KEY]}.PubTator.txt": format_pubtator(doc)}


def _column_files(doc: Doc, ents_only: bool, scheme: str) -> Files:
    return {f"{doc.user_data[DOC_ID_KEY]}.tsv": format_columns(doc, scheme)}


FORMATS = {
    "brat": Format(read_brat, brat_to_doc, _brat_files),
    "pubtator": Format(read_pubtator, pubtator_to_doc, _pubtator_files, needs_annotation=True),
    "phee": Format(read_phee, phee_to_doc),
    "i2b2-2009": Format(read_i2b2_2009, entries_to_doc, entry_files, needs_annotation=True),
    "prodigy": Format(read_prodigy, text_to_doc, file_of_docs=prodigy_files),
    "doccano": Format(read_doccano, text_to_doc, file_of_docs=doccano_files),
    "label-studio": Format(read_label_studio, text_to_doc, file_of_docs=label_studio_files),
    **{
        scheme: Format(files_of_doc=partial(_column_files, scheme=scheme), needs_annotation=True) for scheme in PREFIXES
    },
}


def files_of(docs: Sequence[Doc], format: str, stem: str, ents_only: bool) -> Iterator[Files]:
    """Make the files of documents, lazily where each document has its own.

    docs (Sequence[Doc]): The documents, with their ids; those without annotation only if the format takes them.
    format (str): Name of a format that is written.
    stem (str): Name of the file, where all documents are in one.
    ents_only (bool): As for `export_docs`.
    YIELDS (Files): The files.
    RAISES (ValueError): Those of the format, for what would not be read back.
    """
    one = FORMATS[format]
    if one.file_of_docs:
        yield one.file_of_docs(docs, stem)
    else:
        yield from (one.files_of_doc(doc, ents_only) for doc in docs)
