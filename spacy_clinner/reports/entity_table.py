"""Entities as a table, a row each."""

from collections.abc import Collection, Iterable
from typing import Any

from .annotations import AnnotatedNote
from .table import Table, join

ENTITY_COLUMNS = {
    "id": "string",
    "start": "int64",
    "end": "int64",
    "label": "string",
    "text": "string",
    "probability": "float64",
    "assertions": "string",
}


def entity_table(notes: Iterable[AnnotatedNote], labels: Collection[str] | None = None) -> Table:
    """Make a table of entities.

    notes (Iterable[AnnotatedNote]): Annotated notes.
    labels (Optional[Collection[str]]): Labels of the entities that get a row; None: all.
    RETURNS (Table): A row an entity, in the order of the notes and of their texts: the columns `ENTITY_COLUMNS`.
    """
    rows = [row for note in notes for row in entity_rows(note) if labels is None or row["label"] in labels]
    return Table(ENTITY_COLUMNS, rows)


def entity_rows(note: AnnotatedNote) -> list[dict[str, Any]]:
    """The rows of a note.

    note (AnnotatedNote): The note.
    RETURNS (List[Dict[str, Any]]): A row an entity; several assertions are joined by "; ". None: no probability is
        known, or there is no assertion.
    """
    return [
        {
            "id": note.id,
            "start": entity.start,
            "end": entity.end,
            "label": entity.label,
            "text": note.text[entity.start : entity.end],
            "probability": entity.probability,
            "assertions": join(entity.assertions),
        }
        for entity in note.entities
    ]
