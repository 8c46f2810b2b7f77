"""Prodigy's tasks for entities and relations, JSON lines.

    {"text": "5 mg aspirin", "spans": [{"start": 0, "end": 4, "label": "DOSAGE"}, ...], "answer": "accept"}

Offsets count characters; token_end is the last token of a span, not the one after it. A relation points from its head
to its child, which are named by their last tokens and, where entities are related, by their spans.
Source: https://prodi.gy/docs/api-interfaces
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ..audit import ImportAudit
from ..placing.offsets import mention_text
from ..placing.record import Link, Mention
from .annotated_text import AnnotatedText, doc_to_text, token_range
from .json_records import ID, BadRecord, field, find_id, format_lines, name_of, read_json_records
from .options import DEFAULTS, ReadOptions, WriteOptions

ANSWERS = ("accept", "reject", "ignore")
# The interface that asks about single entities: what is not asked about is not known.
BINARY = "ner"


def read_prodigy(path: Path, audit: ImportAudit, options: ReadOptions = DEFAULTS) -> Iterator[AnnotatedText]:
    """Read the tasks of a file, or of all `.json` and `.jsonl` files of a folder and its sub-folders.

    path (Path): A file or folder.
    audit (ImportAudit): Gets the rows of `read_json_records`.
    options (ReadOptions): Not used.
    RETURNS (Iterator[AnnotatedText]): The records. Without `spans` one is not annotated; the answers "reject" and
        "ignore" leave it out; no answer counts as "accept".
    RAISES (ValueError): Those of `read_json_records`.
    """
    return read_json_records(path, "prodigy", parse_task, audit)


def parse_task(task: dict[str, Any], otherwise: str) -> AnnotatedText:
    """Make a record of a task.

    task (Dict[str, Any]): The task.
    otherwise (str): Identifier, if neither `meta` nor the task has one.
    RETURNS (AnnotatedText): The record.
    RAISES (BadRecord): If it is no task with entities.
    """
    record = AnnotatedText(find_id([field(task, "meta", dict, {}), task], otherwise), field(task, "text", str))
    answer = field(task, "answer", str, "accept")
    if answer not in ANSWERS:
        raise BadRecord(f"answer is none of {', '.join(ANSWERS)}")
    if answer != "accept":
        record.left_out = f"the answer is {answer}"
        return record
    spans = field(task, "spans", list, None)
    if spans is None:
        return record
    record.partial = task.get("_view_id") == BINARY
    record.mentions = [_mention(span, f"T{n}", record.text) for n, span in enumerate(spans, start=1)]
    if (relations := field(task, "relations", list, None)) is not None:
        record.links = [_link(relation, f"R{n}", task, record) for n, relation in enumerate(relations, start=1)]
    return record


def doc_to_task(doc: Doc) -> dict[str, Any]:
    """Make a task of a spaCy document.

    doc (Doc): The document.
    RETURNS (Dict[str, Any]): The task, with the document's tokens, so that spans fit them. Predictions have a `score`
        each and no answer yet; gold is accepted. Gold of single tokens is that of an interface which asks about single
        entities, as `read_prodigy` takes it.
    RAISES (ValueError): Those of `doc_to_text`.
    """
    record = doc_to_text(doc, "prodigy")
    task = {"text": record.text, "meta": {ID: record.id}, "tokens": [_token(token) for token in doc]}
    if record.mentions is None:
        return task
    spans = {mention.id: _span(doc, mention) for mention in record.mentions}
    scores = record.scores or {}
    task["spans"] = [{**span, "score": scores[id]} if id in scores else span for id, span in spans.items()]
    if record.partial:
        task["_view_id"] = BINARY
    if record.links is not None:
        task["relations"] = [_relation(link, spans) for link in record.links]
    return task if record.scores is not None else {**task, "answer": "accept"}


def write_prodigy(docs: Sequence[Doc], options: WriteOptions) -> Iterator[dict[str, str]]:
    """Make the file of documents.

    docs (Sequence[Doc]): The documents.
    options (WriteOptions): Its stem names the file.
    YIELDS (Dict[str, str]): Contents of STEM.jsonl.
    RAISES (ValueError): Those of `doc_to_task`.
    """
    yield {f"{options.stem}.jsonl": format_lines(map(doc_to_task, docs))}


def _mention(span: Mapping[str, Any], id: str, text: str) -> Mention:
    fragments = ((field(span, "start", int), field(span, "end", int)),)
    return Mention(id, name_of(span, "label"), fragments, mention_text(text, fragments))


def _link(relation: Mapping[str, Any], id: str, task: Mapping[str, Any], record: AnnotatedText) -> Link:
    head, child = (_end_of(relation, side, task, record) for side in ("head", "child"))
    return Link(id, name_of(relation, "label"), head, child)


def _end_of(relation: Mapping[str, Any], side: str, task: Mapping[str, Any], record: AnnotatedText) -> str:
    """The id of the entity that is a relation's head or child, or what else is."""
    if span := field(relation, f"{side}_span", dict, None):
        start, end = field(span, "start", int), field(span, "end", int)
    else:
        tokens, number = field(task, "tokens", list), field(relation, side, int)
        if not 0 <= number < len(tokens):
            raise BadRecord(f"{side} is no token")
        start, end = field(tokens[number], "start", int), field(tokens[number], "end", int)
    mentions = record.mentions or ()
    inside = [m.id for m in mentions if m.fragments[0][0] <= start and end <= m.fragments[0][1]]
    exact = [m.id for m in mentions if m.fragments[0] == (start, end)]
    return next(iter(exact or inside), f"characters {start} to {end}")


def _token(token: Any) -> dict[str, Any]:
    end = token.idx + len(token)
    return {"text": token.text, "start": token.idx, "end": end, "id": token.i, "ws": bool(token.whitespace_)}


def _span(doc: Doc, mention: Mention) -> dict[str, Any]:
    ((start, end),) = mention.fragments
    tokens = token_range(doc, start, end)
    last = tokens.end - 1
    return {"start": start, "end": end, "token_start": tokens.start, "token_end": last, "label": mention.label}


def _relation(link: Link, spans: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    head, child = spans[link.head], spans[link.child]
    ends = {"head": head["token_end"], "child": child["token_end"], "head_span": head, "child_span": child}
    return {**ends, "label": link.label}
