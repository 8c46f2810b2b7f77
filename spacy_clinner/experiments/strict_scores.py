"""What an experiment keeps of a test: strict counts of every document, and the predictions themselves if wanted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ..scoring.counts import MATCHED_GOLD, PREDICTED, PRF, SUPPORT, micro
from ..scoring.documents import Predictions, pair_documents
from ..scoring.entities import align_entities, count_entities
from ..scoring.predictions import write_predictions


def score_predictions(docs: Sequence[Doc], predictions: Predictions, spans_key: str | None = None) -> dict[str, Any]:
    """Strict scores of predictions.

    docs (Sequence[Doc]): Documents with gold.
    predictions (Predictions): Predicted entities by document identifier.
    spans_key (Optional[str]): Span group of the gold; None: `doc.ents`.
    RETURNS (Dict[str, Any]): For each document [matched, gold, predicted] entities; and micro "p", "r", "f" of all.
    RAISES (ValueError): Those of `pair_documents`.
    """
    documents = pair_documents(docs, predictions, spans_key)
    labels = sorted({entity.label for document in documents for entity in document.gold | document.predicted})
    pairs = [align_entities(document.gold, document.predicted) for document in documents]
    counts = count_entities(pairs, labels, "strict").values
    rows = counts.sum(1)[:, [MATCHED_GOLD, SUPPORT, PREDICTED]].astype(int).tolist()
    return {
        **PRF(*micro(counts.sum(0)).tolist())._asdict(),
        "documents": {document.id: row for document, row in zip(documents, rows, strict=True)},
    }


def keep_predictions(path: Path | None, predictions: Predictions) -> None:
    """Write predictions where they are to stay.

    path (Optional[Path]): The JSONL file; None: nowhere.
    predictions (Predictions): Predicted entities by document identifier.
    """
    if path is not None:
        write_predictions(path, predictions)
