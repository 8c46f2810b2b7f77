"""doccano's sequence labelling and relations, JSON lines.

    {"id": 7, "text": "5 mg aspirin", "label": [[0, 4, "DOSAGE"], [5, 12, "DRUG"]]}
    {"id": 7, "text": "5 mg aspirin", "relations": [{"id": 3, "from_id": 2, "to_id": 1, "type": "HAS"}],
     "entities": [{"id": 1, "label": "DOSAGE", "start_offset": 0, "end_offset": 4}, ...]}

The second form is that of projects with relations; a relation points from its head to its child. doccano's page counts
UTF-16 units, as JavaScript does: a character beyond U+FFFF, such as most emoji, is two of them. So are offsets here.
Source: https://doccano.github.io/doccano; https://github.com/doccano/doccano/issues/2290
"""

import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, count
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ...errors import Warnings
from ..audit import ImportAudit
from ..placing.offsets import mention_text
from ..placing.record import Link, Mention, Problem
from .annotated_text import AnnotatedText, doc_to_text
from .json_records import ID, BadRecord, field, find_id, format_lines, name_of, read_json_records
from .options import DEFAULTS, ReadOptions, WriteOptions

# Names of the list of entities: of projects with relations, of those without, of these in older versions.
LISTS = ("entities", "label", "labels")
# Problem of a document in which UTF-16 units and characters differ.
WIDE = "wide characters"


class Utf16Offsets:
    """Offsets that count UTF-16 units, and those that count characters.

    text (str): The text.
    """

    def __init__(self, text: str) -> None:
        self.wide = any(char > "\uffff" for char in text)
        self.units = list(accumulate((1 + (char > "\uffff") for char in text), initial=0))

    def of_characters(self, start: int, end: int) -> tuple[int, int]:
        """RETURNS (Tuple[int, int]): The UTF-16 units from one character to another."""
        return self.units[start], self.units[end]

    def to_characters(self, start: int, end: int) -> tuple[int, int]:
        """RETURNS (Tuple[int, int]): The characters of UTF-16 units; offsets out of the text stay out of it."""
        last = self.units[-1]
        if not 0 <= start <= end <= last:
            beyond = len(self.units) - 1 - last
            return (start if start < 0 else start + beyond), (end if end < 0 else end + beyond)
        return bisect_right(self.units, start) - 1, bisect_left(self.units, end)


def read_doccano(path: Path, audit: ImportAudit, options: ReadOptions = DEFAULTS) -> Iterator[AnnotatedText]:
    """Read the documents of a file, or of all `.json` and `.jsonl` files of a folder and its sub-folders.

    path (Path): A file or folder.
    audit (ImportAudit): Gets the rows of `read_json_records`.
    options (ReadOptions): Not used.
    RETURNS (Iterator[AnnotatedText]): The records; one without a list of entities is not annotated.
    RAISES (ValueError): Those of `read_json_records`.
    """
    return read_json_records(path, "doccano", parse_example, audit)


def parse_example(example: dict[str, Any], otherwise: str) -> AnnotatedText:
    """Make a record of a document.

    example (Dict[str, Any]): The document as doccano exports it.
    otherwise (str): Identifier, if it has none.
    RETURNS (AnnotatedText): The record.
    RAISES (BadRecord): If it is no document with entities.
    """
    meta = example.get("meta")
    places = [meta, example] if isinstance(meta, dict) else [example]
    record = AnnotatedText(find_id(places, otherwise), field(example, "text", str))
    name = next((name for name in LISTS if example.get(name) is not None), None)
    if name is None:
        return record
    offsets = Utf16Offsets(record.text)
    entities = [_entity(item, f"T{n}") for n, item in enumerate(field(example, name, list), start=1)]
    if len({id for id, *_ in entities}) < len(entities):
        raise BadRecord("an entity's id is there twice")
    record.mentions = []
    for id, label, start, end in entities:
        fragments = (offsets.to_characters(start, end),)
        record.mentions.append(Mention(id, label, fragments, mention_text(record.text, fragments)))
    if offsets.wide and entities:
        record.problems.append(Problem("", WIDE, "offsets were read as UTF-16 units, which doccano counts"))
    if (relations := field(example, "relations", list, None)) is not None:
        record.links = [_link(relation, f"R{n}") for n, relation in enumerate(relations, start=1)]
    return record


def write_doccano(docs: Sequence[Doc], options: WriteOptions) -> Iterator[dict[str, str]]:
    """Make the file of documents.

    docs (Sequence[Doc]): The documents. If one of them has relations annotated, all are written for a project with
        relations.
    options (WriteOptions): Its stem names the file.
    YIELDS (Dict[str, str]): Contents of STEM.jsonl. Warns (CW331) that probabilities are not in it: doccano has no
        field for them.
    RAISES (ValueError): Those of `doc_to_text`.
    """
    records = [doc_to_text(doc, "doccano") for doc in docs]
    if any(record.scores for record in records):
        warnings.warn(Warnings.CW331, stacklevel=2)
    write = _with_relations if any(record.links is not None for record in records) else _with_labels
    # one count for the whole file: ids are of entities of any document
    numbers = count(1)
    yield {f"{options.stem}.jsonl": format_lines(write(record, numbers) for record in records)}


def _entity(item: Any, otherwise: str) -> tuple[str, str, int, int]:
    """Id, label, start and end of an entity, a list or an object."""
    if isinstance(item, list):
        item = dict(zip(("start_offset", "end_offset", "label"), item, strict=False))
    id = str(field(item, "id", int, otherwise))
    return id, name_of(item, "label"), field(item, "start_offset", int), field(item, "end_offset", int)


def _link(relation: Mapping[str, Any], id: str) -> Link:
    head, child = field(relation, "from_id", int), field(relation, "to_id", int)
    return Link(id, name_of(relation, "type"), str(head), str(child))


def _with_labels(record: AnnotatedText, numbers: Iterator[int]) -> dict[str, Any]:
    example: dict[str, Any] = {"text": record.text, ID: record.id}
    if record.mentions is not None:
        offsets = Utf16Offsets(record.text)
        example["label"] = [[*offsets.of_characters(*m.fragments[0]), m.label] for m in record.mentions]
    return example


def _with_relations(record: AnnotatedText, numbers: Iterator[int]) -> dict[str, Any]:
    example: dict[str, Any] = {"text": record.text, ID: record.id}
    if record.mentions is not None:
        offsets, ids = Utf16Offsets(record.text), {}
        example["entities"] = []
        for mention in record.mentions:
            ids[mention.id] = next(numbers)
            start, end = offsets.of_characters(*mention.fragments[0])
            place = {"start_offset": start, "end_offset": end}
            example["entities"].append({"id": ids[mention.id], "label": mention.label, **place})
    if record.links is not None:
        example["relations"] = [
            {"id": n, "from_id": ids[link.head], "to_id": ids[link.child], "type": link.label}
            for link, n in zip(record.links, numbers, strict=False)
        ]
    return example
