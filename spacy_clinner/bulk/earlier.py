"""Earlier outputs: all that a command replaces unasked. Any other file may hold notes, or gold."""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from ..errors import Errors
from ..files import parse_json
from ..reports.entity_table import ENTITY_COLUMNS
from ..reports.relation_table import HEAD_COLUMNS

# keys of a line of predictions; the first two are in all of them
KEYS = ("id", "entities", "probabilities", "assertions", "relations")
# Behind the documents of a `.spacy` file, where nobody reads on. Who corrects them, or merges them with others, writes
# them anew and without it, so that corrections, and gold that they join, are nobody's earlier output.
PREDICTED = b"\0clinner predict"
# in the head of a page of a note; pages of runs have another name
ANNOTATED = '<meta name="generator" content="spacy_clinner page">'
LINES_OF_HEAD = 6


def check_earlier(path: Path, format: str) -> None:
    """See that a file to write is new, or the earlier output of such a command, as when it is given again.

    path (Path): The file.
    format (str): What is to be written: "jsonl", "csv", "parquet", "spacy" or "html".
    RAISES (ValueError): CE344 if there is a file that looks otherwise.
    """
    if path.is_file() and path.stat().st_size and not _RECOGNIZED[format](path):
        raise ValueError(Errors.CE344.format(path=path.name, problem="there, and no earlier output of this kind"))


def _is_jsonl(path: Path) -> bool:
    try:
        found = parse_json(_first_lines(path))
    except ValueError:
        return False
    return isinstance(found, dict) and {*KEYS[:2]} <= found.keys() <= {*KEYS}


def _is_csv(path: Path) -> bool:
    return _is_table(_first_lines(path).rstrip("\n").split(","))


def _is_parquet(path: Path) -> bool:
    from pyarrow import ArrowException, parquet

    try:
        return _is_table(parquet.read_schema(path).names)
    except ArrowException:
        return False


def _is_spacy(path: Path) -> bool:
    return path.read_bytes().endswith(PREDICTED)


def _is_html(path: Path) -> bool:
    return ANNOTATED in _first_lines(path, LINES_OF_HEAD)


def _first_lines(path: Path, n: int = 1) -> str:
    with path.open(encoding="utf8", errors="replace") as file:
        return "".join(islice(file, n))


def _is_table(columns: Iterable[str]) -> bool:
    return any([*columns][: len(known)] == [*known] for known in (ENTITY_COLUMNS, HEAD_COLUMNS))


_RECOGNIZED: dict[str, Callable[[Path], bool]] = {
    "jsonl": _is_jsonl,
    "csv": _is_csv,
    "parquet": _is_parquet,
    "spacy": _is_spacy,
    "html": _is_html,
}
