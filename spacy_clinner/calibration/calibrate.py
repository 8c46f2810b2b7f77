"""Calibrate a pipeline: temperature and threshold of each component whose probabilities gold can judge."""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..annotations.keys import DOMAIN_KEY
from ..annotations.writers import all_entity_writers
from ..assembly.settings import change_settings
from ..errors import Errors, Warnings
from ..progress import progress
from ..training.gold_ents_corpus import give_gold_entities
from .temperature import FEWEST, TRIED, fit_temperature
from .threshold import TRIED as THRESHOLDS
from .threshold import f1, least_sure, new_threshold, same_decisions


class Settings(NamedTuple):
    """What of a component decides how sure it is, and what it finds."""

    temperature: float
    threshold: float | None


@dataclass(frozen=True)
class Calibrated:
    """What was found for a component.

    name (str): Name of the component.
    temperature (float), threshold (Optional[float]): Its settings from now on.
    best_temperature (float), interval (Tuple[float, float]): The temperature of the greatest likelihood, and where it
        lies with 95 % of resamples of the documents.
    documents (int), gold (int): How many documents say something, and their entities or relations.
    loss (Tuple[float, float]): Negative log-likelihood a document, before and after.
    f (Optional[Tuple[float, float]]): F1 before and after; None: what is found does not change.
    check_below (Optional[float]): Probability below which the least sure fifth of what is found lies.
    """

    name: str
    temperature: float
    threshold: float | None
    best_temperature: float
    interval: tuple[float, float]
    documents: int
    gold: int
    loss: tuple[float, float]
    f: tuple[float, float] | None
    check_below: float | None

    @property
    def fitted(self) -> bool:
        """Whether the documents tell enough; else the component stays as it was."""
        return self.documents >= FEWEST

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): JSON-able, without the name."""
        found = asdict(self)
        del found["name"]
        return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}


def find_calibrated(nlp: Language) -> list[str]:
    """Find the components that can be calibrated.

    nlp (Language): The pipeline.
    RETURNS (List[str]): Names of taggers and relation extractors, in order.
    RAISES (ValueError): CE381 if there are none.
    """
    names = [name for name, pipe in nlp.pipeline if hasattr(pipe, "evidence")]
    if not names:
        raise ValueError(Errors.CE381.format(pipes=", ".join(nlp.pipe_names)))
    return names


def calibrate(nlp: Language, references: Sequence[Doc], *, seed: int = 0) -> list[Calibrated]:
    """Give each component the temperature at which the gold is most probable, and a threshold to go with it.

    Components are calibrated in order, each on what the ones before it find then.

    nlp (Language): The pipeline; settings of its components are changed.
    references (Sequence[Doc]): Documents with gold that the pipeline was not trained on.
    seed (int): Seed of the resamples.
    RETURNS (List[Calibrated]): What was found. A component of whose kind there is no gold stays as it is.
    RAISES (ValueError): CE381 as `find_calibrated`; CE202, CE207, CE252 and CE253 on gold that does not fit.
    """
    return [settle(nlp, name, evidence_of(nlp, name, references), seed=seed) for name in find_calibrated(nlp)]


def check_gold(found: Sequence[Calibrated], data: Path) -> None:
    """See that documents say something about a component.

    found (Sequence[Calibrated]): What was found; warns (CW381) as `warn_of_unfitted`.
    data (Path): The documents' file.
    RAISES (ValueError): CE382 if there is no gold for any component.
    """
    if not any(one.gold for one in found):
        raise ValueError(Errors.CE382.format(path=data, names=", ".join(one.name for one in found)))
    warn_of_unfitted(found, str(data))


def warn_of_unfitted(found: Sequence[Calibrated], data: str) -> None:
    """Warn (CW381) of components that have gold, but too little of it to be fitted.

    found (Sequence[Calibrated]): What was found.
    data (str): What to call the documents.
    """
    for one in found:
        if one.gold and not one.fitted:
            warnings.warn(Warnings.CW381.format(name=one.name, path=data), stacklevel=2)


def evidence_of(nlp: Language, name: str, references: Sequence[Doc]) -> Any:
    """Collect what gold says about a component.

    nlp (Language): The pipeline.
    name (str): Name of the component.
    references (Sequence[Doc]): Documents with gold.
    RETURNS (Union[TaggerEvidence, RelationEvidence]): The evidence.
    RAISES (ValueError): CE202, CE207, CE252 and CE253 on gold that does not fit.
    """
    pipe = cast(Any, nlp.get_pipe(name))
    # a head of one corpus need not read those of the others
    judged = [reference for reference in references if pipe.is_judged_by(reference)]
    return pipe.evidence(_annotate(nlp, name, judged))


def settle(nlp: Language, name: str, evidence: Any, *, seed: int = 0) -> Calibrated:
    """Give a component the temperature and the threshold that fit some evidence, if that is of two documents at least.

    nlp (Language): The pipeline; settings of the component are changed.
    name (str): Name of the component.
    evidence (Any): As of `evidence_of`, or `PooledEvidence`.
    seed (int): Seed of the resamples.
    RETURNS (Calibrated): What was found.
    """
    pipe = cast(Any, nlp.get_pipe(name))
    before = Settings(pipe.cfg["temperature"], pipe.cfg["threshold"])
    losses = evidence.log_losses(TRIED)
    fit = fit_temperature(losses if evidence.n_gold else losses[:0], seed=seed)
    after = before
    if fit.documents >= FEWEST:
        after = Settings(fit.temperature, _new_threshold(evidence, before, fit.temperature, seed))
    change_settings(nlp, name, **after._asdict())
    of_settings = evidence.log_losses([before.temperature, after.temperature]).sum(axis=0) / max(fit.documents, 1)
    return Calibrated(
        name=name,
        **after._asdict(),
        best_temperature=fit.best,
        interval=fit.interval,
        documents=fit.documents,
        gold=evidence.n_gold,
        loss=tuple(of_settings.tolist()),
        f=None if evidence.order_stays or before.threshold is None else (_f1(evidence, before), _f1(evidence, after)),
        check_below=least_sure(evidence.found(*after)),
    )


def _new_threshold(evidence: Any, before: Settings, temperature: float, seed: int) -> float | None:
    if before.threshold is None or temperature == before.temperature:
        return before.threshold
    if evidence.order_stays:
        return same_decisions(before.threshold, temperature / before.temperature, evidence.relative)
    found_before = evidence.counts(before.temperature, [before.threshold])[:, 0]
    return new_threshold(evidence.counts(temperature, THRESHOLDS), found_before, before.threshold, seed=seed)


def _f1(evidence: Any, settings: Settings) -> float:
    return float(f1(evidence.counts(settings.temperature, [settings.threshold]).sum(axis=(0, 1))))


def _annotate(nlp: Language, name: str, references: Sequence[Doc]) -> list[Example]:
    """Documents as a component finds them; with the gold's entities where it reads some and no other finds any."""
    before = nlp.pipe_names[: nlp.pipe_names.index(name)]
    spans_key = cast(Any, nlp.get_pipe(name)).cfg["spans_key"]
    finds = {*before} & {*all_entity_writers(nlp, spans_key)}
    predicted = [nlp.make_doc(reference.text) for reference in references]
    for doc, reference in zip(predicted, references, strict=True):
        if DOMAIN_KEY in reference.user_data:
            doc.user_data[DOMAIN_KEY] = reference.user_data[DOMAIN_KEY]
        if not finds and "doc.ents" in nlp.get_pipe_meta(name).requires:
            give_gold_entities(doc, reference, spans_key)
    others = [other for other in nlp.pipe_names if other not in before]
    found = progress(nlp.pipe(predicted, disable=others), total=len(predicted), unit="doc", desc=f"Calibrate {name}")
    return [Example(doc, reference) for doc, reference in zip(found, references, strict=True)]
