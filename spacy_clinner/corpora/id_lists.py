"""Lists of document ids, one a line."""

import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import Errors
from ..files import read_lines, split_lines

# what a text in UTF-8 cannot hold, or is taken for no text
_UNREADABLE = re.compile(r"[\0\ud800-\udfff]")


def read_ids(path: Path) -> list[str]:
    """Read a list of document ids.

    path (Path): The file, one id a line; empty lines, and white space around an id, are skipped.
    RETURNS (List[str]): The ids.
    RAISES (ValueError): CE001 and CE300 if it is no text in UTF-8.
    """
    return [doc_id for line in read_lines(path) if (doc_id := line.strip())]


def format_ids(doc_ids: Iterable[str]) -> str:
    """Write a list of document ids.

    doc_ids (Iterable[str]): The ids.
    RETURNS (str): The content of a file that `read_ids` reads.
    RAISES (ValueError): CE306 for an id that a line cannot hold.
    """
    lines = []
    for doc_id in doc_ids:
        if split_lines(doc_id) != [doc_id] or doc_id.strip() != doc_id or _UNREADABLE.search(doc_id):
            raise ValueError(Errors.CE306.format(doc=doc_id))
        lines.append(f"{doc_id}\n")
    return "".join(lines)
