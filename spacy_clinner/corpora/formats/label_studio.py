"""Label Studio's tasks for text with labels and relations: a list of tasks, or a task a line.

    {"data": {"text": "5 mg aspirin"}, "annotations": [{"result": [
        {"id": "a", "type": "labels", "value": {"start": 0, "end": 4, "text": "5 mg", "labels": ["DOSAGE"]}, ...},
        {"type": "relation", "from_id": "b", "to_id": "a", "direction": "right", "labels": ["HAS"]}]}]}

Offsets count characters. A relation points from its head to its child. Predictions stand in "predictions" as
annotations do in "annotations". The labelling interface is `Labels` named "label" on `Text` named "text".
Source: https://labelstud.io/guide/task_format, https://labelstud.io/guide/predictions
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ..audit import RELATION, ImportAudit
from ..placing.offsets import mention_text
from ..placing.record import Link, Mention, Problem
from .annotated_text import AnnotatedText, doc_to_text
from .json_records import ID, field, find_id, name_of, read_json_records
from .options import DEFAULTS, ReadOptions, WriteOptions

MODEL = "spacy_clinner"
_NAMES = {"from_name": "label", "to_name": "text", "type": "labels"}


def read_label_studio(path: Path, audit: ImportAudit, options: ReadOptions = DEFAULTS) -> Iterator[AnnotatedText]:
    """Read the tasks of a file, or of all `.json` and `.jsonl` files of a folder and its sub-folders.

    path (Path): A file or folder.
    audit (ImportAudit): Gets the rows of `read_json_records`.
    options (ReadOptions): Not used.
    RETURNS (Iterator[AnnotatedText]): The records. A task without annotations is not annotated, whatever was predicted;
        one that all annotators skipped is left out. Of several annotations the ground truth is read, else the first.
    RAISES (ValueError): Those of `read_json_records`.
    """
    return read_json_records(path, "label-studio", parse_task, audit)


def parse_task(task: dict[str, Any], otherwise: str) -> AnnotatedText:
    """Make a record of a task.

    task (Dict[str, Any]): The task.
    otherwise (str): Identifier, if neither the task's `data` nor the task has one.
    RETURNS (AnnotatedText): The record. Relations are annotated if there are any: a task without them does not say
        whether annotators were asked.
    RAISES (BadRecord): If it is no task with a text.
    """
    data = field(task, "data", dict)
    record = AnnotatedText(find_id([data, task], otherwise), field(data, "text", str))
    annotations = [(one, field(one, "result", list)) for one in field(task, "annotations", list, [])]
    done = [(one, result) for one, result in annotations if not one.get("was_cancelled")]
    if annotations and not done:
        record.left_out = "every annotator skipped it"
    if not done:
        return record
    if len(done) > 1:
        action = f"one of {len(done)} was read: the ground truth, else the first"
        record.problems.append(Problem("", "several annotations", action))
    _, results = next(((one, result) for one, result in done if one.get("ground_truth")), done[0])
    _read_results(results, record)
    return record


def doc_to_task(doc: Doc) -> dict[str, Any]:
    """Make a task of a spaCy document.

    doc (Doc): The document.
    RETURNS (Dict[str, Any]): The task. Predictions are predictions, each with a `score`, and the lowest of these is
        the task's; gold is an annotation.
    RAISES (ValueError): Those of `doc_to_text`.
    """
    record = doc_to_text(doc, "label-studio")
    task: dict[str, Any] = {"data": {"text": record.text, ID: record.id}}
    if record.mentions is None:
        return task
    results = [_result(mention, record) for mention in record.mentions]
    results += [
        {"type": "relation", "from_id": link.head, "to_id": link.child, "direction": "right", "labels": [link.label]}
        for link in record.links or ()
    ]
    if record.scores is None:
        return {**task, "annotations": [{"result": results}]}
    lowest = {"score": min(record.scores.values())} if record.scores else {}
    return {**task, "predictions": [{"model_version": MODEL, **lowest, "result": results}]}


def write_label_studio(docs: Sequence[Doc], options: WriteOptions) -> Iterator[dict[str, str]]:
    """Make the file of documents.

    docs (Sequence[Doc]): The documents.
    options (WriteOptions): Its stem names the file.
    YIELDS (Dict[str, str]): Contents of STEM.json, a list: Label Studio imports no lines.
    RAISES (ValueError): Those of `doc_to_task`.
    """
    tasks = ",\n".join(json.dumps(doc_to_task(doc)) for doc in docs)
    yield {f"{options.stem}.json": f"[\n{tasks}\n]\n"}


def _read_results(results: Sequence[Any], record: AnnotatedText) -> None:
    """Add the entities and relations of an annotation to the record."""
    mentions: list[Mention] = []
    links: list[Link] | None = None
    for n, result in enumerate(results, start=1):
        kind = field(result, "type", str)
        if kind == "labels":
            mentions += _find_mentions(result, f"result {n}", record, {mention.id for mention in mentions})
        elif kind == "relation":
            links = [*(links or ()), *_find_links(result, f"result {n}", record)]
        else:
            record.problems.append(
                Problem(f"result {n}", "other annotation", "not read: neither labels nor a relation")
            )
    record.mentions, record.links = mentions, links


def _find_mentions(
    result: Mapping[str, Any], name: str, record: AnnotatedText, known: Collection[str]
) -> Iterator[Mention]:
    """A mention for each label of a region; the first has the region's id, by which relations name it."""
    id, value = name_of(result, "id"), field(result, "value", dict)
    fragments = ((field(value, "start", int), field(value, "end", int)),)
    actual = mention_text(record.text, fragments)
    quoted = field(value, "text", str, actual)
    if quoted.split() != actual.split():
        # some versions write a line end as these two characters
        quoted = quoted.replace("\\n", " ")
    labels = field(value, "labels", list, [])
    if not labels:
        record.problems.append(Problem(name, "no label", "not read"))
    for n, label in enumerate(labels, start=1):
        label = name_of({"label": label}, "label")
        own = id if n == 1 and id not in known else f"{name}.{n}"
        yield Mention(own, label, fragments, quoted)


def _find_links(result: Mapping[str, Any], name: str, record: AnnotatedText) -> list[Link]:
    """A relation for each label, from its head to its child."""
    ends = [name_of(result, "from_id"), name_of(result, "to_id")]
    direction = field(result, "direction", str, "right")
    labels = field(result, "labels", list, [])
    if direction not in ("right", "left") or not labels:
        record.problems.append(Problem(name, RELATION, f"left out: no {'label' if not labels else 'direction'}"))
        return []
    head, child = ends if direction == "right" else reversed(ends)
    return [Link(name, name_of({"label": label}, "label"), head, child) for label in labels]


def _result(mention: Mention, record: AnnotatedText) -> dict[str, Any]:
    ((start, end),) = mention.fragments
    value = {"start": start, "end": end, "text": record.text[start:end], "labels": [mention.label]}
    score = {"score": record.scores[mention.id]} if record.scores and mention.id in record.scores else {}
    return {"id": mention.id, **_NAMES, "value": value, **score}
