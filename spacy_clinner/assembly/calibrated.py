"""What a pipeline tells of its calibration: in its meta, and in the card that `spacy package` makes of that."""

from collections.abc import Mapping, Sequence
from typing import Any

from spacy.language import Language

from .settings import change_settings

# What was found for each component, by its name: temperature, threshold, `check_below`, the data and their date.
# Written by: `calibrate`, `spacy_clinner.calibrate.v1`; `choose-threshold` changes it, `ensemble` removes that of its
# members.
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


def change_threshold(nlp: Language, name: str, check_below: float | None, **settings: Any) -> None:
    """Change what a component asks for, and with it what is told of its calibration.

    nlp (Language): The pipeline.
    name (str): Name of the component.
    check_below (Optional[float]): Probability below which the least sure fifth of what it finds now lies; None: it is
        not known.
    **settings (Any): New values, "threshold" among them, as of `change_settings`.
    """
    change_settings(nlp, name, **settings)
    known = nlp.meta.get(META_KEY, {})
    if name in known:
        known[name] |= {"threshold": settings["threshold"], "check_below": check_below}


def _sentences(known: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [_sentence(name, found["temperature"], found["interval"]) for name, found in known.items()]


def _sentence(name: str, temperature: float, interval: Sequence[float]) -> str:
    low, high = interval
    return (
        f"Probabilities of `{name}` are calibrated: its scores are divided by a temperature of {temperature:.2f} "
        f"(95 % of resamples of the documents: {low:.2f} to {high:.2f})."
    )
