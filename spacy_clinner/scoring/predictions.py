"""Where predictions come from: a pipeline, or the JSONL file of any other tool."""

import json
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..annotations.documents import check_group, document_ids, entities_of
from ..annotations.entity import Entity
from ..annotations.writers import entity_writers, written_labels
from ..errors import Errors, Warnings
from ..files import parse_json, read_lines, write_atomically
from ..progress import progress
from .documents import Predictions, ProbabilityOf, check_text


def predict(
    nlp: Language, docs: Sequence[Doc], spans_key: str | None = None, show_progress: bool = True
) -> Predictions:
    """Run a pipeline over the documents' texts, with its own tokenizer, as in real use.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): The documents; nothing but their texts and identifiers is used.
    spans_key (Optional[str]): Span group that the pipeline writes; None: `doc.ents`.
    show_progress (bool): Whether to show how far it has come.
    RETURNS (Predictions): Predicted entities by document identifier.
    RAISES (ValueError): CE061 if the pipeline's tokenizer does not keep a text, CE064 if identifiers repeat, CE348 if
        no document has got the group.
    """
    ids, texts = document_ids(docs), (doc.text for doc in docs)
    annotated: Iterable[Doc] = nlp.pipe(texts)
    if show_progress:
        annotated = progress(annotated, total=len(docs), unit="doc", desc="Predict")
    found, groups = {}, set[str]()
    for name, doc, reference in zip(ids, annotated, docs, strict=True):
        check_text(doc, reference)
        found[name] = entities_of(doc, spans_key)
        groups |= {*doc.spans}
    if docs:
        check_group(groups, spans_key)
    return found


def read_predictions(path: Path) -> Predictions:
    """Read predictions, one JSON object a line: `{"id": "note-1", "entities": [[start, end, label], ...]}`.

    path (Path): A JSONL file; offsets are characters (Unicode code points) of the document's text, end exclusive.
    RETURNS (Predictions): Predicted entities by document identifier.
    RAISES (ValueError): CE068 if a line has another form, CE064 if an identifier repeats, CE001 and CE300 if the file
        is no text in UTF-8.
    """
    return {name: frozenset(entities) for _, name, entities, _ in read_lines_of_predictions(path)}


def read_lines_of_predictions(path: Path) -> Iterator[tuple[int, str, list[Entity], dict[str, Any]]]:
    """Read the lines of a file of predictions.

    path (Path): As for `read_predictions`.
    YIELDS (Tuple[int, str, List[Entity], Dict[str, Any]]): Of each line its number, its document's identifier, its
        entities in their order, and all that it holds.
    RAISES (ValueError): As `read_predictions`.
    """
    seen = set()
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            record = parse_json(line)
            name, entities = str(record["id"]), [_entity(*triple) for triple in record["entities"]]
        except (ValueError, TypeError, KeyError) as error:
            # the cause could quote the line
            raise ValueError(Errors.CE068.format(path=path.name, line=number, error=type(error).__name__)) from None
        if name in seen:
            raise ValueError(Errors.CE064.format(doc=name))
        seen.add(name)
        yield number, name, entities, record


def write_predictions(path: Path, predictions: Predictions, probabilities: ProbabilityOf | None = None) -> None:
    """Write predictions in the form that `read_predictions` reads: offsets and labels, no text.

    path (Path): The JSONL file to write; only its owner may read it, as of all that tells what single notes hold.
    predictions (Predictions): Predicted entities by document identifier.
    probabilities (Optional[ProbabilityOf]): Their probabilities, as far as they are known.
    """
    records = (
        _record(name, sorted(entities), (probabilities or {}).get(name)) for name, entities in predictions.items()
    )
    content = "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)
    write_atomically(path, content, private=True)


def pipeline_labels(nlp: Language, spans_key: str | None = None) -> set[str]:
    """Labels that a pipeline can predict: those of the components that declare to write the entities.

    nlp (Language): The pipeline.
    spans_key (Optional[str]): Span group that the components must be set to write; None: `doc.ents`.
    RETURNS (Set[str]): The labels.
    """
    return {label for name in entity_writers(nlp, spans_key) for label in written_labels(nlp, name)}


def warn_of_labels(gold: Collection[str], known: Collection[str]) -> None:
    """Warn of labels that only one side has: CW060 if only the gold has them, CW061 if only the model has.

    gold (Collection[str]): Labels of the gold.
    known (Collection[str]): Labels that the model can predict, or did.
    """
    if unknown := sorted(set(gold) - set(known)):
        warnings.warn(Warnings.CW060.format(labels=", ".join(unknown)), stacklevel=2)
    if unused := sorted(set(known) - set(gold)):
        warnings.warn(Warnings.CW061.format(labels=", ".join(unused)), stacklevel=2)


def _record(name: str, entities: list[Entity], probabilities: Mapping[Entity, float] | None) -> dict[str, Any]:
    found = {"id": name, "entities": entities}
    return {**found, "probabilities": [probabilities.get(one) for one in entities]} if probabilities else found


def _entity(start: int, end: int, label: str) -> Entity:
    # bool is an int to Python, but no offset
    if not (type(start) is type(end) is int and 0 <= start < end and isinstance(label, str) and label):
        raise ValueError
    return Entity(start, end, label)
