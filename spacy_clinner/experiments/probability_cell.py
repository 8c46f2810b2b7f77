"""How far a trained tagger's probabilities can be believed, as it was trained and calibrated on dev."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ..annotations.documents import read_docs
from ..assembly.settings import change_settings
from ..calibration.calibrate import calibrate, find_calibrated
from ..errors import Errors
from ..provenance import checksum, provenance
from ..scoring.documents import Predictions, pair_documents
from ..scoring.evaluation import Bootstrap
from ..scoring.probabilities import Probabilities, predict_with_probabilities
from ..scoring.sureness import measure_sureness
from .cell import Cell
from .step import SHORT, Kept, ModelTest
from .strict_scores import score_predictions

# Changes when what is measured does, so that results of before are measured anew.
VERSION = 2
# Seeds have their spread; intervals over documents are `clinner evaluate`'s.
NO_INTERVALS = Bootstrap(resamples=0)


@dataclass(frozen=True)
class ProbabilityCell(ModelTest):
    """What is measured of a training.

    of (Cell): The training. Its model is tested twice: at temperature 1, with the threshold of its config; and with
        the temperature and threshold that fit the dev documents.
    """

    of: Cell

    @property
    def keys(self) -> Mapping[str, Any]:
        """RETURNS (Mapping[str, Any]): Those of the training."""
        return self.of.keys

    @property
    def needs(self) -> Sequence[Cell]:
        """RETURNS (Sequence[Cell]): The training."""
        return [self.of]

    @property
    def data(self) -> list[Path]:
        """RETURNS (List[Path]): Dev and test documents."""
        assert self.of.test is not None, "grids test every training"
        return [self.dev, self.of.test]

    @cached_property
    def dev(self) -> Path:
        """The documents to calibrate on.

        RETURNS (Path): The config's `paths.dev`, of a transfer the target's.
        RAISES (ValueError): CE352 if it is null.
        """
        dev = self.of.resolve(None).interpolate()["paths"].get("dev")
        if dev is None:
            raise ValueError(Errors.CE352.format(name="dev", options="--paths.dev FILE"))
        return Path(dev)

    @property
    def parts(self) -> dict[str, str]:
        """RETURNS (Dict[str, str]): Checksums of what makes the identity."""
        dev = (checksum(self.dev) or "")[:SHORT]
        return {"training": self.of.identity, "data of paths.dev": dev, "measures": str(VERSION)}

    def run(self, models: Sequence[Path], kept: Kept) -> dict[str, Any]:
        """Measure, calibrate, and measure again.

        models (Sequence[Path]): Folder of the trained pipeline.
        kept (Kept): Nothing is kept.
        RETURNS (Dict[str, Any]): JSON-able: what was measured under "trained" and "calibrated", what calibration found
            under "calibration", by component, and provenance.
        """
        nlp = spacy.load(models[0])
        settings = self.of.resolve(None).interpolate()["components"]
        for name in find_calibrated(nlp):
            # a config that is not filled, or sources the component, need not tell
            default = signature(type(nlp.get_pipe(name))).parameters["threshold"].default
            change_settings(nlp, name, temperature=1.0, threshold=settings.get(name, {}).get("threshold", default))
        dev, test = map(read_docs, self.data)
        trained = measure(nlp, test)
        found = calibrate(nlp, dev)
        calibrated = measure(nlp, test)
        return {
            "trained": trained,
            "calibrated": calibrated,
            "calibration": {one.name: one.to_dict() for one in found},
            **provenance(),
        }


def measure(nlp: Language, docs: Sequence[Doc]) -> dict[str, Any]:
    """Score a pipeline's entities and their probabilities.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): Documents with gold.
    RETURNS (Dict[str, Any]): JSON-able: micro "p", "r" and "f", and as "sureness" what `measure_sureness` finds of all.
    """
    return measure_predictions(docs, *predict_with_probabilities(nlp, docs))


def measure_predictions(docs: Sequence[Doc], predictions: Predictions, probabilities: Probabilities) -> dict[str, Any]:
    """Score entities and their probabilities.

    docs (Sequence[Doc]): Documents with gold.
    predictions (Predictions): Predicted entities by document identifier.
    probabilities (Probabilities): What the model said of them.
    RETURNS (Dict[str, Any]): As `measure`; "sureness" is None if nothing predicted has a probability.
    """
    scores = score_predictions(docs, predictions)
    sureness = measure_sureness(docs, pair_documents(docs, predictions), probabilities, bootstrap=NO_INTERVALS)
    told = None
    if sureness is not None:
        told = {
            "predicted": sureness.predicted.all.to_dict(),
            "not_predicted": sureness.others and sureness.others.all.to_dict(),
        }
    return {**{measure: scores[measure] for measure in "prf"}, "sureness": told}
