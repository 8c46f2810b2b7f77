"""The table of all formats: a format is a file here and a row there. Nothing of a format is imported before it is used.

A reader takes a path, the audit and `ReadOptions`, and yields records (`placing.record.Record`), which know nothing of
tokens. A writer takes documents, which know their ids, and `WriteOptions`, and yields the files that they become.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from ..audit import ImportAudit
    from ..placing.record import Record
    from .options import ReadOptions, WriteOptions

# Contents by name; None: a file of this name would be taken for a document's, so there must be none.
Files = Mapping[str, str | None]


class Format(NamedTuple):
    """How a format is read and written.

    name (str): What the user calls it.
    help (str): Its files.
    reader (str): Module of this package and function, "brat_docs:read_corpus"; "": it is not read.
    writer (str): The same; "": it is not written.
    endings (Tuple[str, ...]): Those of the files that a document's id names, if each document has its own.
    one_file (bool): Whether all documents are written to one file, else each has its own, which its id names.
    needs_annotation (bool): Whether documents without annotation cannot be written.
    has_tokens (bool): Whether it annotates tokens, not characters.
    tells_unknown (bool): Whether it can say that of some tokens nothing is known.
    lacks (Tuple[str, ...]): What of a document it has no place for: "relations", "assertions".
    options (Tuple[str, ...]): Those of `convert` that it alone, or it and few others, knows.
    settings (Mapping[str, Any]): What reader and writer get besides, where several formats share them.
    """

    name: str
    help: str
    reader: str = ""
    writer: str = ""
    endings: tuple[str, ...] = ()
    one_file: bool = False
    needs_annotation: bool = False
    has_tokens: bool = False
    tells_unknown: bool = False
    lacks: tuple[str, ...] = ("assertions",)
    options: tuple[str, ...] = ()
    settings: Mapping[str, Any] = {}

    def read(self, path: Path, audit: "ImportAudit", options: "ReadOptions") -> "Iterator[Record]":
        """Read the documents of a corpus, showing progress.

        path (Path): A file, or a folder of files.
        audit (ImportAudit): Gets a row for every file that is left out, and for what of a record is not read.
        options (ReadOptions): What the user says of the corpus.
        RETURNS (Iterator[Record]): Its documents, each with an id of its own.
        RAISES (ValueError): CE005 if there is none, CE301 for an id that is there twice, CE001 and CE300 for a file
            that is no text in UTF-8, and those of the format.
        """
        return _load(self.reader)(path, audit, options, **self.settings)

    def write(self, docs: "Sequence[Doc]", options: "WriteOptions") -> Iterator[Files]:
        """Make the files of documents, lazily where each document has its own.

        docs (Sequence[Doc]): The documents, with their ids.
        options (WriteOptions): How they are written.
        RETURNS (Iterator[Files]): The files.
        RAISES (ValueError): Those of the format, for what would not be read back.
        """
        return _load(self.writer)(docs, options, **self.settings)


def _load(reference: str) -> Callable[..., Iterator]:
    module, name = reference.split(":")
    return getattr(import_module(f"{__name__}.{module}"), name)


def _columns(name: str, help: str, writer: str = "columns:write_columns") -> Format:
    return Format(
        name,
        f"columns, a token a line; {help}",
        "columns:read_corpus",
        writer,
        endings=(".tsv",),
        needs_annotation=True,
        has_tokens=True,
        lacks=("relations", "assertions"),
        options=("token_column", "tag_column", "delimiter", "n_sents", "label"),
        settings={"scheme": name if writer else None},
    )


FORMATS = {
    format.name: format
    for format in (
        Format(
            "brat",
            "ID.txt and ID.ann beside each other",
            "brat_docs:read_corpus",
            "brat_docs:write_brat",
            endings=(".txt", ".ann"),
            lacks=(),
            options=("head_role", "no_relations", "assertion"),
        ),
        Format(
            "pubtator",
            'records in files with "pubtator" in their names',
            "pubtator:read_pubtator",
            "pubtator:write_pubtator",
            endings=(".PubTator.txt",),
            needs_annotation=True,
            options=("no_relations",),
        ),
        Format("phee", "version 2, JSON lines", "phee:read_phee"),
        Format(
            "i2b2-2009",
            "texts ID.txt and entries ID.i2b2.entries beside each other",
            "i2b2_2009_docs:read_corpus",
            "i2b2_2009_docs:write_entries",
            endings=(".txt", ".i2b2.entries"),
            needs_annotation=True,
        ),
        Format(
            "prodigy",
            "tasks, JSON lines",
            "prodigy:read_prodigy",
            "prodigy:write_prodigy",
            one_file=True,
            tells_unknown=True,
        ),
        Format("doccano", "documents, JSON lines", "doccano:read_doccano", "doccano:write_doccano", one_file=True),
        Format(
            "label-studio",
            "a JSON list of tasks",
            "label_studio:read_label_studio",
            "label_studio:write_label_studio",
            one_file=True,
        ),
        _columns("iob", "the scheme is told from the tags", writer=""),
        _columns("iob1", "an entity begins with B only behind another of its label"),
        _columns("iob2", "every entity begins with B"),
        _columns("bioes", "BILOU's letters are read, too"),
    )
}
# All options that are not of every format.
OPTIONS = frozenset(option for format in FORMATS.values() for option in format.options)
# Names of what is read and of what is written; of what is read by characters, too: the annotators' own offsets.
READ = tuple(name for name, format in FORMATS.items() if format.reader)
WRITTEN = tuple(name for name, format in FORMATS.items() if format.writer)
READ_BY_CHARACTERS = tuple(name for name in READ if not FORMATS[name].has_tokens)
