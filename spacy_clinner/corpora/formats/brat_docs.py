"""Brat documents <-> spaCy documents, without loss: what is no span travels as plain data in `doc.user_data`."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ...annotations.keys import BRAT_KEY, BRAT_SPANS_KEY, DOC_ID_KEY
from ...annotations.relations import read_relations
from ...annotations.span_groups import probabilities_of_ents, steady_spans
from ...errors import Warnings
from ..audit import ImportAudit
from ..placing.offsets import mention_text
from ..placing.record import Link, Mention, Record, Reference
from ..writing import check_name, pieces_of
from .brat import (
    Attribute,
    BratDocument,
    Equiv,
    Event,
    Normalization,
    Note,
    Relation,
    brat_files,
    read_brat,
)
from .brat_assertions import KNOWN, read_attributes, write_assertions
from .options import DEFAULTS, ReadOptions, WriteOptions

KINDS = {
    "textbounds": Mention,
    "events": Event,
    "relations": Relation,
    "equivs": Equiv,
    "attributes": Attribute,
    "normalizations": Normalization,
    "notes": Note,
}


def read_corpus(path: Path, audit: ImportAudit, options: ReadOptions) -> Iterator[Record]:
    """Read the documents of a folder and its sub-folders.

    path (Path): The folder.
    audit (ImportAudit): Gets the rows of `read_brat`.
    options (ReadOptions): Its `head_role` and `assertions` say what relations and attributes mean.
    RETURNS (Iterator[Record]): Its documents.
    RAISES (ValueError): Those of `read_brat`.
    """
    return (brat_record(brat, options) for brat in read_brat(path, audit))


def write_brat(docs: Sequence[Doc], options: WriteOptions) -> Iterator[Mapping[str, str | None]]:
    """Make the files of documents.

    docs (Sequence[Doc]): The documents, with their ids.
    options (WriteOptions): `ents_only` and `assertions` as for `doc_to_brat`.
    YIELDS (Mapping[str, Optional[str]]): Contents of ID.txt and ID.ann, as of `brat_files`.
    RAISES (ValueError): Those of `doc_to_brat` and `brat_files`.
    """
    for doc in docs:
        yield brat_files(doc_to_brat(doc, options.ents_only, options.assertions))


def brat_record(brat: BratDocument, options: ReadOptions = DEFAULTS) -> Record:
    """Make a record of a brat document.

    brat (BratDocument): The document.
    options (ReadOptions): Its `head_role` and `assertions` say what relations and attributes mean.
    RETURNS (Record): Its text-bound annotations, the relations (R) between them, and their assertions. It has a span
        group for all fragments (`doc.spans["clinner_brat"]`, `span.id_` is the brat id), and keeps every annotation
        with its offsets (`doc.user_data["clinner_brat"]`) as lists of dicts under the names of `BratDocument`'s fields.
    """
    if not brat.annotated:
        return Record(brat.id, brat.text)
    attributes = read_attributes(brat, KNOWN if options.assertions is None else options.assertions)
    return Record(
        brat.id,
        brat.text,
        brat.textbounds,
        None if options.head_role is None else list(_links(brat, options.head_role)),
        attributes=attributes,
        # documents without such an attribute do not say whether annotators looked; who names the attributes does
        asserted=bool(options.assertions) or any(attribute.assertion for attribute in attributes),
        references=list(_references(brat)),
        spans_key=BRAT_SPANS_KEY,
        data={BRAT_KEY: {kind: [_plain(vars(item)) for item in getattr(brat, kind)] for kind in KINDS}},
    )


def doc_to_brat(doc: Doc, ents_only: bool = False, assertions: Mapping[str, str] | None = None) -> BratDocument:
    """Make a brat document of a spaCy document.

    doc (Doc): The document, with its id in `doc.user_data["clinner_doc_id"]`.
    ents_only (bool): Write `doc.ents`, even if the document was imported with annotations.
    assertions (Optional[Mapping[str, str]]): Assertions by attributes, as of `parse_assertions`: the first attribute of
        an assertion is written for it; None: its own name is.
    RETURNS (BratDocument): The original annotations if the document was imported with some, else the entities of
        `doc.ents`, a fragment for each line that they lie on, and the relations of
        `doc.user_data["clinner_relations"]` between them, `Arg1` the child and `Arg2` the head, and probabilities as
        annotators' notes; not annotated if it has neither. Attributes are brought up to the document's assertions.
        Warns (CW001, CW321) of relations between and assertions of other spans.
    RAISES (ValueError): CE330 for a label that is empty or holds white space, CE331 for an entity that holds nothing
        else.
    """
    brat = None if ents_only else stored_brat(doc)
    if brat is not None:
        ids = _stored_ids(doc, brat)
    else:
        brat, ids = BratDocument(doc.user_data.get(DOC_ID_KEY, ""), doc.text), {}
        if not len(doc) or not doc.has_annotation("ENT_IOB"):
            brat.annotated = False
            return brat
        for n, span in enumerate(doc.ents, start=1):
            check_name(doc, "brat", "label", span.label_, r"\s")
            fragments = pieces_of(span)
            brat.textbounds.append(Mention(f"T{n}", span.label_, fragments, mention_text(brat.text, fragments)))
            ids[span.start_char, span.end_char] = f"T{n}"
        brat.relations = _relations(doc, ids)
        brat.notes = list(_probabilities(doc, ids))
    write_assertions(doc, brat, ids, assertions)
    return brat


def stored_brat(doc: Doc) -> BratDocument | None:
    """The brat document that a document was made of.

    doc (Doc): The document.
    RETURNS (Optional[BratDocument]): The annotations it was imported with; None if it was not imported from brat.
    """
    stored = doc.user_data.get(BRAT_KEY)
    if stored is None:
        return None
    brat = BratDocument(doc.user_data.get(DOC_ID_KEY, ""), doc.text)
    for kind, make in KINDS.items():
        names = [field.name for field in fields(make)]
        setattr(brat, kind, [make(*(_tuples(item[name]) for name in names)) for item in stored[kind]])
    return brat


def _stored_ids(doc: Doc, brat: BratDocument) -> dict[tuple[int, int], str]:
    """Ids of the text-bound annotations of one piece by their tokens' offsets, those of `doc.ents` first."""
    pieces = list(steady_spans(doc, BRAT_SPANS_KEY)) if BRAT_SPANS_KEY in doc.spans else []
    single = {mention.id for mention in brat.textbounds if len(mention.fragments) == 1}
    ids = {(span.start_char, span.end_char): span.id_ for span in reversed(pieces) if span.id_ in single}
    known = {mention.id for mention in brat.textbounds}
    return ids | {(span.start_char, span.end_char): span.ent_id_ for span in doc.ents if span.ent_id_ in known}


def _probabilities(doc: Doc, ids: dict[tuple[int, int], str]) -> Iterator[Note]:
    probabilities = probabilities_of_ents(doc)
    for span in doc.ents:
        probability = probabilities.get((span.start, span.end, span.label))
        if probability is not None:
            entity = ids[span.start_char, span.end_char]
            yield Note(f"#{entity[1:]}", "AnnotatorNotes", entity, f"probability {probability:.3f}")


def _links(brat: BratDocument, head_role: str) -> Iterator[Link]:
    """The relations by ids of text-bound annotations: an event stands for its trigger."""
    trigger = {event.id: event.trigger for event in brat.events}
    for relation in brat.relations:
        ids = [(role, trigger.get(id, id)) for role, id in relation.arguments]
        heads = [id for role, id in ids if role == head_role]
        children = [id for role, id in ids if role != head_role]
        if len(heads) == len(children) == 1:
            yield Link(relation.id, relation.label, heads[0], children[0])
        else:
            yield Link(relation.id, relation.label, "", "", f"not two arguments, one of them {head_role} (--head-role)")


def _references(brat: BratDocument) -> Iterator[Reference]:
    """What names others: an event stands for its trigger, and a relation is always there."""
    trigger = {event.id: event.trigger for event in brat.events}
    relations = {relation.id for relation in brat.relations}
    found = [
        *((e.id, e.label, [e.trigger, *(id for _, id in e.arguments)]) for e in brat.events),
        *((r.id, r.label, [id for _, id in r.arguments]) for r in brat.relations),
        *(("*", q.label, q.members) for q in brat.equivs),
        *((a.id, a.label, [a.target]) for a in brat.attributes),
        *((n.id, n.label, [n.target]) for n in brat.normalizations),
    ]
    for id, label, targets in found:
        yield Reference(id, label, [trigger.get(target, target) for target in targets if target not in relations])


def _relations(doc: Doc, id_of: Mapping[tuple[int, int], str]) -> list[Relation]:
    """What `doc.user_data` says of the entities that are written."""
    found = read_relations(doc)
    known = [relation for relation in found if relation.child in id_of and relation.head in id_of]
    if len(known) < len(found):
        doc_id = doc.user_data.get(DOC_ID_KEY, "")
        warnings.warn(Warnings.CW001.format(doc=doc_id, n=len(found) - len(known), total=len(found)), stacklevel=3)
    for relation in known:
        check_name(doc, "brat", "relation label", relation.label, r"\s")
    return [
        Relation(f"R{n}", label, (("Arg1", id_of[child]), ("Arg2", id_of[head])))
        for n, (head, child, label, _) in enumerate(known, start=1)
    ]


def _plain(value: Any) -> Any:
    """Tuples become lists: they survive a DocBin either way, and msgpack has no tuples."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value
