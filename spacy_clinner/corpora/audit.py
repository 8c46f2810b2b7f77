"""The import audit: what a corpus held, what of it was changed or left out, and why. It quotes offsets, never text."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path
from typing import Literal

from wasabi import table

from ..cells import format_tsv, printable
from ..files import write_atomically
from .id_lists import format_ids

# Problem of a relation that is left out, and of an assertion.
RELATION = "relation"
ASSERTION = "assertion"
# Problem of a document whose annotations were made on a text with other line ends, or with or without a mark.
COUNTED_OTHERWISE = "counted otherwise"
# Problem of a file that is not read; its name stands in the document's place.
LEFT_OUT = "file left out"
# so many names of a kind are printed
N_NAMED = 5


@dataclass(frozen=True)
class AuditRow:
    """One problem of one annotation (or of a document, or of a line) and what was done about it."""

    doc_id: str
    annotation_id: str
    start: int | None
    end: int | None
    label: str
    problem: str
    action: str


@dataclass
class ImportAudit:
    """Collects what an import met.

    documents (int): Number of documents.
    ids (List[str]): Their identifiers, in the order they were read.
    files (List[str]): Names of all files of the corpus, those that are left out (`left_out`) among them.
    annotations (Counter[str]): Annotated entities per label, as they were found.
    entities (Counter[str]): Entities per label that became `doc.ents`.
    relations (Counter[str]): Annotated relations per label.
    linked (Counter[str]): Relations per label whose head and child are both in `doc.ents`.
    attributes (Counter[str]): What is said of annotations, by name.
    asserted (Counter[str]): The same, where it became an assertion of an entity of `doc.ents`.
    rows (List[AuditRow]): The problems, in the order they were met.
    """

    documents: int = 0
    ids: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    annotations: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)
    relations: Counter[str] = field(default_factory=Counter)
    linked: Counter[str] = field(default_factory=Counter)
    attributes: Counter[str] = field(default_factory=Counter)
    asserted: Counter[str] = field(default_factory=Counter)
    rows: list[AuditRow] = field(default_factory=list)

    def add(
        self,
        problem: str,
        action: str,
        *,
        doc_id: str,
        annotation_id: str = "",
        start: int | None = None,
        end: int | None = None,
        label: str = "",
    ) -> None:
        """Record a problem.

        problem (str): Its kind, a word or two.
        action (str): What was done about it; no text of the document.
        doc_id (str): Identifier of the document.
        annotation_id (str): Identifier of the annotation, if it has one.
        start (Optional[int]): Where it starts, in characters.
        end (Optional[int]): Where it ends, exclusive.
        label (str): Its label.
        """
        self.rows.append(AuditRow(doc_id, annotation_id, start, end, label, problem, action))

    @property
    def problems(self) -> Counter[str]:
        """Number of rows per problem."""
        return Counter(row.problem for row in self.rows)

    @property
    def left_out(self) -> list[tuple[str, str]]:
        """Names of the files that were not read, and why."""
        return [(row.doc_id, row.action) for row in self.rows if row.problem == LEFT_OUT]

    @property
    def left_out_by_reason(self) -> dict[str, str]:
        """Some names of the files that were not read, and how many more there are, by the reason."""
        names: dict[str, list[str]] = {}
        for name, reason in self.left_out:
            names.setdefault(reason, []).append(name)
        return {reason: name_some(some) for reason, some in names.items()}

    def files_read(self) -> str:
        """How many of the files were read, and which were not.

        RETURNS (str): A line; of files that are left out for one reason, some names.
        """
        n_left_out = len(self.left_out)
        line = f"Read {len(self.files) - n_left_out} of {len(self.files)} files"
        named = "; ".join(f"{names} ({reason})" for reason, names in self.left_out_by_reason.items())
        return f"{line}, left out {n_left_out}: {named}" if named else line

    def write_tsv(self, path: Path) -> None:
        """Write the rows as tab-separated values with a header line.

        path (Path): The file, written whole or not at all.
        """
        header = [column.name for column in fields(AuditRow)]
        write_atomically(path, format_tsv([header, *map(astuple, self.rows)]))

    def write_ids(self, path: Path) -> None:
        """Write the identifiers of the documents, one a line: what the files of a split are made of.

        path (Path): The file, written whole or not at all.
        RAISES (ValueError): CE306 for an id that a line cannot hold.
        """
        write_atomically(path, format_ids(self.ids))

    def counts(self) -> Iterator[list[str]]:
        """Counts of entities per label and problem; problems of relations and assertions are in counts of their own.

        YIELDS (List[str]): A header, a line per label (most frequent first; "-" for problems without a label), a total.
        """
        rows = [row for row in self.rows if row.problem not in (RELATION, ASSERTION)]
        counts = Counter((row.label, row.problem) for row in rows)
        per_problem = Counter(row.problem for row in rows)
        problems = sorted(per_problem)
        labels = sorted({*self.annotations, *(row.label for row in rows)}, key=lambda x: (-self.annotations[x], x))
        yield ["label", "annotated", "doc.ents", *problems]
        for label in labels:
            found = [self.annotations[label], self.entities[label], *(counts[label, problem] for problem in problems)]
            yield [label or "-", *(str(n) if n else "" for n in found)]
        totals = [self.annotations.total(), self.entities.total(), *(per_problem[problem] for problem in problems)]
        yield ["total", *map(str, totals)]

    def relation_counts(self) -> Iterator[list[str]]:
        """Counts of relations per label.

        YIELDS (List[str]): A header, a line per label (most frequent first), a total.
        """
        yield ["relation", "annotated", "between doc.ents"]
        yield from _shares(self.relations, self.linked)

    def attribute_counts(self) -> Iterator[list[str]]:
        """Counts of attributes by name.

        YIELDS (List[str]): A header, a line per name (most frequent first), a total.
        """
        yield ["attribute", "annotated", "assertions of doc.ents"]
        yield from _shares(self.attributes, self.asserted)

    def summary(self) -> str:
        """The tables of `counts` and, if there are relations or attributes, of these as aligned text, below the files
        that were read, the number of documents, and the first and last of their ids.

        RETURNS (str): Lines to print.
        """
        tables = [self.counts()]
        tables += [self.relation_counts()] if self.relations else []
        tables += [self.attribute_counts()] if self.attributes else []
        ids = " .. ".join(dict.fromkeys((*self.ids[:1], *self.ids[-1:])))
        first = f"{self.documents} documents; ids: {ids}" if ids else f"{self.documents} documents"
        files = [self.files_read()] if self.files else []
        return "\n".join([*files, first, *map(_aligned, tables)])


def name_some(names: Sequence[str]) -> str:
    """Name the first of many.

    names (Sequence[str]): Names of files or documents.
    RETURNS (str): The first of them with commas between, and how many more there are.
    """
    more = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
    return ", ".join(names[:N_NAMED]) + more


def _shares(annotated: Counter[str], found: Counter[str]) -> Iterator[list[str]]:
    for name, n in sorted(annotated.items(), key=lambda item: (-item[1], item[0])):
        yield [name, str(n), str(found[name])]
    yield ["total", str(annotated.total()), str(found.total())]


def _aligned(lines: Iterator[list[str]]) -> str:
    header, *rows = ([printable(cell) for cell in line] for line in lines)
    aligns: list[Literal["l", "r"]] = ["r" if column else "l" for column in range(len(header))]
    return table(rows, header=header, divider=True, aligns=aligns).rstrip()
