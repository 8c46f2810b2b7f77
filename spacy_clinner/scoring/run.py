"""Evaluate a pipeline, or another tool's predictions, on a file of documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import Doc

from ..annotations.documents import annotated_labels, document_ids, entities_of, read_docs
from ..provenance import as_text, provenance, sha256
from .documents import Predictions, of_annotated_labels, pair_documents
from .evaluation import Bootstrap, Evaluation, compare, evaluate
from .original_gold import OriginalEvaluation, OriginalGold, evaluate_original
from .predictions import pipeline_labels, read_predictions, warn_of_labels
from .probabilities import Probabilities, predict_with_probabilities, read_probabilities
from .sureness import Sureness, measure_sureness
from .tokenization import warn_of_tokens


@dataclass(frozen=True)
class Gold:
    """A data file.

    path (Path): The `.spacy` file.
    docs (List[Doc]): Its documents.
    spans_key (Optional[str]): Span group of the gold; None: `doc.ents`.
    original (Optional[OriginalGold]): The gold by the annotators' offsets; None: not known.
    """

    path: Path
    docs: list[Doc]
    spans_key: str | None = None
    original: OriginalGold | None = None

    @classmethod
    def read(cls, path: Path, spans_key: str | None = None) -> "Gold":
        """Read a data file; arguments and errors as those of `documents.read_docs`."""
        return cls(path, read_docs(path), spans_key)

    @property
    def name(self) -> str:
        """What to call the gold of the data."""
        return "doc.ents" if self.spans_key is None else f"doc.spans[{self.spans_key!r}]"

    @property
    def labels(self) -> set[str]:
        """Labels of the gold, those that an import left out included."""
        labels = {entity.label for doc in self.docs for entity in entities_of(doc, self.spans_key)}
        return labels | self.original.labels if self.original else labels


@dataclass(frozen=True)
class Run:
    """A model's predictions and what they are worth.

    model (Dict[str, Any]): Path, name and version of the pipeline, or path and checksum of the predictions.
    predictions (Predictions): Predicted entities by document identifier.
    evaluation (Evaluation): The scores against the gold of the data.
    original (Optional[OriginalEvaluation]): The scores against the annotators' offsets; None: these are not known.
    probabilities (Probabilities): What the model says of how probable its entities are.
    sureness (Optional[Sureness]): How far that can be believed, against the gold of the data; None: no predicted entity
        has a probability.
    """

    model: dict[str, Any]
    predictions: Predictions
    evaluation: Evaluation
    original: OriginalEvaluation | None
    probabilities: Probabilities
    sureness: Sureness | None


def is_predictions(model: str) -> bool:
    """RETURNS (bool): Whether a name is that of a file of predictions, not of a pipeline."""
    return model.endswith(".jsonl")


def run_model(model: str, gold: Gold, *, spans_key: str | None = None, bootstrap: Bootstrap | None = None) -> Run:
    """Predict and score.

    Warns (CW060, CW061) of labels that only the gold or only the model has, and (CW310) if the model has other tokens
    than the gold.

    model (str): Path or name of a pipeline, or a `.jsonl` file of predictions.
    gold (Gold): The data.
    spans_key (Optional[str]): Span group that the pipeline writes; None: `doc.ents`.
    bootstrap (Optional[Bootstrap]): Settings of the intervals.
    RETURNS (Run): Predictions and scores.
    RAISES (ValueError): See `documents.pair_documents`, `predictions.predict`, `predictions.read_predictions` and
        `probabilities.read_probabilities`.
    """
    if is_predictions(model):
        description = {"path": as_text(model), "sha256": sha256(Path(model))}
        predictions = read_predictions(Path(model))
        probabilities = read_probabilities(Path(model))
        known = set()
    else:
        nlp = spacy.load(model)
        name = f"{nlp.meta['lang']}_{nlp.meta['name']}"
        description = {"path": as_text(model), "name": name, "version": nlp.meta["version"]}
        known = pipeline_labels(nlp, spans_key)
        warn_of_tokens(nlp, gold.docs, gold.spans_key)
        predictions, probabilities = predict_with_probabilities(nlp, gold.docs, spans_key)
    documents = pair_documents(gold.docs, predictions, gold.spans_key)
    names = zip(document_ids(gold.docs), gold.docs, strict=True)
    judged = {name: of_annotated_labels(predictions[name], doc) for name, doc in names}
    original = evaluate_original(gold.original, documents, judged, bootstrap) if gold.original else None
    sureness = measure_sureness(gold.docs, documents, probabilities, spans_key=gold.spans_key, bootstrap=bootstrap)
    known |= {entity.label for entities in predictions.values() for entity in entities}
    warn_of_labels(gold.labels, _judged_labels(known, gold.docs))
    return Run(description, predictions, evaluate(documents, bootstrap), original, probabilities, sureness)


def _judged_labels(labels: set[str], docs: Sequence[Doc]) -> set[str]:
    """The labels that some document was annotated for."""
    annotated = [annotated_labels(doc) for doc in docs]
    return {label for label in labels if any(known is None or label in known for known in annotated)}


def compare_runs(one: Run, other: Run, *, n_permutations: int = 10_000, seed: int = 0) -> dict[str, Any]:
    """Compare two models on the same data.

    one (Run): The first model.
    other (Run): The second model.
    n_permutations (int), seed (int): As those of `evaluation.compare`.
    RETURNS (Dict[str, Any]): JSON-able: the comparison against the gold of the data, the second model and its scores;
        under `original_gold` the comparison against the annotators' offsets (None: these are not known), under
        `other_calibration` how sure the second model is.
    RAISES (ValueError): CE063 if the documents differ.
    """
    settings = {"n_permutations": n_permutations, "seed": seed}
    found = compare(one.evaluation, other.evaluation, **settings)
    found |= {"other_model": other.model, "other_modes": other.evaluation.to_dict(), "original_gold": None}
    found["other_calibration"] = other.sureness and other.sureness.to_dict()
    if one.original and other.original:
        original = compare(one.original, other.original, **settings)
        found["original_gold"] = {**original, "other_scores": other.original.to_dict()}
    return found


def result_dict(gold: Gold, run: Run) -> dict[str, Any]:
    """The contents of a result file.

    gold (Gold): The data.
    run (Run): The model.
    RETURNS (Dict[str, Any]): JSON-able: provenance, model, data, the evaluation, and under `original_gold` that against
        the annotators' offsets (None: these are not known), under `calibration` how sure the model is (None: no
        predicted entity has a probability).
    """
    data = {
        "path": as_text(gold.path),
        "sha256": sha256(gold.path),
        "spans_key": gold.spans_key,
        "documents_without_gold": len(gold.docs) - len(run.evaluation.ids),
    }
    original = run.original and run.original.to_dict()
    found = {**provenance(), "model": run.model, "data": data, **run.evaluation.to_dict(), "original_gold": original}
    return {**found, "calibration": run.sureness and run.sureness.to_dict()}
