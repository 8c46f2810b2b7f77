"""Brat documents <-> spaCy documents, without loss: what is no span travels as plain data in `doc.user_data`."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from spacy.tokens import Doc

from ...annotations.keys import ASSERTIONS_KEY, BRAT_KEY, BRAT_SPANS_KEY, DOC_ID_KEY, RELATIONS_KEY, SPANS_KEY
from ...annotations.span_groups import probabilities_of
from ...errors import Warnings
from ..audit import RELATION, ImportAudit
from ..placing.align import align_mentions
from ..placing.offsets import mention_text, quotes_its_text
from ..placing.relations import Link, link_entities
from ..writing import check_name, pieces_of
from .brat import (
    Attribute,
    BratDocument,
    Equiv,
    Event,
    Normalization,
    Note,
    Relation,
    Textbound,
)

# The role of a relation's head: of `MODIFY Arg1:mild Arg2:fever` the fever, of n2c2's `Strength-Drug` the drug.
HEAD_ROLE = "Arg2"
KINDS = {
    "textbounds": Textbound,
    "events": Event,
    "relations": Relation,
    "equivs": Equiv,
    "attributes": Attribute,
    "normalizations": Normalization,
    "notes": Note,
}


def brat_to_doc(
    brat: BratDocument, tokenizer: Callable[[str], Doc], audit: ImportAudit, head_role: str | None = HEAD_ROLE
) -> Doc:
    """Make a spaCy document of a brat document.

    brat (BratDocument): The document.
    tokenizer (Callable[[str], Doc]): Tokenizes its text, such as `nlp.tokenizer`.
    audit (ImportAudit): Gets the counts, and a row for everything that is changed or left out.
    head_role (Optional[str]): Role of a relation's head, such as "Arg2"; the other argument is the child. None: the
        corpus is not annotated with relations, which is another thing than a document without any.
    RETURNS (Doc): `doc.ents` holds the flat entities, `doc.spans[BRAT_SPANS_KEY]` all fragments of all text-bound
        annotations that could be placed (`span.id_` is the brat id), `doc.user_data[RELATIONS_KEY]` the relations (R)
        between flat entities, `doc.user_data[BRAT_KEY]` every annotation with its offsets, as lists of dicts
        under the names of `BratDocument`'s fields, and `doc.user_data[DOC_ID_KEY]` the id. A document that is not
        annotated has none of these but the last: its entities are missing, not absent.
    """
    doc = tokenizer(brat.text)
    doc.user_data[DOC_ID_KEY] = brat.id
    audit.documents += 1
    if not brat.annotated:
        audit.add("unannotated", "imported with missing entities", doc_id=brat.id)
        return doc
    spans, entities = align_mentions(doc, brat.textbounds, audit, brat.id)
    doc.spans[BRAT_SPANS_KEY] = spans
    doc.set_ents(entities, default="outside")
    if head_role is not None:
        links = list(_links(brat, head_role, audit))
        doc.user_data[RELATIONS_KEY] = link_entities(doc, brat.textbounds, links, audit, brat.id)
    doc.user_data[BRAT_KEY] = {kind: [_plain(vars(item)) for item in getattr(brat, kind)] for kind in KINDS}
    report_texts(brat.id, brat.text, brat.textbounds, audit)
    _report_dangling(brat, {span.id_ for span in spans}, audit)
    return doc


def doc_to_brat(doc: Doc, ents_only: bool = False) -> BratDocument:
    """Make a brat document of a spaCy document.

    doc (Doc): The document, with its id in `doc.user_data[DOC_ID_KEY]`.
    ents_only (bool): Write `doc.ents`, even if the document was imported with annotations.
    RETURNS (BratDocument): The original annotations if `brat_to_doc` left some in `doc.user_data[BRAT_KEY]`, else the
        entities of `doc.ents`, a fragment for each line that they lie on, and the relations of
        `doc.user_data[RELATIONS_KEY]` between them, `Arg1` the child and `Arg2` the head; what was predicted of them
        besides, assertions as attributes and probabilities as annotators' notes; not annotated if it has neither.
        Warns (CW001) of relations between other spans.
    RAISES (ValueError): CE330 for a label that is empty or holds white space, CE331 for an entity that holds nothing
        else.
    """
    text = doc.text
    brat = BratDocument(doc.user_data.get(DOC_ID_KEY, ""), text)
    stored = None if ents_only else doc.user_data.get(BRAT_KEY)
    if stored is not None:
        for kind, make in KINDS.items():
            names = [field.name for field in fields(make)]
            setattr(brat, kind, [make(*(_tuples(item[name]) for name in names)) for item in stored[kind]])
    elif not len(doc) or not doc.has_annotation("ENT_IOB"):
        brat.annotated = False
    else:
        ids: dict[tuple[int, int], str] = {}
        for n, span in enumerate(doc.ents, start=1):
            check_name(doc, "brat", "label", span.label_, r"\s")
            fragments = pieces_of(span)
            brat.textbounds.append(Textbound(f"T{n}", span.label_, fragments, mention_text(text, fragments)))
            ids[span.start_char, span.end_char] = f"T{n}"
        brat.relations = _relations(doc, ids)
        asserted = [(ids.get((start, end)), said) for start, end, said in doc.user_data.get(ASSERTIONS_KEY, ())]
        said_of = [(entity, said) for entity, said in asserted if entity is not None]
        brat.attributes = [Attribute(f"A{n}", said, entity) for n, (entity, said) in enumerate(said_of, start=1)]
        brat.notes = list(_probabilities(doc, ids))
    return brat


def _probabilities(doc: Doc, ids: dict[tuple[int, int], str]) -> Iterator[Note]:
    probabilities = probabilities_of(doc, SPANS_KEY)
    for span in doc.ents:
        probability = probabilities.get((span.start, span.end, span.label))
        if probability is not None:
            entity = ids[span.start_char, span.end_char]
            yield Note(f"#{entity[1:]}", "AnnotatorNotes", entity, f"probability {probability:.3f}")


def _links(brat: BratDocument, head_role: str, audit: ImportAudit) -> Iterator[Link]:
    """The relations by ids of text-bound annotations: an event stands for its trigger."""
    trigger = {event.id: event.trigger for event in brat.events}
    for relation in brat.relations:
        ids = [(role, trigger.get(id, id)) for role, id in relation.arguments]
        heads = [id for role, id in ids if role == head_role]
        children = [id for role, id in ids if role != head_role]
        if len(heads) == len(children) == 1:
            yield Link(relation.id, relation.label, heads[0], children[0])
        else:
            audit.relations[relation.label] += 1
            action = f"left out: not two arguments, one of them {head_role} (--head-role)"
            audit.add(RELATION, action, doc_id=brat.id, annotation_id=relation.id, label=relation.label)


def _relations(doc: Doc, id_of: Mapping[tuple[int, int], str]) -> list[Relation]:
    """What `doc.user_data` says of the entities that are written."""
    ends = [(r["label"], tuple(r["child"]), tuple(r["head"])) for r in doc.user_data.get(RELATIONS_KEY, ())]
    known = [(label, child, head) for label, child, head in ends if child in id_of and head in id_of]
    if len(known) < len(ends):
        doc_id = doc.user_data.get(DOC_ID_KEY, "")
        warnings.warn(Warnings.CW001.format(doc=doc_id, n=len(ends) - len(known), total=len(ends)), stacklevel=3)
    for label, _, _ in known:
        check_name(doc, "brat", "relation label", label, r"\s")
    return [
        Relation(f"R{n}", label, (("Arg1", id_of[child]), ("Arg2", id_of[head])))
        for n, (label, child, head) in enumerate(known, start=1)
    ]


def _plain(value: Any) -> Any:
    """Tuples become lists: they survive a DocBin either way, and msgpack has no tuples."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value


def report_texts(doc_id: str, text: str, textbounds: Iterable[Textbound], audit: ImportAudit) -> None:
    """Report each annotation that quotes another text than its offsets: likely the text was changed afterwards.

    doc_id (str): Identifier of the document.
    text (str): Its text.
    textbounds (Iterable[Textbound]): Its annotations.
    audit (ImportAudit): Gets the rows.
    """
    for t in textbounds:
        if not quotes_its_text(t, text):
            start, end = min(s for s, _ in t.fragments), max(e for _, e in t.fragments)
            action = "offsets believed, not the text column"
            audit.add("text differs", action, doc_id=doc_id, annotation_id=t.id, start=start, end=end, label=t.label)


def _report_dangling(brat: BratDocument, placed: set[str], audit: ImportAudit) -> None:
    """Annotations that refer to one that is missing or has no span, directly or through an event's trigger."""
    known = placed | {e.id for e in brat.events if e.trigger in placed} | {r.id for r in brat.relations}
    references = [
        *((e.id, e.label, [e.trigger, *(id for _, id in e.arguments)]) for e in brat.events),
        *((r.id, r.label, [id for _, id in r.arguments]) for r in brat.relations),
        *(("*", q.label, q.members) for q in brat.equivs),
        *((a.id, a.label, [a.target]) for a in [*brat.attributes, *brat.normalizations]),
    ]
    for id, label, targets in references:
        if not known.issuperset(targets):
            audit.add("dangling", "kept as data, refers to no span", doc_id=brat.id, annotation_id=id, label=label)
