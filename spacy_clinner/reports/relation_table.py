"""Entities with their fields as a table, a row each: what a spreadsheet or a data base takes from annotated notes."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from ..annotations.relations import Relation
from .annotations import AnnotatedNote, Annotation, show_probability
from .entity_table import entity_table
from .table import Table, join

HEAD_COLUMNS = {
    "doc_id": "string",
    "head_text": "string",
    "head_start": "int64",
    "head_end": "int64",
    "head_label": "string",
    "head_probability": "float64",
    "head_assertion": "string",
}


class Known(NamedTuple):
    """What can be found in notes, though these may not hold it: so that the tables of one pipeline are alike.

    heads (Collection[str]): Labels of entities that relations are of.
    fields (Collection[str]): Labels of relations.
    """

    heads: Collection[str] = ()
    fields: Collection[str] = ()


NOTHING = Known()


def note_table(
    notes: Sequence[AnnotatedNote], head_labels: Collection[str] | None = None, known: Known = NOTHING
) -> Table:
    """Make the table that notes ask for: of entities with their fields if somebody has looked for relations, else of
    entities.

    notes (Sequence[AnnotatedNote]): Annotated notes.
    head_labels (Optional[Collection[str]]): Labels of the entities that get a row; None: as `relation_table` chooses
        them, or all.
    known (Known): As for `relation_table`.
    RETURNS (Table): As of `relation_table` or `entity_table`.
    """
    if all(note.links is None for note in notes):
        return entity_table(notes, head_labels)
    return relation_table(notes, head_labels, known)


def relation_table(
    notes: Sequence[AnnotatedNote], head_labels: Collection[str] | None = None, known: Known = NOTHING
) -> Table:
    """Make a table of the heads of relations.

    notes (Sequence[AnnotatedNote]): Notes with entities and relations, gold or predicted.
    head_labels (Optional[Collection[str]]): Labels of the entities that get a row, with fields or without. None: the
        known labels of heads, and those of all that are heads anywhere in the notes; if there are none, all labels.
    known (Known): Labels of heads, and labels of relations that get columns, found or not.
    RETURNS (Table): The columns `HEAD_COLUMNS`, and of each label of relations the children's texts (column LABEL),
        their offsets (LABEL_offsets, start-end) and the relations' probabilities (LABEL_probability), in the order of
        the text and joined by "; "; "" for a relation without probability beside others that have one; relation_LABEL
        and so on where one of these is a column already. None: no child, no such probability, no assertion.
    """
    found = [(note, entity, links) for note in notes for entity, links in _links_by_head(note)]
    if head_labels is None:
        head_labels = {*known.heads, *(entity.label for _, entity, links in found if links)}
    fields = _fields({*known.fields, *(link.label for note in notes for link in note.links or ())})
    columns = HEAD_COLUMNS | dict.fromkeys((name for own in fields.values() for name in own), "string")
    rows = (_row(*row, fields) for row in found if not head_labels or row[1].label in head_labels)
    return Table(columns, [{column: row.get(column) for column in columns} for row in rows])


def _fields(labels: Collection[str]) -> dict[str, tuple[str, str, str]]:
    """Columns of relations by their labels: for texts, offsets and probabilities."""
    fields: dict[str, tuple[str, str, str]] = {}
    taken = set(HEAD_COLUMNS)
    for label in sorted(labels):
        name = label
        while taken & {*(names := (name, f"{name}_offsets", f"{name}_probability"))}:
            name = f"relation_{name}"
        fields[label] = names
        taken |= {*names}
    return fields


def _links_by_head(note: AnnotatedNote) -> list[tuple[Annotation, list[Relation]]]:
    """The entities of a note with the relations that each is the head of."""
    spans = {(entity.start, entity.end) for entity in note.entities}
    links: dict[tuple[int, int] | None, list[Relation]] = {}
    for link in note.links or ():
        start, end = link.head
        # of an entity that has grown since the relation was found
        around = (span for span in spans if span[0] <= start and end <= span[1])
        head = link.head if link.head in spans else min(around, key=lambda span: span[1] - span[0], default=None)
        links.setdefault(head, []).append(link)
    return [(entity, links.get((entity.start, entity.end), [])) for entity in note.entities]


def _row(
    note: AnnotatedNote, head: Annotation, links: list[Relation], fields: dict[str, tuple[str, str, str]]
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "doc_id": note.id,
        "head_text": note.text[head.start : head.end],
        "head_start": head.start,
        "head_end": head.end,
        "head_label": head.label,
        "head_probability": head.probability,
        "head_assertion": join(head.assertions),
    }
    cells: dict[str, list[str]] = {}
    for link in sorted(links, key=lambda link: link.child):
        start, end = link.child
        texts, offsets, probabilities = fields[link.label]
        cells.setdefault(texts, []).append(note.text[start:end])
        cells.setdefault(offsets, []).append(f"{start}-{end}")
        shown = "" if link.probability is None else show_probability(link.probability)
        cells.setdefault(probabilities, []).append(shown)
    return row | {column: join(values) for column, values in cells.items()}
