"""PubTator: abstracts with mentions of concepts and relations between concepts, such as BC5CDR and BioRED.

A record is `ID|t|title`, `ID|a|abstract`, lines of mentions and lines of relations, and ends with an empty line.
Offsets count the characters of title and abstract with one character between them.
Source: Wei et al. 2013, PubTator, https://doi.org/10.1093/nar/gkt441; Li et al. 2016, BC5CDR,
https://doi.org/10.1093/database/baw068
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from spacy.tokens import Doc

from ...annotations.concepts import split_concepts
from ...annotations.keys import CONCEPT_RELATIONS_KEY, DOC_ID_KEY
from ...annotations.relations import read_relations
from ...errors import Errors, Warnings
from ...files import split_lines
from ..audit import ImportAudit
from ..discovery import select_files
from ..placing.record import Link, Mention, Problem, Record
from ..placing.records import read_records
from ..writing import trimmed
from .options import DEFAULTS, ReadOptions, WriteOptions

UNKNOWN = ("-1", "-", "")
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
    mentions (List[Mention]): Its mentions, T1, T2, ... in the file's order.
    concepts (Dict[str, str]): Concepts by mention, as in the file: several are joined by "|"; "" for an unknown one.
    relations (List[Tuple[str, str, str]]): Label, first and second concept.
    repeated (bool): Whether the file has the same record before, word for word.
    """

    id: str
    text: str
    mentions: list[Mention] = field(default_factory=list)
    concepts: dict[str, str] = field(default_factory=dict)
    relations: list[tuple[str, str, str]] = field(default_factory=list)
    repeated: bool = False


def parse_pubtator(content: str, file: str) -> Iterator[PubTatorDocument]:
    """Parse the records of a file. Offsets are not checked here: that is the import's business.

    content (str): Contents of the file.
    file (str): Its name, for errors.
    YIELDS (PubTatorDocument): Its records.
    RAISES (ValueError): CE020 for a line that is none of PubTator's where it stands, CE021 for a line of another
        record, CE022 for one whose id an unlike record has before.
    """
    records: dict[str, PubTatorDocument] = {}
    title: str | None = None
    first = 0
    doc: PubTatorDocument | None = None
    for number, line in enumerate(split_lines(content), start=1):
        text, mention, relation = (pattern.fullmatch(line) for pattern in (_TEXT, _MENTION, _RELATION))
        abstract = bool(text and text[2] == "a")
        if not line and (title is None or doc is not None):
            if doc is not None:
                yield _compare(doc, records, file, first)
            title = doc = None
        elif text and text[2] == "t" and title is None:
            doc_id, title, first = text[1], text[3], number
        elif title is None or (doc is None) != abstract or not (abstract or mention or relation):
            raise ValueError(Errors.CE020.format(file=file, line=number))
        elif not line.startswith((f"{doc_id}|", f"{doc_id}\t")):
            raise ValueError(Errors.CE021.format(file=file, line=number, doc=doc_id))
        elif doc is None:
            assert text is not None, "where no document is begun, the line is its abstract"
            doc = PubTatorDocument(doc_id, f"{title}\n{text[3]}")
        elif mention:
            _, start, end, quoted, label, concepts = mention.groups()
            doc.mentions.append(Mention(f"T{len(doc.mentions) + 1}", label, ((int(start), int(end)),), quoted))
            doc.concepts[doc.mentions[-1].id] = "" if (concepts or "") in UNKNOWN else concepts
        elif relation:
            _, label, head, child = relation.groups()
            doc.relations.append((label, head, child))
    if doc is not None:
        yield _compare(doc, records, file, first)
    elif title is not None:
        raise ValueError(Errors.CE020.format(file=file, line=number))


def _compare(doc: PubTatorDocument, records: dict[str, PubTatorDocument], file: str, line: int) -> PubTatorDocument:
    """Tell the same record again, as NCBI's disease corpus has one, from another one of its id."""
    known = records.setdefault(doc.id, doc)
    if known != doc:
        raise ValueError(Errors.CE022.format(file=file, line=line, doc=doc.id))
    return doc if known is doc else replace(doc, repeated=True)


def pubtator_record(document: PubTatorDocument, options: ReadOptions = DEFAULTS) -> Record:
    """Make a record, as all formats have it, of one of PubTator's.

    document (PubTatorDocument): The document.
    options (ReadOptions): Without a `head_role` the corpus is not annotated with relations: the record has none.
    RETURNS (Record): It keeps the relations between concepts as in the file
        (`doc.user_data["clinner_concept_relations"]`), and has one between each mention of the first concept (head) and
        each mention of the second (child).
    """
    related = options.head_role is not None
    links, problems = _links(document) if related else (None, [])
    return Record(
        document.id,
        document.text,
        document.mentions,
        links,
        concepts=document.concepts,
        problems=problems,
        data={CONCEPT_RELATIONS_KEY: [list(relation) for relation in document.relations]} if related else {},
        left_out="the file has it before, word for word" if document.repeated else "",
    )


def read_pubtator(path: Path, audit: ImportAudit, options: ReadOptions = DEFAULTS) -> Iterator[Record]:
    """Read the records of a file, or of all files of a folder and its sub-folders whose names hold "pubtator".

    path (Path): A file or folder.
    audit (ImportAudit): Gets a row for every file that is left out, and for every record whose mentions are moved.
    options (ReadOptions): As for `pubtator_record`.
    RETURNS (Iterator[Record]): The records.
    RAISES (ValueError): Those of `select_files`, `read_records` and `parse_pubtator`.
    """
    files = select_files(path, lambda name: "pubtator" in name, 'no "pubtator" in its name', audit)
    kind = "PubTator record (ID|t|title, ID|a|abstract)"

    def parse(content: str, file: str) -> Iterator[Record]:
        return (pubtator_record(document, options) for document in parse_pubtator(content, file))

    return read_records(path, files, parse, kind, audit)


def write_pubtator(docs: Sequence[Doc], options: WriteOptions) -> Iterator[dict[str, str]]:
    """Make the files of documents.

    docs (Sequence[Doc]): The documents, with their ids.
    options (WriteOptions): Not used.
    YIELDS (Dict[str, str]): Contents of ID.PubTator.txt.
    RAISES (ValueError): Those of `format_pubtator`.
    """
    for doc in docs:
        yield {f"{doc.user_data[DOC_ID_KEY]}.PubTator.txt": format_pubtator(doc)}


def format_pubtator(doc: Doc) -> str:
    """Write a document as a record: `doc.ents` with their concepts, and the relations between concepts.

    doc (Doc): The document, its id in `doc.user_data["clinner_doc_id"]`. Its first line is the title; other line ends
        become spaces, so that offsets stay right.
    RETURNS (str): The record with its empty line at the end. Warns (CW004) of relations between entities that no
        relation of their concepts stands for.
    RAISES (ValueError): CE023 for an id, a label or a concept that would break the columns, CE331 for an entity of
        nothing but white space.
    """
    record = _to_record(doc)
    _warn_of_relations(doc, record)
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
        record.mentions.append(Mention(f"T{n}", entity.label_, ((start, end),), quoted))
        record.concepts[f"T{n}"] = "" if entity.kb_id_ in UNKNOWN else entity.kb_id_
    record.relations = [tuple(relation) for relation in doc.user_data.get(CONCEPT_RELATIONS_KEY, ())]
    return record


def _warn_of_relations(doc: Doc, record: PubTatorDocument) -> None:
    places = {f"T{n}": (entity.start_char, entity.end_char) for n, entity in enumerate(doc.ents, start=1)}
    written = {(places[link.head], places[link.child], link.label) for link in _links(record)[0]}
    relations = read_relations(doc)
    lost = sum((one.head, one.child, one.label) not in written for one in relations)
    if lost:
        warnings.warn(Warnings.CW004.format(doc=record.id, n=lost, total=len(relations)), stacklevel=3)


def _reads_back(content: str, record: PubTatorDocument) -> bool:
    try:
        return list(parse_pubtator(content, "")) == [record]
    except ValueError:
        return False


def _links(document: PubTatorDocument) -> tuple[list[Link], list[Problem]]:
    """Every pair of mentions of related concepts, once a label; and the relations of concepts without a mention."""
    mentions: dict[str, list[str]] = {}
    for mention, concepts in document.concepts.items():
        # the whole, too, if a relation names it as it is
        for concept in filter(None, {concepts, *split_concepts(concepts)}):
            mentions.setdefault(concept, []).append(mention)
    pairs: dict[Link, None] = {}
    problems = []
    for n, (label, *ends) in enumerate(document.relations, start=1):
        unmentioned = [concept for concept in ends if concept not in mentions]
        if unmentioned:
            action = f"between concepts only: no mention of {' and '.join(unmentioned)}"
            problems.append(Problem(f"R{n}", "unmentioned", action, label))
        for head, child in product(*(mentions.get(concept, ()) for concept in ends)):
            pairs[Link(f"{head}-{child}", label, head, child)] = None
    return list(pairs), problems
