"""What a pipeline tells of its calibration: in its meta, and in the card that `spacy package` makes of that."""

from collections.abc import Mapping, Sequence
from typing import Any

from spacy.language import Language

# What was found for each component, by its name: temperature, threshold, `check_below`, the data and their date.
# Written by: `calibrate`, `spacy_clinner.calibrate.v1`; `ensemble` removes that of its members.
# Read by: `annotate`.
META_KEY = "clinner_calibration"


def tell_calibrations(nlp: Language, known: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace what a pipeline's meta tells of calibrations, and the sentences about them in its notes.

    nlp (Language): The pipeline.
    known (Mapping[str, Mapping[str, Any]]): What is known of each calibrated component, "temperature" and "interval"
        among it, by the component's name; of others nothing is told any longer.
    """
    said = _sentences(nlp.meta.get(META_KEY, {}))
    notes = [line for line in nlp.meta.get("notes", "").splitlines() if line and line not in said]
    nlp.meta[META_KEY] = dict(known)
    nlp.meta["notes"] = "\n\n".join([*notes, *_sentences(known)])


def _sentences(known: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [_sentence(name, found["temperature"], found["interval"]) for name, found in known.items()]


def _sentence(name: str, temperature: float, interval: Sequence[float]) -> str:
    low, high = interval
    return (
        f"Probabilities of `{name}` are calibrated: its scores are divided by a temperature of {temperature:.2f} "
        f"(95 % of resamples of the documents: {low:.2f} to {high:.2f})."
    )
