"""PHEE: sentences of case reports with adverse and therapeutic events of drugs, JSON lines (version 2).

An event's arguments are nested (a Treatment holds Drug, Dosage, ...) and overlap; here its inner arguments become flat
entities, and each field of an event is related to each drug of that event.
Source: Sun et al. 2022, PHEE, https://aclanthology.org/2022.emnlp-main.376; version 2:
https://github.com/ZhaoyueSun/phee-with-chatgpt
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ...annotations.keys import RELATIONS_KEY
from ...errors import Errors
from ...files import parse_json, split_lines
from ..audit import ImportAudit
from ..discovery import select_json
from ..placing.records import place_mentions, read_records
from ..placing.relations import Link, link_entities
from .brat import Textbound

DRUG = "Drug"
# names of an event's fields within its Treatment, and the labels that they get
FIELDS = {
    "Dosage": "Dosage",
    "Route": "Route",
    "Freq": "Frequency",
    "Duration": "Duration",
    "Time_elapsed": "Time_elapsed",
    "Disorder": "Disorder",
}
EFFECT = "Effect"


@dataclass
class PheeDocument:
    """A sentence with what its events name; an argument that several events share is there once.

    id (str): Its identifier: a PMID and a number.
    text (str): The sentence.
    mentions (List[Textbound]): Drugs and fields.
    links (List[Link]): From each field to each drug of its event, labelled as the field.
    """

    id: str
    text: str
    mentions: list[Textbound] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


def parse_phee(content: str, file: str) -> Iterator[PheeDocument]:
    """Parse the sentences of a file.

    content (str): Contents of the file, a JSON object a line.
    file (str): Its name, for errors.
    YIELDS (PheeDocument): Its sentences.
    RAISES (ValueError): CE024 for a line that is no PHEE record.
    """
    for number, line in enumerate(split_lines(content), start=1):
        if not line.strip():
            continue
        try:
            found = _parse(parse_json(line))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            problem = f"key {error}" if isinstance(error, KeyError) else type(error).__name__
        else:
            yield found
            continue
        # raised outside of the handler: the parser's own error carries the text
        raise ValueError(Errors.CE024.format(file=file, line=number, problem=problem))


def phee_to_doc(record: PheeDocument, tokenizer: Callable[[str], Doc], audit: ImportAudit) -> Doc:
    """Make a spaCy document of a sentence.

    record (PheeDocument): The sentence.
    tokenizer (Callable[[str], Doc]): Tokenizes it, such as `nlp.tokenizer`.
    audit (ImportAudit): Gets the counts, and a row for everything that is changed or left out.
    RETURNS (Doc): `doc.ents` holds the flat entities, `doc.user_data["clinner_relations"]` the relations between them:
        the drug is the head, its field the child, the field's name the label.
    """
    doc, entities = place_mentions(record, tokenizer, audit)
    doc.set_ents(entities, default="outside")
    doc.user_data[RELATIONS_KEY] = link_entities(doc, record.mentions, record.links, audit, record.id)
    return doc


def read_phee(path: Path, audit: ImportAudit) -> Iterator[PheeDocument]:
    """Read the sentences of a file, or of all `.json` and `.jsonl` files of a folder and its sub-folders.

    path (Path): A file or folder.
    audit (ImportAudit): Gets a row for every file that is left out, and for every sentence whose mentions are moved.
    RETURNS (Iterator[PheeDocument]): The sentences.
    RAISES (ValueError): Those of `select_json`, `read_records` and `parse_phee`.
    """
    return read_records(path, select_json(path, audit), parse_phee, "PHEE record (.json, an object a line)", audit)


def _parse(record: dict[str, Any]) -> PheeDocument:
    doc = PheeDocument(record["id"], record["context"])
    if not (isinstance(doc.id, str) and isinstance(doc.text, str)):
        raise TypeError
    ids: dict[tuple, str] = {}
    links: dict[Link, None] = {}

    def add(argument: dict[str, Any] | None, label: str) -> list[str]:
        """The ids of an argument's mentions, each with one or more fragments."""
        found = []
        for texts, starts in zip(argument["text"], argument["start"], strict=True) if argument else ():
            fragments = tuple((s, _end(doc.text, s, text)) for text, s in zip(texts, starts, strict=True))
            if (label, fragments) not in ids:
                ids[label, fragments] = f"T{len(ids) + 1}"
                doc.mentions.append(Textbound(ids[label, fragments], label, fragments, " ".join(texts)))
            found.append(ids[label, fragments])
        return found

    for event in (event for annotation in record["annotations"] for event in annotation["events"]):
        treatment = event.get("Treatment", {})
        drugs = add(treatment.get("Drug"), DRUG)
        for combination in treatment.get("Combination", ()):
            drugs += add(combination.get("Drug"), DRUG)
        arguments = [(label, treatment.get(name)) for name, label in FIELDS.items()] + [(EFFECT, event.get(EFFECT))]
        for label, argument in arguments:
            for head, child in product(drugs, add(argument, label)):
                links[Link(f"{head}-{child}", label, head, child)] = None
    doc.links = list(links)
    return doc


def _end(text: str, start: int, quoted: str) -> int:
    """Where a quoted text ends that may differ from the sentence in white space."""
    found = re.compile(r"\s+".join(map(re.escape, quoted.split()))).match(text, start)
    return found.end() if found else start + len(quoted)
