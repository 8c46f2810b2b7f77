"""A corpus' relations between annotations -> relations between the flat entities of a document."""

from collections.abc import Iterable, Sequence

from spacy.tokens import Doc, Span

from ...annotations.relations import Offsets, Relation, relation_of
from ..audit import RELATION, ImportAudit
from .align import inner_offsets
from .record import Link, Mention


def link_entities(
    doc: Doc, mentions: Sequence[Mention], links: Iterable[Link], audit: ImportAudit, doc_id: str
) -> list[Relation[Offsets]]:
    """Find the relations of a document that are between its entities.

    An annotation with the same offsets as an entity stands for it, if it was left out as a duplicate or because it has
    another label: a span has one label in `doc.ents`, but may be related in several ways.

    doc (Doc): A document with `doc.ents`, whose `ent_id_` are the ids of annotations.
    mentions (Sequence[Mention]): The annotations that `doc.ents` were made of.
    links (Iterable[Link]): The corpus' relations.
    audit (ImportAudit): Gets the counts, and a row for every relation that is left out: one whose head or child is no
        entity, one between an entity and itself, one that is there already, one with a problem of its own.
    doc_id (str): Identifier of the document.
    RETURNS (List[Relation[Offsets]]): The others, each once.
    """
    entities = entities_by_id(doc, mentions)
    found: dict[Relation[Offsets], None] = {}
    for link in links:
        audit.relations[link.label] += 1
        missing = [id for id in (link.head, link.child) if id not in entities]
        if link.problem:
            action = f"left out: {link.problem}"
        elif missing:
            action = f"left out: {' and '.join(missing)} not in doc.ents"
        else:
            relation = relation_of(entities[link.head], entities[link.child], link.label)
            action = "left out: there already" if relation in found else "left out: head and child are one entity"
            if relation.head != relation.child and relation not in found:
                found[relation] = None
                audit.linked[link.label] += 1
                continue
        audit.add(RELATION, action, doc_id=doc_id, annotation_id=link.id, label=link.label)
    return list(found)


def entities_by_id(doc: Doc, mentions: Sequence[Mention]) -> dict[str, Span]:
    """Find the entity that each annotation is.

    doc (Doc): A document with `doc.ents`, whose `ent_id_` are the ids of annotations.
    mentions (Sequence[Mention]): The annotations that `doc.ents` were made of.
    RETURNS (Dict[str, Span]): Entities by the annotations' ids; an annotation at an entity's offsets, white space
        around it aside, is that entity.
    """
    text = doc.text
    by_id = {entity.ent_id_: entity for entity in doc.ents}
    places = {m.id: tuple(inner_offsets(text, *fragment) for fragment in m.fragments) for m in mentions}
    at = {places[m.id]: by_id[m.id] for m in mentions if m.id in by_id}
    return {m.id: at[places[m.id]] for m in mentions if places[m.id] in at}
