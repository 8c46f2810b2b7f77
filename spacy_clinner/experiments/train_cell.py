"""Train one cell with spaCy's own loop, and test its best checkpoint."""

import logging
import time
import warnings
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training.initialize import init_nlp
from spacy.training.loop import (
    create_before_to_disk_callback,
    create_evaluation_callback,
    create_train_batches,
    train_while_improving,
)
from spacy.util import fix_random_seed, load_model, registry, resolve_dot_names
from thinc.api import Config

from ..annotations.documents import read_docs
from ..files import write_folder_atomically
from ..provenance import provenance
from ..scoring.counts import MATCHED_GOLD, PREDICTED, PRF, SUPPORT, micro
from ..scoring.documents import pair_documents
from ..scoring.entities import align_entities, count_entities
from ..scoring.predictions import predict
from .cell import Cell


def train_cell(cell: Cell, model: Path | None, output: Path | None) -> dict[str, Any]:
    """Train, choose the best checkpoint on dev, and score it on test.

    cell (Cell): What to train.
    model (Optional[Path]): Folder of the model it starts from.
    output (Optional[Path]): Where to keep the trained pipeline; one that is there is replaced.
    RETURNS (Dict[str, Any]): JSON-able record without the keys: scores, steps, seconds, provenance.
    """
    start = time.perf_counter()
    logging.getLogger("spacy").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if cell.train:
            nlp, history = train(cell.resolve(model))
        else:
            nlp, history = load_model(model), []
        seconds = time.perf_counter() - start
        test = score(nlp, cell.test)
    if output is not None:
        save(nlp, output)
    best = max(history, key=lambda point: point["score"]) if history else {"score": None, "step": 0}
    return {
        "identity": cell.identity,
        "config": str(cell.config),
        "dev": best["score"],
        "best_step": best["step"],
        "history": history,
        "test": test,
        "seconds": {"train": round(seconds, 2), "all": round(time.perf_counter() - start, 2)},
        "transfer": nlp.meta.get("clinner_transfer"),
        **provenance(),
    }


def train(config: Config) -> tuple[Language, list[dict[str, Any]]]:
    """Train in memory: checkpoints are kept there, nothing is written.

    config (Config): The config.
    RETURNS (Tuple[Language, List[Dict[str, Any]]]): The pipeline with the parameters of its best evaluation, and all
        evaluations: step, score and the other scores that are numbers.
    """
    nlp = init_nlp(config)
    config = nlp.config.interpolate()
    if config["training"]["seed"] is not None:
        fix_random_seed(config["training"]["seed"])
    settings = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    train_corpus, dev_corpus = resolve_dot_names(config, [settings["train_corpus"], settings["dev_corpus"]])
    optimizer = settings["optimizer"]
    steps = train_while_improving(
        nlp,
        optimizer,
        create_train_batches(nlp, train_corpus, settings["batcher"], settings["max_epochs"]),
        create_evaluation_callback(nlp, dev_corpus, settings["score_weights"]),
        exclude=settings["frozen_components"],
        **{
            name: settings[name]
            for name in (
                "dropout", "accumulate_gradient", "patience", "max_steps", "eval_frequency", "annotating_components",
                "before_update",
            )
        },
    )  # fmt: skip
    history: list[dict[str, Any]] = []
    best: dict[str, bytes] = {}
    for _, info, evaluated in steps:
        if evaluated is None:
            continue
        scores = {name: value for name, value in info["other_scores"].items() if isinstance(value, float)}
        # spaCy calls an equal score best as well; here the first stays
        if all(info["score"] > point["score"] for point in history):
            with nlp.use_params(optimizer.averages):
                best = {name: pipe.model.to_bytes() for name, pipe in nlp.pipeline if hasattr(pipe, "model")}
        history.append({"step": info["step"], "score": info["score"], "scores": scores})
    for name, data in best.items():
        nlp.get_pipe(name).model.from_bytes(data)
    return nlp, history


def score(nlp: Language, test: Path) -> dict[str, Any]:
    """Strict scores of a pipeline.

    nlp (Language): The pipeline.
    test (Path): Documents with gold in `doc.ents`.
    RETURNS (Dict[str, Any]): For each document [matched, gold, predicted] entities; and micro "p", "r", "f" of all.
    """
    docs = read_docs(test)
    documents = pair_documents(docs, predict(nlp, docs, show_progress=False))
    labels = sorted({entity.label for document in documents for entity in document.gold | document.predicted})
    pairs = [align_entities(document.gold, document.predicted) for document in documents]
    counts = count_entities(pairs, labels, "strict").values
    rows = counts.sum(1)[:, [MATCHED_GOLD, SUPPORT, PREDICTED]].astype(int).tolist()
    return {
        **PRF(*micro(counts.sum(0)).tolist())._asdict(),
        "documents": {document.id: row for document, row in zip(documents, rows, strict=True)},
    }


def save(nlp: Language, output: Path) -> None:
    """Save a pipeline as `spacy train` would, whole or not at all."""
    config = nlp.config.interpolate()
    before_to_disk = create_before_to_disk_callback(
        registry.resolve(config["training"], schema=ConfigSchemaTraining)["before_to_disk"]
    )
    # a model without a result is what a kill left between the two
    write_folder_atomically(output, before_to_disk(nlp).to_disk, force=True)
