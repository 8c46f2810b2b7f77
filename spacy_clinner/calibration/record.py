"""Record what was found: a saved pipeline tells how it was calibrated, on what, and when."""

from collections.abc import Mapping, Sequence

from spacy.language import Language

from ..assembly.calibrated import META_KEY, tell_calibrations
from ..provenance import as_text, provenance
from .calibrate import Calibrated


def record(nlp: Language, found: Sequence[Calibrated], data: Mapping[str, str]) -> None:
    """Write calibrations to a pipeline's meta: each under its component's name, a sentence of each in the notes.

    nlp (Language): The pipeline.
    found (Sequence[Calibrated]): What was found; of components that were not fitted nothing is written, and
        what is known of them stays.
    data (Mapping[str, str]): Checksums of the documents by path.
    """
    of_run = provenance()
    checksums = {as_text(path): checksum for path, checksum in data.items()}
    known = {
        one.name: {**one.to_dict(), "data": checksums, "date": of_run["date"], "versions": of_run["versions"]}
        for one in found
        if one.fitted
    }
    tell_calibrations(nlp, {**nlp.meta.get(META_KEY, {}), **known})
