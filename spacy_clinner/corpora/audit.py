"""The import audit: what a corpus held, what of it was changed or left out, and why. It quotes offsets, never text."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

from wasabi import table

from ..files import write_atomically


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
    annotations (Counter[str]): Annotated entities per label, as they were found.
    entities (Counter[str]): Entities per label that became `doc.ents`.
    rows (List[AuditRow]): The problems, in the order they were met.
    """

    documents: int = 0
    annotations: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)
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

    def write_tsv(self, path: Path) -> None:
        """Write the rows as tab-separated values with a header line.

        path (Path): The file, written whole or not at all.
        """
        header = [column.name for column in fields(AuditRow)]
        lines = [header, *([_cell(value) for value in astuple(row)] for row in self.rows)]
        write_atomically(path, "".join("\t".join(line) + "\n" for line in lines))

    def counts(self) -> Iterator[list[str]]:
        """Counts per label and problem.

        YIELDS (List[str]): A header, a line per label (most frequent first; "-" for problems without a label), a total.
        """
        problems = sorted(self.problems)
        counts = Counter((row.label, row.problem) for row in self.rows)
        labels = sorted({*self.annotations, *(row.label for row in self.rows)}, key=lambda x: (-self.annotations[x], x))
        yield ["label", "annotated", "doc.ents", *problems]
        for label in labels:
            found = [self.annotations[label], self.entities[label], *(counts[label, problem] for problem in problems)]
            yield [label or "-", *(str(n) if n else "" for n in found)]
        totals = [self.annotations.total(), self.entities.total(), *(self.problems[problem] for problem in problems)]
        yield ["total", *map(str, totals)]

    def summary(self) -> str:
        """The table of `counts` as aligned text, below the number of documents.

        RETURNS (str): Lines to print.
        """
        header, *rows = self.counts()
        aligned = table(rows, header=header, divider=True, aligns=["l"] + ["r"] * (len(header) - 1))
        return f"{self.documents} documents\n{aligned.rstrip()}"


def _cell(value: str | int | None) -> str:
    return "" if value is None else str(value)
