"""What is written of a note: rows of tables for data bases, and OMOP's NOTE_NLP."""

from collections.abc import Iterator
from typing import Any

from spacy.tokens import Doc, Span

from ...annotations.relations import read_end_labels
from ...reports.annotations import AnnotatedNote, read_note, round_probability
from ...reports.entity_table import ENTITY_COLUMNS, entity_rows
from ..batch import Failure
from .shards import ShardNote

Row = dict[str, Any]
Rows = dict[str, list[Row]]
# the extension of medspaCy's sectionizer
SECTION = "section_category"

NOTES = {
    "id": "string",
    "characters": "int64",
    "tokens": "int64",
    "entities": "int64",
    "relations": "int64",
}
ENTITIES = ENTITY_COLUMNS | {"section": "string"}
RELATIONS = {
    "id": "string",
    "label": "string",
    "probability": "float64",
    **{
        f"{end}_{what}": kind
        for end in ("head", "child")
        for what, kind in {"start": "int64", "end": "int64", "label": "string", "text": "string"}.items()
    },
}
ERRORS = {"id": "string", "code": "string", "kind": "string", "characters": "int64", "message": "string"}


def columns_of(also: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """The tables of a run.

    also (Tuple[str, ...]): Names of what travels along with notes.
    RETURNS (Dict[str, Dict[str, str]]): By name of the table its columns with their Arrow types.
    """
    more = dict.fromkeys(also, "string")
    return {"notes": NOTES | more, "entities": ENTITIES, "relations": RELATIONS, "errors": ERRORS | more}


def rows_of(note: ShardNote, found: Doc | Failure, also: tuple[str, ...], spans_key: str | None) -> Rows:
    """The rows of a note.

    note (ShardNote): The note.
    found (Union[Doc, Failure]): Its document, or why there is none.
    also (Tuple[str, ...]): Names of what travels along.
    spans_key (Optional[str]): Span group of the entities; None: `doc.ents`.
    RETURNS (Dict[str, List[Dict[str, Any]]]): By table; a note has a row of "notes" or one of "errors".
    """
    more = dict(zip(also, note.also, strict=True))
    if isinstance(found, Failure):
        code = found.message[1 : found.message.index("]")]
        length = note.length if isinstance(note.text, str) else None
        error = {"id": note.id, "code": code, "kind": found.kind, "characters": length, "message": found.message}
        return {"errors": [error | more]}
    annotated = read_note(note.id, found, spans_key, note.text if isinstance(note.text, str) else None)
    relations = None if annotated.links is None else len(annotated.links)
    row = {"id": note.id, "characters": len(annotated.text), "tokens": len(found)}
    row |= {"entities": len(annotated.entities), "relations": relations}
    return {
        "notes": [row | more],
        "entities": list(_entities(annotated, found)),
        "relations": list(_relations(annotated, found)),
    }


def _entities(note: AnnotatedNote, doc: Doc) -> Iterator[Row]:
    has_sections = Span.has_extension(SECTION)
    for row in entity_rows(note):
        section = None
        if has_sections and (span := doc.char_span(row["start"], row["end"])) is not None:
            section = span._.get(SECTION)
            # whose component it is decides what it gives
            section = None if section is None else str(section)
        yield row | {"probability": round_probability(row["probability"]), "section": section}


def _relations(note: AnnotatedNote, doc: Doc) -> Iterator[Row]:
    for link, labels in zip(note.links or (), read_end_labels(doc), strict=False):
        row: Row = {"id": note.id, "label": link.label, "probability": round_probability(link.probability)}
        for name, (start, end), label in zip(("head", "child"), (link.head, link.child), labels, strict=True):
            text = note.text[start:end]
            row |= {f"{name}_start": start, f"{name}_end": end, f"{name}_label": label, f"{name}_text": text}
        yield row
