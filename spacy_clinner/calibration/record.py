"""What a saved pipeline tells of its calibration: in its meta, and in the card that `spacy package` makes of that."""

from collections.abc import Mapping, Sequence

from spacy.language import Language

from ..provenance import provenance
from .calibrate import META_KEY, Calibrated


def record(nlp: Language, found: Sequence[Calibrated], data: Mapping[str, str]) -> None:
    """Write calibrations to a pipeline's meta: each under its component's name, a sentence of each in the notes.

    nlp (Language): The pipeline.
    found (Sequence[Calibrated]): What was found; of components without gold nothing is written.
    data (Mapping[str, str]): Checksums of the documents by path.
    """
    of_run = {"data": dict(data), **{key: value for key, value in provenance().items() if key != "command"}}
    known = {**nlp.meta.get(META_KEY, {})}
    said = [_sentence(name, kept["temperature"], kept["interval"]) for name, kept in known.items()]
    notes = [line for line in nlp.meta.get("notes", "").splitlines() if line and line not in said]
    for one in found:
        if one.gold:
            known[one.name] = {
                **one.to_dict(),
                "data": dict(data),
                "date": of_run["date"],
                "versions": of_run["versions"],
            }
    nlp.meta[META_KEY] = known
    said = [_sentence(name, kept["temperature"], kept["interval"]) for name, kept in known.items()]
    nlp.meta["notes"] = "\n\n".join([*notes, *said])


def _sentence(name: str, temperature: float, interval: Sequence[float]) -> str:
    low, high = interval
    return (
        f"Probabilities of `{name}` are calibrated: its scores are divided by a temperature of {temperature:.2f} "
        f"(95 % of resamples of the documents: {low:.2f} to {high:.2f})."
    )
