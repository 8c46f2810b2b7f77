"""Entities with their fields as a table, a row each: what a spreadsheet or a data base takes from annotated notes."""

import csv
import io
from collections.abc import Collection, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from spacy.tokens import Doc

from ..constants import ASSERTIONS_KEY, RELATIONS_KEY
from ..errors import Errors
from ..files import write_atomically
from ..scoring.documents import document_ids
from .annotations import Annotation, annotations_of

HEAD_COLUMNS = {
    "doc_id": "string",
    "head_text": "string",
    "head_start": "int64",
    "head_end": "int64",
    "head_label": "string",
    "head_probability": "float64",
    "head_assertion": "string",
}
SEPARATOR = "; "
SUFFIXES = (".csv", ".parquet")


class Table(NamedTuple):
    """Rows by column; the names of the columns with their Arrow types."""

    columns: dict[str, str]
    rows: list[dict[str, Any]]


def relation_table(
    docs: Sequence[Doc], spans_key: str | None = None, head_labels: Collection[str] | None = None
) -> Table:
    """Make a table of the heads of relations.

    docs (Sequence[Doc]): Documents with entities and `user_data["clinner_relations"]`, gold or predicted.
    spans_key (Optional[str]): Span group of the entities; None: `doc.ents`.
    head_labels (Optional[Collection[str]]): Labels of the entities that get a row, with fields or without. None: the
        labels of all that are heads anywhere in the documents.
    RETURNS (Table): The columns `HEAD_COLUMNS`, and of each label of relations the children's texts (column LABEL),
        their offsets (LABEL_offsets, start-end) and the relations' probabilities (LABEL_probability), in the order of
        the text and joined by "; ". None: no child, no such probability, no assertion.
    RAISES (ValueError): CE064 if two documents have the same id.
    """
    entities = [annotations_of(doc, spans_key) for doc in docs]
    relations = [doc.user_data.get(RELATIONS_KEY, ()) for doc in docs]
    if head_labels is None:
        found = zip(entities, relations, strict=True)
        head_labels = {head.label for those, links in found for head in _heads(those, links)}
    rows = [
        _row(doc, doc_id, head, links)
        for doc, doc_id, those, links in zip(docs, document_ids(docs), entities, relations, strict=True)
        for head in those
        if head.label in head_labels
    ]
    columns = dict(HEAD_COLUMNS)
    for label in sorted({relation["label"] for links in relations for relation in links}):
        columns |= dict.fromkeys((label, f"{label}_offsets", f"{label}_probability"), "string")
    return Table(columns, [{column: row.get(column) for column in columns} for row in rows])


def write_table(path: Path, table: Table) -> None:
    """Write a table as comma-separated values or Parquet, whole or not at all.

    path (Path): A file that ends in .csv or .parquet.
    table (Table): The table.
    RAISES (ValueError): CE086 for another ending, CE087 if Parquet is wanted and pyarrow is missing.
    """
    check_output(path)
    write_atomically(path, _to_csv(table) if path.suffix == ".csv" else _to_parquet(table))


def check_output(path: Path) -> None:
    """See that a table can be written; better known before the notes are annotated than after.

    path (Path): The file.
    RAISES (ValueError): CE086 for an unknown ending, CE087 if Parquet is wanted and pyarrow is missing.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(Errors.CE086.format(path=path.name, known=" or ".join(SUFFIXES)))
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise ValueError(Errors.CE087)


def _heads(entities: Sequence[Annotation], relations: Sequence[dict[str, Any]]) -> list[Annotation]:
    offsets = {tuple(relation["head"]) for relation in relations}
    return [entity for entity in entities if (entity.start, entity.end) in offsets]


def _row(doc: Doc, doc_id: str, head: Annotation, relations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    span = (head.start, head.end)
    assertions = [name for *offsets, name in doc.user_data.get(ASSERTIONS_KEY, ()) if tuple(offsets) == span]
    row = {
        "doc_id": doc_id,
        "head_text": doc.text[head.start : head.end],
        "head_start": head.start,
        "head_end": head.end,
        "head_label": head.label,
        "head_probability": head.probability,
        "head_assertion": SEPARATOR.join(assertions) or None,
    }
    cells: dict[str, list[str]] = {}
    for relation in sorted(relations, key=lambda relation: tuple(relation["child"])):
        if tuple(relation["head"]) != span:
            continue
        start, end = relation["child"]
        label = relation["label"]
        cells.setdefault(label, []).append(doc.text[start:end])
        cells.setdefault(f"{label}_offsets", []).append(f"{start}-{end}")
        if "probability" in relation:
            cells.setdefault(f"{label}_probability", []).append(f"{relation['probability']:.3f}")
    return row | {column: SEPARATOR.join(values) for column, values in cells.items()}


def _to_csv(table: Table) -> str:
    file = io.StringIO(newline="")
    # line ends as in RFC 4180: with others, a lone carriage return in a cell would not be quoted
    writer = csv.DictWriter(file, table.columns)
    writer.writeheader()
    writer.writerows(table.rows)
    return file.getvalue()


def _to_parquet(table: Table) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in table.columns.items()])
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(table.rows, schema=schema), file)
    return file.getvalue()
