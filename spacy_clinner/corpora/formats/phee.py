"""PHEE: sentences of case reports with adverse and therapeutic events of drugs, JSON lines (version 2).

An event's arguments are nested (a Treatment holds Drug, Dosage, ...) and overlap; here its inner arguments become flat
entities, and each field of an event is related to each drug of that event.
Source: Sun et al. 2022, PHEE, https://aclanthology.org/2022.emnlp-main.376; version 2:
https://github.com/ZhaoyueSun/phee-with-chatgpt
"""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from ...errors import Errors
from ...files import parse_json, split_lines
from ..audit import ImportAudit
from ..discovery import select_json
from ..placing.record import Link, Mention, Record
from ..placing.records import read_records
from .options import DEFAULTS, ReadOptions

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


def parse_phee(content: str, file: str) -> Iterator[Record]:
    """Parse the sentences of a file: drugs and fields, and relations from each drug (head) to each field of its event,
    labelled as the field. An argument that several events share is there once.

    content (str): Contents of the file, a JSON object a line.
    file (str): Its name, for errors.
    YIELDS (Record): Its sentences, whose ids are a PMID and a number.
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


def read_phee(path: Path, audit: ImportAudit, options: ReadOptions = DEFAULTS) -> Iterator[Record]:
    """Read the sentences of a file, or of all `.json` and `.jsonl` files of a folder and its sub-folders.

    path (Path): A file or folder.
    audit (ImportAudit): Gets a row for every file that is left out, and for every sentence whose mentions are moved.
    options (ReadOptions): Not used.
    RETURNS (Iterator[Record]): The sentences.
    RAISES (ValueError): Those of `select_json`, `read_records` and `parse_phee`.
    """
    return read_records(path, select_json(path, audit), parse_phee, "PHEE record (.json, an object a line)", audit)


def _parse(record: dict[str, Any]) -> Record:
    mentions: list[Mention] = []
    doc = Record(record["id"], record["context"], mentions)
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
                mentions.append(Mention(ids[label, fragments], label, fragments, " ".join(texts)))
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
