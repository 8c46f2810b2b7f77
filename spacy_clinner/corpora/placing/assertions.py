"""A corpus' attributes of annotations -> assertions of the flat entities of a document."""

from collections.abc import Iterable, Sequence

from spacy.tokens import Doc

from ..audit import ASSERTION, ImportAudit
from .record import Attribute, Mention
from .relations import entities_by_id


def assert_entities(
    doc: Doc, mentions: Sequence[Mention], attributes: Iterable[Attribute], audit: ImportAudit, doc_id: str
) -> dict[str, list]:
    """Find what attributes assert of entities.

    doc (Doc): A document with `doc.ents`, whose `ent_id_` are the ids of annotations.
    mentions (Sequence[Mention]): The annotations that `doc.ents` were made of.
    attributes (Iterable[Attribute]): What the corpus says of them.
    audit (ImportAudit): Gets the counts, and a row for every assertion about what is no entity.
    doc_id (str): Identifier of the document.
    RETURNS (Dict[str, List]): By the attribute's id a row of `doc.user_data["clinner_assertions"]`: start and end of
        the entity in characters, and the assertion.
    """
    entities = entities_by_id(doc, mentions)
    rows = {}
    for id, name, target, assertion in attributes:
        audit.attributes[name] += 1
        if assertion is None:
            continue
        if target in entities:
            rows[id] = [entities[target].start_char, entities[target].end_char, assertion]
            audit.asserted[name] += 1
        else:
            action = f"kept as data: {target} not in doc.ents"
            audit.add(ASSERTION, action, doc_id=doc_id, annotation_id=id, label=name)
    return rows
