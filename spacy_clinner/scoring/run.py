"""Evaluate a pipeline, or another tool's predictions, on a file of documents."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import Doc

from .documents import Predictions, entities_of, pair_documents, read_docs
from .evaluation import Bootstrap, Evaluation, evaluate
from .predictions import pipeline_labels, predict, read_predictions, warn_of_labels
from .provenance import provenance, sha256


@dataclass(frozen=True)
class Gold:
    """A data file.

    path (Path): The `.spacy` file.
    docs (List[Doc]): Its documents.
    spans_key (Optional[str]): Span group of the gold; None: `doc.ents`.
    """

    path: Path
    docs: list[Doc]
    spans_key: str | None = None

    @classmethod
    def read(cls, path: Path, spans_key: str | None = None) -> "Gold":
        """Read a data file; arguments and errors as those of `documents.read_docs`."""
        return cls(path, read_docs(path), spans_key)

    @property
    def labels(self) -> set[str]:
        """Labels of the gold."""
        return {entity.label for doc in self.docs for entity in entities_of(doc, self.spans_key)}


@dataclass(frozen=True)
class Run:
    """A model's predictions and what they are worth.

    model (Dict[str, Any]): Path, name and version of the pipeline, or path and checksum of the predictions.
    predictions (Predictions): Predicted entities by document identifier.
    evaluation (Evaluation): The scores.
    """

    model: dict[str, Any]
    predictions: Predictions
    evaluation: Evaluation


def run_model(model: str, gold: Gold, *, spans_key: str | None = None, bootstrap: Bootstrap | None = None) -> Run:
    """Predict and score.

    Warns (CW060, CW061) of labels that only the gold or only the model has.

    model (str): Path or name of a pipeline, or a `.jsonl` file of predictions.
    gold (Gold): The data.
    spans_key (Optional[str]): Span group that the pipeline writes; None: `doc.ents`.
    bootstrap (Optional[Bootstrap]): Settings of the intervals.
    RETURNS (Run): Predictions and scores.
    RAISES (ValueError): See `documents.pair_documents` and `predictions.read_predictions`.
    """
    if model.endswith(".jsonl"):
        description = {"path": model, "sha256": sha256(Path(model))}
        predictions = read_predictions(Path(model))
        known = set()
    else:
        nlp = spacy.load(model)
        description = {"path": model, "name": f"{nlp.meta['lang']}_{nlp.meta['name']}", "version": nlp.meta["version"]}
        known = pipeline_labels(nlp, spans_key)
        predictions = predict(nlp, gold.docs, spans_key)
    evaluation = evaluate(pair_documents(gold.docs, predictions, gold.spans_key), bootstrap)
    known |= {entity.label for entities in predictions.values() for entity in entities}
    warn_of_labels(gold.labels, known)
    return Run(description, predictions, evaluation)


def result_dict(gold: Gold, run: Run) -> dict[str, Any]:
    """The contents of a result file.

    gold (Gold): The data.
    run (Run): The model.
    RETURNS (Dict[str, Any]): JSON-able: provenance, model, data, and the evaluation.
    """
    data = {
        "path": str(gold.path),
        "sha256": sha256(gold.path),
        "spans_key": gold.spans_key,
        "documents_without_gold": len(gold.docs) - len(run.evaluation.ids),
    }
    return {**provenance(), "model": run.model, "data": data, **run.evaluation.to_dict()}
