"""What a user says of a corpus that is read, and of files that are written. Each format takes what concerns it."""

from collections.abc import Mapping
from typing import NamedTuple

from .column_lines import ColumnFormat

# The role of a relation's head: of `MODIFY Arg1:mild Arg2:fever` the fever, of n2c2's `Strength-Drug` the drug.
HEAD_ROLE = "Arg2"


class ReadOptions(NamedTuple):
    """Of a corpus.

    layout (ColumnFormat): Layout of column files; the format sets its scheme.
    head_role (Optional[str]): For brat: role of a relation's head, such as "Arg2"; the other argument is the child.
        None, for PubTator, too: the corpus is not annotated with relations, which is another thing than a document
        without any.
    assertions (Optional[Mapping[str, str]]): For brat: assertions by attributes, as of
        `brat_assertions.parse_assertions`: all documents are annotated with them. None: `brat_assertions.KNOWN`, and
        only documents that hold such an attribute are annotated; empty: none is.
    """

    layout: ColumnFormat = ColumnFormat()
    head_role: str | None = HEAD_ROLE
    assertions: Mapping[str, str] | None = None


DEFAULTS = ReadOptions()


class WriteOptions(NamedTuple):
    """Of files.

    stem (str): Name of the file without ending, where all documents are in one.
    ents_only (bool): For brat and i2b2 2009: `doc.ents`, even if a document was imported with annotations.
    assertions (Optional[Mapping[str, str]]): For brat: assertions by attributes, the first for an assertion names it;
        None: an assertion's own name does.
    """

    stem: str = "doc"
    ents_only: bool = False
    assertions: Mapping[str, str] | None = None
