"""PubTator: abstracts with mentions of concepts and relations between concepts, such as BC5CDR and BioRED.

A record is `ID|t|title`, `ID|a|abstract`, lines of mentions and lines of relations, and ends with an empty line.
Offsets count the characters of title and abstract with one character between them.
Source: Wei et al. 2013, PubTator, https://doi.org/10.1093/nar/gkt441; Li et al. 2016, BC5CDR,
https://doi.org/10.1093/database/baw068
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from spacy.tokens import Doc, Span

from ...annotations.keys import CONCEPT_RELATIONS_KEY, DOC_ID_KEY, RELATIONS_KEY
from ...errors import Errors
from ...files import split_lines
from ..audit import ImportAudit
from ..discovery import select_files
from ..placing.records import place_mentions, read_records
from ..placing.relations import Link, link_entities
from ..writing import trimmed
from .brat import Textbound

UNKNOWN = ("-1", "-", "")
_SEPARATORS = re.compile(r"[|,;]")
_TEXT = re.compile(r"([^|\t]+)\|([ta])\|(.*)")
# id, start, end, text, label; in BC5CDR concepts, and of composite mentions their parts
_MENTION = re.compile(r"([^|\t]+)\t(\d{1,9})\t(\d{1,9})\t([^\t]*)\t([^\t]+)(?:\t([^\t]*)(?:\t.*)?)?", re.ASCII)
# id, label, two concepts; in BioRED whether it is novel
_RELATION = re.compile(r"([^|\t]+)\t(?!-?\d+\t)([^\t]+)\t([^\t]+)\t([^\t]+)(?:\t.*)?", re.ASCII)


@dataclass
class PubTatorDocument:
    """A record.

    id (str): Its identifier, such as a PMID.
    text (str): Title and abstract, a line end between them.
    mentions (List[Textbound]): Its mentions, T1, T2, ... in the file's order.
    concepts (Dict[str, str]): Concepts by mention, as in the file: several are joined by "|"; "" for an unknown one.
    relations (List[Tuple[str, str, str]]): Label, first and second concept.
    """

    id: str
    text: str
    mentions: list[Textbound] = field(default_factory=list)
    concepts: dict[str, str] = field(default_factory=dict)
    relations: list[tuple[str, str, str]] = field(default_factory=list)


def parse_pubtator(content: str, file: str) -> Iterator[PubTatorDocument]:
    """Parse the records of a file. Offsets are not checked here: that is the import's business.

    content (str): Contents of the file.
    file (str): Its name, for errors.
    YIELDS (PubTatorDocument): Its records.
    RAISES (ValueError): CE020 for a line that is none of PubTator's where it stands, CE021 for a line of another
        record, CE022 for a record that is there twice.
    """
    seen: set[str] = set()
    title: str | None = None
    doc: PubTatorDocument | None = None
    for number, line in enumerate(split_lines(content), start=1):
        text, mention, relation = (pattern.fullmatch(line) for pattern in (_TEXT, _MENTION, _RELATION))
        abstract = bool(text and text[2] == "a")
        if not line and (title is None or doc is not None):
            if doc is not None:
                yield doc
            title = doc = None
        elif text and text[2] == "t" and title is None:
            if text[1] in seen:
                raise ValueError(Errors.CE022.format(file=file, line=number, doc=text[1]))
            seen.add(doc_id := text[1])
            title = text[3]
        elif title is None or (doc is None) != abstract or not (abstract or mention or relation):
            raise ValueError(Errors.CE020.format(file=file, line=number))
        elif not line.startswith((f"{doc_id}|", f"{doc_id}\t")):
            raise ValueError(Errors.CE021.format(file=file, line=number, doc=doc_id))
        elif doc is None:
            doc = PubTatorDocument(doc_id, f"{title}\n{text[3]}")
        elif mention:
            _, start, end, quoted, label, concepts = mention.groups()
            doc.mentions.append(Textbound(f"T{len(doc.mentions) + 1}", label, ((int(start), int(end)),), quoted))
            doc.concepts[doc.mentions[-1].id] = "" if (concepts or "") in UNKNOWN else concepts
        else:
            doc.relations.append(relation.groups()[1:])
    if doc is not None:
        yield doc
    elif title is not None:
        raise ValueError(Errors.CE020.format(file=file, line=number))


def pubtator_to_doc(record: PubTatorDocument, tokenizer: Callable[[str], Doc], audit: ImportAudit) -> Doc:
    """Make a spaCy document of a record.

    record (PubTatorDocument): The record.
    tokenizer (Callable[[str], Doc]): Tokenizes its text, such as `nlp.tokenizer`.
    audit (ImportAudit): Gets the counts, and a row for everything that is changed or left out.
    RETURNS (Doc): `doc.ents` holds the flat mentions, `kb_id_` their concepts;
        `doc.user_data["clinner_concept_relations"]` the relations as in the file; `doc.user_data["clinner_relations"]`
        one between each mention of the first concept (head) and each mention of the second (child).
    """
    doc, entities = place_mentions(record, tokenizer, audit)
    concepts = _concepts_by_mention(record)
    doc.set_ents([_with_concepts(entity, concepts[entity.id_]) for entity in entities], default="outside")
    doc.user_data[CONCEPT_RELATIONS_KEY] = [list(relation) for relation in record.relations]
    links = _links(record, audit)
    doc.user_data[RELATIONS_KEY] = link_entities(doc, record.mentions, links, audit, record.id)
    return doc


def read_pubtator(path: Path, audit: ImportAudit) -> Iterator[PubTatorDocument]:
    """Read the records of a file, or of all files of a folder and its sub-folders whose names hold "pubtator".

    path (Path): A file or folder.
    audit (ImportAudit): Gets a row for every file that is left out, and for every record whose mentions are moved.
    RETURNS (Iterator[PubTatorDocument]): The records.
    RAISES (ValueError): Those of `select_files`, `read_records` and `parse_pubtator`.
    """
    files = select_files(path, lambda name: "pubtator" in name, 'no "pubtator" in its name', audit)
    kind = "PubTator record (ID|t|title, ID|a|abstract)"
    return read_records(path, files, parse_pubtator, kind, audit)


def format_pubtator(doc: Doc) -> str:
    """Write a document as a record: `doc.ents` with their concepts, and the relations between concepts.

    doc (Doc): The document, its id in `doc.user_data["clinner_doc_id"]`. Its first line is the title; other line ends
        become spaces, so that offsets stay right.
    RETURNS (str): The record with its empty line at the end.
    RAISES (ValueError): CE023 for an id, a label or a concept that would break the columns, CE331 for an entity of
        nothing but white space.
    """
    record = _to_record(doc)
    title, abstract = record.text.split("\n")
    lines = [f"{record.id}|t|{title}", f"{record.id}|a|{abstract}"]
    for mention in record.mentions:
        ((start, end),) = mention.fragments
        concepts = record.concepts[mention.id] or UNKNOWN[0]
        lines.append(f"{record.id}\t{start}\t{end}\t{mention.text}\t{mention.label}\t{concepts}")
    lines += ["\t".join([record.id, *relation]) for relation in record.relations]
    content = "\n".join(lines) + "\n\n"
    if not _reads_back(content, record):
        raise ValueError(Errors.CE023.format(doc=record.id))
    return content


def _to_record(doc: Doc) -> PubTatorDocument:
    text = doc.text
    title, _, abstract = (part.replace("\r", " ").replace("\n", " ") for part in text.partition("\n"))
    record = PubTatorDocument(doc.user_data.get(DOC_ID_KEY, ""), f"{title}\n{abstract}")
    for n, entity in enumerate(doc.ents, start=1):
        start, end = trimmed(entity)
        quoted = re.sub(r"[\r\n\t]", " ", text[start:end])
        record.mentions.append(Textbound(f"T{n}", entity.label_, ((start, end),), quoted))
        record.concepts[f"T{n}"] = "" if entity.kb_id_ in UNKNOWN else entity.kb_id_
    record.relations = [tuple(relation) for relation in doc.user_data.get(CONCEPT_RELATIONS_KEY, ())]
    return record


def _reads_back(content: str, record: PubTatorDocument) -> bool:
    try:
        return list(parse_pubtator(content, "")) == [record]
    except ValueError:
        return False


def _with_concepts(entity: Span, concepts: str) -> Span:
    return Span(entity.doc, entity.start, entity.end, label=entity.label_, kb_id=concepts, span_id=entity.id_)


def _concepts_by_mention(record: PubTatorDocument) -> dict[str, str]:
    """Concepts as in the file, joined where mentions have the same offsets: one entity stands for all of them."""
    at: dict[tuple, dict[str, None]] = {}
    for mention in record.mentions:
        at.setdefault(tuple(mention.fragments), {})[record.concepts[mention.id]] = None
    return {mention.id: "|".join(filter(None, at[tuple(mention.fragments)])) for mention in record.mentions}


def _links(record: PubTatorDocument, audit: ImportAudit) -> Iterator[Link]:
    """Every pair of mentions of related concepts, once a label."""
    mentions: dict[str, list[str]] = {}
    for mention, concepts in record.concepts.items():
        # the whole, too: names of variants hold bars (p|SUB|V|600|E)
        for concept in filter(None, {concepts, *_SEPARATORS.split(concepts)}):
            mentions.setdefault(concept, []).append(mention)
    pairs: dict[Link, None] = {}
    for n, (label, *concepts) in enumerate(record.relations, start=1):
        unmentioned = [concept for concept in concepts if concept not in mentions]
        if unmentioned:
            action = f"between concepts only: no mention of {' and '.join(unmentioned)}"
            audit.add("unmentioned", action, doc_id=record.id, annotation_id=f"R{n}", label=label)
        for head, child in product(*(mentions.get(concept, ()) for concept in concepts)):
            pairs[Link(f"{head}-{child}", label, head, child)] = None
    yield from pairs
