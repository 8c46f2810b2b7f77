"""Train one cell with spaCy's own loop, and test its best checkpoint."""

import logging
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training.initialize import init_nlp
from spacy.training.loop import create_before_to_disk_callback
from spacy.util import load_model, registry
from thinc.api import Config, Model

from ..annotations.documents import read_docs
from ..configs import check_corpora
from ..files import write_folder_atomically
from ..progress import progress
from ..provenance import provenance
from ..resuming.checkpoints import Checkpoints
from ..resuming.steps import prepare
from ..scoring.predictions import predict
from .step import Kept
from .strict_scores import keep_predictions, score_predictions

if TYPE_CHECKING:
    from .cell import Cell

# what a killed training loses at most
SECONDS_BETWEEN_CHECKPOINTS = 120.0


def train_cell(cell: "Cell", model: Path | None, kept: Kept) -> dict[str, Any]:
    """Train, choose the best checkpoint on dev, and score it on test.

    cell (Cell): What to train.
    model (Optional[Path]): Folder of the model it starts from.
    kept (Kept): Where to keep the trained pipeline and its predictions; what is there is replaced.
    RETURNS (Dict[str, Any]): JSON-able record without the keys: scores, steps, seconds, provenance.
    """
    start = time.perf_counter()
    logging.getLogger("spacy").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if cell.train:
            nlp, history = train(cell.resolve(model), last=cell.last, checkpoints=kept.checkpoints(cell.identity))
            nlp = to_be_saved(nlp)
        else:
            assert model is not None, "what is not trained has a start"
            nlp, history = load_model(model), []
        seconds = time.perf_counter() - start
        test = None
        if cell.test is not None:
            docs = read_docs(cell.test)
            predictions = predict(nlp, docs, cell.spans_key, show_progress=False)
            test = score_predictions(docs, predictions, cell.spans_key)
            keep_predictions(kept.predictions, predictions)
    if kept.model is not None:
        # a model without a result is what a kill left between the two
        write_folder_atomically(kept.model, nlp.to_disk, force=True)
    chosen: dict[str, Any] = {"score": None, "step": 0}
    if history:
        chosen = history[-1] if cell.last else max(history, key=lambda point: point["score"])
    return {
        "config": str(cell.config),
        "dev": chosen["score"],
        "best_step": chosen["step"],
        "history": history,
        "test": test,
        "seconds": {"train": round(seconds, 2), "all": round(time.perf_counter() - start, 2)},
        "transfer": nlp.meta.get("clinner_transfer"),
        **provenance(),
    }


def train(
    config: Config, last: bool = False, checkpoints: Checkpoints | None = None
) -> tuple[Language, list[dict[str, Any]]]:
    """Train, and choose among the weights of all evaluations; no pipeline is written.

    config (Config): The config.
    last (bool): Whether the pipeline is to have the parameters of the last step, not of the best evaluation.
    checkpoints (Optional[Checkpoints]): Where to leave checkpoints, and to go on from one that is there.
    RETURNS (Tuple[Language, List[Dict[str, Any]]]): The pipeline with the chosen parameters, and all evaluations: step,
        score and the other scores that are numbers.
    RAISES (ValueError): CE352 if a corpus names no file.
    """
    check_corpora(config)
    nlp = init_nlp(config)
    steps = prepare(nlp)
    state = checkpoints.read() if checkpoints else None
    versions = provenance()["versions"]
    if checkpoints and state and state["versions"] != versions:
        # of another version: nobody may rely on what it becomes
        state = None
        checkpoints.clear()
    history: list[dict[str, Any]] = state["history"] if state else []
    chosen: dict[str, bytes] = state["chosen"] if state else {}

    def remember() -> dict[str, bytes]:
        with nlp.use_params(steps.optimizer.averages):
            # some components of spaCy's have a model that is none
            models = {name: getattr(pipe, "model", None) for name, pipe in nlp.pipeline}
            return {name: model.to_bytes() for name, model in models.items() if isinstance(model, Model)}

    saved = time.monotonic()
    with progress(total=steps.settings["max_steps"] or None, unit="step", desc="Train") as bar:
        for info, is_best in steps.take(state):
            if is_best is not None:
                scores = {name: value for name, value in info["other_scores"].items() if isinstance(value, float)}
                # spaCy calls an equal score best as well; here the first stays
                if not last and all(info["score"] > point["score"] for point in history):
                    chosen = remember()
                history.append({"step": info["step"], "score": info["score"], "scores": scores})
                bar.set_postfix_str(f"dev {info['score']:.3f}")
            if checkpoints and time.monotonic() - saved >= SECONDS_BETWEEN_CHECKPOINTS:
                checkpoints.write(
                    info["step"], {**steps.state(), "history": history, "chosen": chosen, "versions": versions}
                )
                saved = time.monotonic()
            bar.update(info["step"] - bar.n)
    if last:
        chosen = remember()
    for name, data in chosen.items():
        pipe: Any = nlp.get_pipe(name)
        pipe.model.from_bytes(data)
    if checkpoints:
        checkpoints.clear()
    return nlp, history


def to_be_saved(nlp: Language) -> Language:
    """RETURNS (Language): What `spacy train` would save: that is tested, too."""
    settings = registry.resolve(nlp.config.interpolate()["training"], schema=ConfigSchemaTraining)
    return create_before_to_disk_callback(settings["before_to_disk"])(nlp)
