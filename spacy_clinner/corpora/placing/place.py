"""A record of any format -> a spaCy document, with a row in the audit for everything that is changed or left out."""

from collections.abc import Callable, Mapping, Sequence

from spacy.tokens import Doc, Span

from ...annotations.keys import ASSERTED_KEY, ASSERTIONS_KEY, DOC_ID_KEY
from ...annotations.relations import write_relations
from ..audit import ImportAudit
from .align import align_mentions
from .assertions import assert_entities
from .offsets import report_texts
from .record import Mention, Record
from .relations import link_entities


def place(record: Record, tokenizer: Callable[[str], Doc], audit: ImportAudit) -> Doc:
    """Make a spaCy document of a record.

    record (Record): The record.
    tokenizer (Callable[[str], Doc]): Tokenizes its text, such as `nlp.tokenizer`.
    audit (ImportAudit): Gets the counts, and a row for everything that is changed or left out.
    RETURNS (Doc): `doc.ents` holds the flat entities (`ent_id_`: the mention's id, `kb_id_`: its concepts),
        `doc.user_data` the id ("clinner_doc_id"), where they are annotated relations ("clinner_relations") and
        assertions ("clinner_assertions") of flat entities, and the record's data; `doc.spans` the record's span group.
        A document that is not annotated has the id alone: its entities are missing, not absent.
    """
    for id, problem, action, label in record.problems:
        audit.add(problem, action, doc_id=record.id, annotation_id=id, label=label)
    doc = tokenizer(record.text)
    doc.user_data[DOC_ID_KEY] = record.id
    audit.documents += 1
    if record.mentions is None:
        audit.add("unannotated", "imported with missing entities", doc_id=record.id)
    else:
        _annotate(doc, record, record.mentions, audit)
    return doc


def _annotate(doc: Doc, record: Record, mentions: Sequence[Mention], audit: ImportAudit) -> None:
    spans, entities = align_mentions(doc, mentions, audit, record.id)
    if record.concepts:
        entities = _with_concepts(entities, mentions, record.concepts)
    doc.set_ents(entities, default="missing" if record.partial else "outside")
    report_texts(record.id, record.text, mentions, audit)
    if record.spans_key is not None:
        doc.spans[record.spans_key] = spans
    if record.links is not None:
        write_relations(doc, link_entities(doc, mentions, record.links, audit, record.id))
    rows = assert_entities(doc, mentions, record.attributes, audit, record.id)
    if record.asserted:
        doc.user_data[ASSERTIONS_KEY] = sorted(map(list, {tuple(row) for row in rows.values()}))
        doc.user_data[ASSERTED_KEY] = rows
    doc.user_data.update(record.data)
    placed = {span.id_ for span in spans}
    for id, label, targets in record.references:
        if not placed.issuperset(targets):
            audit.add("dangling", "kept as data, refers to no span", doc_id=record.id, annotation_id=id, label=label)


def _with_concepts(entities: Sequence[Span], mentions: Sequence[Mention], known: Mapping[str, str]) -> list[Span]:
    """Concepts are joined where mentions have the same offsets: one entity stands for all of them."""
    at: dict[tuple, dict[str, None]] = {}
    for mention in mentions:
        at.setdefault(mention.fragments, {})[known[mention.id]] = None
    concepts = {mention.id: "|".join(filter(None, at[mention.fragments])) for mention in mentions}
    return [
        Span(span.doc, span.start, span.end, label=span.label_, kb_id=concepts[span.id_], span_id=span.id_)
        for span in entities
    ]
