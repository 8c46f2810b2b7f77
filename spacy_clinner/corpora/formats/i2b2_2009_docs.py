"""Entries of the i2b2 2009 medication challenge <-> spaCy documents."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ...annotations.keys import DOC_ID_KEY, ENTRIES_KEY
from ...annotations.relations import read_relations
from ...errors import Errors, Warnings
from ..audit import ImportAudit
from ..placing.record import Fragments, Link, Mention, Record
from ..writing import trimmed
from .i2b2_2009 import (
    DRUG,
    FIELDS,
    SUFFIX,
    Entry,
    EntryDocument,
    format_entries,
    mentions_of,
    parse_entries,
    read_i2b2_2009,
    widen_entries,
)
from .options import ReadOptions, WriteOptions


def read_corpus(path: Path, audit: ImportAudit, options: ReadOptions) -> Iterator[Record]:
    """Read the documents of a folder.

    path (Path): The folder.
    audit (ImportAudit): Gets the rows of `read_i2b2_2009`.
    options (ReadOptions): Not used.
    RETURNS (Iterator[Record]): Its documents.
    RAISES (ValueError): Those of `read_i2b2_2009`.
    """
    return map(entries_record, read_i2b2_2009(path, audit))


def entries_record(document: EntryDocument) -> Record:
    """Make a record of a text and its entries.

    document (EntryDocument): The text and its entries.
    RETURNS (Record): Drugs and fields; relations from each drug (head) to the fields of its entries, labelled as the
        field. It keeps the entries as data (`doc.user_data["clinner_entries"]`).
    """
    record = Record(document.id, document.text)
    if document.entries is not None:
        mentions = mentions_of(document.entries)
        record.mentions, record.links = list(mentions.values()), _links(document.entries, mentions)
        record.data = {ENTRIES_KEY: [_to_data(entry) for entry in document.entries]}
    return record


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
    if not ents_only and (stored := stored_entries(doc)) is not None:
        return stored
    entities = {(entity.start_char, entity.end_char): trimmed(entity) for entity in doc.ents}
    names = {(entity.start_char, entity.end_char): entity.label_ for entity in doc.ents}
    drugs = [(entity.start_char, entity.end_char) for entity in doc.ents if entity.label_ == DRUG]
    fields: dict[tuple, dict[str, list[tuple[int, int]]]] = {drug: {} for drug in drugs}
    written = set(drugs)
    relations = read_relations(doc)
    lost = 0
    for head, child, label, _ in relations:
        # an entry calls a field what the relation is called: an entity of another label would be read back as that
        if head in fields and label in FIELDS.values() and label != DRUG and names.get(child) == label:
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


def stored_entries(doc: Doc) -> list[Entry] | None:
    """The entries that a document was imported with.

    doc (Doc): The document.
    RETURNS (Optional[List[Entry]]): Its entries; None if it was not imported from i2b2 2009.
    """
    stored = doc.user_data.get(ENTRIES_KEY)
    return None if stored is None else [_from_data(data) for data in stored]


def write_entries(docs: Sequence[Doc], options: WriteOptions) -> Iterator[dict[str, str]]:
    """Make the files of documents.

    docs (Sequence[Doc]): The documents, their ids in `doc.user_data["clinner_doc_id"]`.
    options (WriteOptions): `ents_only` as for `doc_to_entries`.
    YIELDS (Dict[str, str]): Contents of ID.txt and ID.i2b2.entries.
    RAISES (ValueError): CE333 for a field that would not be read back, and those of `doc_to_entries`.
    """
    for doc in docs:
        doc_id, text = doc.user_data.get(DOC_ID_KEY, ""), doc.text
        entries = widen_entries(doc_to_entries(doc, options.ents_only), text)
        if entries is None or not _reads_back(content := format_entries(entries, text), text, entries):
            raise ValueError(Errors.CE333.format(doc=doc_id, format="i2b2-2009", what="a field of its entries"))
        yield {f"{doc_id}.txt": text, f"{doc_id}{SUFFIX}": content}


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


def _links(entries: list[Entry], mentions: Mapping[tuple[str, Fragments], Mention]) -> list[Link]:
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
