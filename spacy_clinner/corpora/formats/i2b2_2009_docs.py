"""Entries of the i2b2 2009 medication challenge <-> spaCy documents."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from spacy.tokens import Doc

from ...annotations.keys import DOC_ID_KEY, RELATIONS_KEY
from ...errors import Errors, Warnings
from ..audit import ImportAudit
from ..placing.align import Fragments, align_mentions
from ..placing.relations import Link, link_entities
from ..writing import trimmed
from .brat import Textbound
from .i2b2_2009 import (
    DRUG,
    FIELDS,
    SUFFIX,
    Entry,
    EntryDocument,
    format_entries,
    mentions_of,
    parse_entries,
    widen_entries,
)

# The entries that a document was imported with, as plain data in `user_data`.
ENTRIES_KEY = "clinner_entries"


def entries_to_doc(record: EntryDocument, tokenizer: Callable[[str], Doc], audit: ImportAudit) -> Doc:
    """Make a spaCy document of a text and its entries.

    record (EntryDocument): The text and its entries.
    tokenizer (Callable[[str], Doc]): Tokenizes the text, such as `nlp.tokenizer`.
    audit (ImportAudit): Gets the counts, and a row for everything that is changed or left out.
    RETURNS (Doc): `doc.ents` holds drugs and fields, `doc.user_data["clinner_relations"]` relates each drug (head) to
        the fields of its entries (label: the field's), `doc.user_data["clinner_entries"]` holds the entries as data.
    """
    doc = tokenizer(record.text)
    doc.user_data[DOC_ID_KEY] = record.id
    audit.documents += 1
    if record.entries is None:
        audit.add("unannotated", "imported with missing entities", doc_id=record.id)
        return doc
    mentions = mentions_of(record.entries)
    found = list(mentions.values())
    _, entities = align_mentions(doc, found, audit, record.id)
    doc.set_ents(entities, default="outside")
    doc.user_data[RELATIONS_KEY] = link_entities(doc, found, _links(record.entries, mentions), audit, record.id)
    doc.user_data[ENTRIES_KEY] = [_to_data(entry) for entry in record.entries]
    return doc


def doc_to_entries(doc: Doc, ents_only: bool = False, context: str = "narrative") -> list[Entry]:
    """Make entries of a spaCy document.

    A drug with several fields of a label has several entries: the first of each label belong together, the second of
    each, and so on; a label's only field is in all of them.

    doc (Doc): The document.
    ents_only (bool): Use `doc.ents` and their relations, even if the document was imported with entries.
    context (str): "list" or "narrative", for entries that are made of relations.
    RETURNS (List[Entry]): The entries it was imported with, else one or more for each drug of `doc.ents`. Warns (CW002,
        CW330) of relations and entities that the format has no place for.
    RAISES (ValueError): CE331 for an entity of nothing but white space.
    """
    stored = None if ents_only else doc.user_data.get(ENTRIES_KEY)
    if stored is not None:
        return [_from_data(data) for data in stored]
    entities = {(entity.start_char, entity.end_char): trimmed(entity) for entity in doc.ents}
    drugs = [(entity.start_char, entity.end_char) for entity in doc.ents if entity.label_ == DRUG]
    fields: dict[tuple, dict[str, list[tuple[int, int]]]] = {drug: {} for drug in drugs}
    written = set(drugs)
    relations = doc.user_data.get(RELATIONS_KEY, ())
    lost = 0
    for relation in relations:
        head, child, label = tuple(relation["head"]), tuple(relation["child"]), relation["label"]
        if head in fields and child in entities and label in FIELDS.values() and label != DRUG:
            fields[head].setdefault(label, []).append(entities[child])
            written.add(child)
        else:
            lost += 1
    doc_id = doc.user_data.get(DOC_ID_KEY, "")
    if lost:
        warnings.warn(Warnings.CW002.format(doc=doc_id, n=lost, total=len(relations)), stacklevel=2)
    if len(written) < len(entities):
        counts = {"n": len(entities) - len(written), "total": len(entities)}
        warnings.warn(Warnings.CW330.format(doc=doc_id, **counts), stacklevel=2)
    return [entry for drug in drugs for entry in _entries(entities[drug], fields[drug], context)]


def entry_files(doc: Doc, ents_only: bool = False) -> dict[str, str]:
    """The files of a document.

    doc (Doc): The document, its id in `doc.user_data["clinner_doc_id"]`.
    ents_only (bool): As for `doc_to_entries`.
    RETURNS (Dict[str, str]): Contents of ID.txt and ID.i2b2.entries.
    RAISES (ValueError): CE333 for a field that would not be read back, and those of `doc_to_entries`.
    """
    doc_id, text = doc.user_data.get(DOC_ID_KEY, ""), doc.text
    entries = widen_entries(doc_to_entries(doc, ents_only), text)
    if entries is None or not _reads_back(content := format_entries(entries, text), text, entries):
        raise ValueError(Errors.CE333.format(doc=doc_id, format="i2b2-2009", what="a field of its entries"))
    return {f"{doc_id}.txt": text, f"{doc_id}{SUFFIX}": content}


def _entries(drug: tuple[int, int], fields: Mapping[str, list[tuple[int, int]]], context: str) -> Iterator[Entry]:
    """A drug's entries: the first field of each label, the second of each, ...; a label's only one is in all."""
    for n in range(max(map(len, fields.values()), default=1)):
        found = {label: of[0 if len(of) == 1 else n] for label, of in fields.items() if len(of) == 1 or n < len(of)}
        yield Entry({DRUG: (drug,), **{label: (span,) for label, span in found.items()}}, context)


def _reads_back(content: str, text: str, entries: list[Entry]) -> bool:
    try:
        return parse_entries(content, text, "") == entries
    except ValueError:
        return False


def _links(entries: list[Entry], mentions: Mapping[tuple[str, Fragments], Textbound]) -> list[Link]:
    """From each drug to the fields of its entries, each once."""
    links: dict[Link, None] = {}
    for entry in entries:
        ids = {label: mentions[label, tuple(fragments)].id for label, fragments in entry.fields.items()}
        head = ids.pop(DRUG)
        links |= dict.fromkeys(Link(f"{head}-{child}", label, head, child) for label, child in ids.items())
    return list(links)


def _to_data(entry: Entry) -> dict[str, Any]:
    fields = {label: [list(fragment) for fragment in fragments] for label, fragments in entry.fields.items()}
    return {"fields": fields, "context": entry.context}


def _from_data(data: dict[str, Any]) -> Entry:
    return Entry({label: tuple(map(tuple, found)) for label, found in data["fields"].items()}, data["context"])
