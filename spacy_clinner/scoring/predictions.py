"""Where predictions come from: a pipeline, or the JSONL file of any other tool."""

import json
import warnings
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from ..annotations.documents import document_ids, entities_of
from ..annotations.entity import Entity
from ..errors import Errors, Warnings
from ..files import parse_json, read_lines, write_atomically
from ..progress import progress
from .documents import Predictions


def predict(
    nlp: Language, docs: Sequence[Doc], spans_key: str | None = None, show_progress: bool = True
) -> Predictions:
    """Run a pipeline over the documents' texts, with its own tokenizer, as in real use.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): The documents; nothing but their texts and identifiers is used.
    spans_key (Optional[str]): Span group that the pipeline writes; None: `doc.ents`.
    show_progress (bool): Whether to show how far it has come.
    RETURNS (Predictions): Predicted entities by document identifier.
    RAISES (ValueError): CE064 if identifiers repeat.
    """
    ids, texts = document_ids(docs), (doc.text for doc in docs)
    annotated: Iterable[Doc] = nlp.pipe(texts)
    if show_progress:
        annotated = progress(annotated, total=len(docs), unit="doc", desc="Predict")
    return {name: entities_of(doc, spans_key) for name, doc in zip(ids, annotated, strict=True)}


def read_predictions(path: Path) -> Predictions:
    """Read predictions, one JSON object a line: `{"id": "note-1", "entities": [[start, end, label], ...]}`.

    path (Path): A JSONL file; offsets are characters (Unicode code points) of the document's text, end exclusive.
    RETURNS (Predictions): Predicted entities by document identifier.
    RAISES (ValueError): CE068 if a line has another form, CE064 if an identifier repeats, CE001 and CE300 if the file
        is no text in UTF-8.
    """
    predictions: dict[str, frozenset[Entity]] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            record = parse_json(line)
            name, entities = str(record["id"]), frozenset(_entity(*triple) for triple in record["entities"])
        except (ValueError, TypeError, KeyError) as error:
            # the cause could quote the line
            raise ValueError(Errors.CE068.format(path=path.name, line=number, error=type(error).__name__)) from None
        if name in predictions:
            raise ValueError(Errors.CE064.format(doc=name))
        predictions[name] = entities
    return predictions


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write predictions in the form that `read_predictions` reads: offsets and labels, no text.

    path (Path): The JSONL file to write; only its owner may read it, as of all that tells what single notes hold.
    predictions (Predictions): Predicted entities by document identifier.
    """
    records = ({"id": name, "entities": sorted(entities)} for name, entities in predictions.items())
    content = "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)
    write_atomically(path, content, private=True)


def pipeline_labels(nlp: Language, spans_key: str | None = None) -> set[str]:
    """Labels that a pipeline can predict: those of the components that declare to write the entities.

    nlp (Language): The pipeline.
    spans_key (Optional[str]): Span group that the components must be set to write; None: `doc.ents`.
    RETURNS (Set[str]): The labels.
    """
    labels: set[str] = set()
    for name, pipe in nlp.pipeline:
        assigns, config = nlp.get_pipe_meta(name).assigns, nlp.get_pipe_config(name)
        if spans_key is None:
            writes = "doc.ents" in assigns and config.get("set_ents", True)
        else:
            writes = "doc.spans" in assigns and config.get("spans_key") == spans_key
        labels.update(getattr(pipe, "labels", ()) if writes else ())
    return labels


def warn_of_labels(gold: Collection[str], known: Collection[str]) -> None:
    """Warn of labels that only one side has: CW060 if only the gold has them, CW061 if only the model has.

    gold (Collection[str]): Labels of the gold.
    known (Collection[str]): Labels that the model can predict, or did.
    """
    if unknown := sorted(set(gold) - set(known)):
        warnings.warn(Warnings.CW060.format(labels=", ".join(unknown)), stacklevel=2)
    if unused := sorted(set(known) - set(gold)):
        warnings.warn(Warnings.CW061.format(labels=", ".join(unused)), stacklevel=2)


def _entity(start: int, end: int, label: str) -> Entity:
    # bool is an int to Python, but no offset
    if not (type(start) is type(end) is int and 0 <= start < end and isinstance(label, str) and label):
        raise ValueError
    return Entity(start, end, label)
