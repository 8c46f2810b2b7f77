"""What a run over many notes has come to, as one HTML page that needs nothing but itself. It holds no text of notes."""

import re
import string
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from spacy.errors import Errors as SpacyErrors

from .. import __version__
from ..errors import Errors, first_sentence
from .histogram import HEIGHT, WIDTH, Bar, draw_histogram, percent
from .single_page import render_page

# how DuckDB reads the tables of all shards at once; columns of CSV files that look like numbers stay ids
TABLES = {"parquet": "'{table}/*.parquet'", "csv": "read_csv('{table}/*.csv', all_varchar = true)"}
UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


class RunSummary(NamedTuple):
    """A run in figures.

    system (str): Name and version of the pipeline.
    folder (str): Where the tables are.
    format (str): "parquet" or "csv".
    began (str): Day on which the run began.
    written (str): When this is.
    notes (int), characters (int), tokens (int): Annotated notes, and what their texts have.
    errors (Mapping[Tuple[str, str], int]): Notes that could not be annotated, by code and kind of the error.
    entities (Mapping[str, Sequence[int]]), relations (Mapping[str, Sequence[int]]): By label, how many have a
        probability in each of some equal bins; the last number is of those whose probability is not known.
    n_files (int): Files that there were.
    n_left_out (int): How many of them were not read.
    left_out (Mapping[str, str]): Some of their names, by the reason.
    notes_before (int): Notes that were done when the run went on for the last time, those with errors among them.
    tokens_since (int): Tokens of what was annotated since.
    seconds (float): How long that took.
    """

    system: str
    folder: str
    format: str
    began: str
    written: str
    notes: int
    characters: int
    tokens: int
    errors: Mapping[tuple[str, str], int]
    entities: Mapping[str, Sequence[int]]
    relations: Mapping[str, Sequence[int]]
    n_files: int
    n_left_out: int
    left_out: Mapping[str, str]
    notes_before: int
    tokens_since: int
    seconds: float

    @property
    def n_errors(self) -> int:
        """Notes that could not be annotated."""
        return sum(self.errors.values())

    @property
    def n_notes(self) -> int:
        """All notes."""
        return self.notes + self.n_errors


class LabelRow(NamedTuple):
    """A row of a table of labels.

    label (Optional[str]): The label; None: all of them.
    found (int): How many were found.
    per_thousand (float): How many in a thousand notes.
    unknown (int): How many have no probability.
    bars (List[Bar]): A histogram of the others' probabilities.
    """

    label: str | None
    found: int
    per_thousand: float
    unknown: int
    bars: list[Bar]


class CodeRow(NamedTuple):
    """Errors of a code.

    code (str): The code.
    says (List[Tuple[str, Optional[str]]]): What it means: words, each with the name of the value that follows them.
    kinds (List[Tuple[str, int]]): How many notes by kind of the error, the most frequent first.
    """

    code: str
    says: list[tuple[str, str | None]]
    kinds: list[tuple[str, int]]


def run_page(summary: RunSummary) -> str:
    """Render what a run has come to.

    summary (RunSummary): The run.
    RETURNS (str): The page; all that comes from outside is escaped.
    """
    source = TABLES[summary.format].format(table="errors")
    return render_page(
        "run",
        title=f"Run of {summary.system}",
        filters={"grouped": "{:,}".format, "figure": show_figure, "duration": show_duration, "percent": percent},
        run=summary,
        found={
            "entities": list(_label_rows(summary.entities, summary.notes)),
            "relations": list(_label_rows(summary.relations, summary.notes)),
        },
        errors=list(_code_rows(summary.errors)),
        query=f"SELECT code, kind, id, characters, message\nFROM {source}\nORDER BY code, kind, id;",
        width=WIDTH,
        height=HEIGHT,
        version=__version__,
    )


def show_figure(value: float) -> str:
    """RETURNS (str): A mean or a rate with three digits, or all before the point."""
    if value >= 99.95 or not value:
        return f"{value:,.0f}"
    return f"{value:#.3g}" if value >= 0.001 else "< 0.001"


def show_duration(seconds: float) -> str:
    """RETURNS (str): A duration in its two largest units: "2 d 4 h"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    rest, parts = round(seconds), []
    for unit, size in UNITS:
        n, rest = divmod(rest, size)
        parts.append((n, unit))
    first = next(place for place, (n, _) in enumerate(parts) if n)
    return " ".join(f"{n} {unit}" for n, unit in parts[first : first + 2] if n)


def _label_rows(found: Mapping[str, Sequence[int]], notes: int) -> Iterator[LabelRow]:
    """The most frequent label first; before it, if there are several, all of them together."""
    rows: list[tuple[str | None, Sequence[int]]] = sorted(found.items(), key=lambda row: (-sum(row[1]), row[0]))
    if len(rows) > 1:
        rows.insert(0, (None, [sum(bins) for bins in zip(*found.values(), strict=True)]))
    for label, (*bins, unknown) in rows:
        count = sum(bins) + unknown
        yield LabelRow(label, count, 1000 * count / notes, unknown, draw_histogram(bins))


def _code_rows(errors: Mapping[tuple[str, str], int]) -> Iterator[CodeRow]:
    """The most frequent code first."""
    kinds: dict[str, Counter[str]] = {}
    for (code, kind), n in errors.items():
        kinds.setdefault(code, Counter())[kind] += n
    for code, of_code in sorted(kinds.items(), key=lambda item: (-item[1].total(), item[0])):
        yield CodeRow(code, list(_meaning(code)), sorted(of_code.items(), key=lambda item: (-item[1], item[0])))


def _meaning(code: str) -> Iterator[tuple[str, str | None]]:
    """What a code of ours or of spaCy says, cut at the values that its messages have."""
    known = vars(SpacyErrors) | vars(Errors)
    template = known.get(code, "") if re.fullmatch(r"C?E\d+", code) else ""
    for words, value, _, _ in string.Formatter().parse(first_sentence(template)):
        yield words, value
