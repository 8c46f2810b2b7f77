"""Calibrate what a training saves, on its dev documents."""

import warnings
from collections.abc import Callable
from functools import partial

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry, resolve_dot_names

from ..annotations.keys import DOMAIN_KEY
from ..assembly.drop_components import drop_components
from ..assembly.training_data import TRAINING_DATA, checksums
from ..errors import Warnings
from .calibrate import calibrate, warn_of_unfitted
from .record import record


@registry.callbacks("spacy_clinner.calibrate.v1")
def create_calibrate(
    domains: list[str] | None = None, before: Callable[[Language], Language] | None = None
) -> Callable[[Language], Language]:
    """Make a callback for `[training] before_to_disk` that saves a pipeline whose probabilities fit dev.

    domains (Optional[List[str]]): Domains of the dev documents that count, by `user_data["clinner_domain"]`: after a
        transfer those of the target. Documents of no domain count, too; None for all.
    before (Optional[Callable[[Language], Language]]): Another callback, which is called first.
    RETURNS (Callable[[Language], Language]): `calibrate_on_dev` with these settings.
    """
    return partial(calibrate_on_dev, domains=domains, before=before)


def calibrate_on_dev(
    nlp: Language, domains: list[str] | None = None, before: Callable[[Language], Language] | None = None
) -> Language:
    """Copy a pipeline with temperatures and thresholds that fit its `[training] dev_corpus`.

    Warns where dev says nothing about a component (CW382), or too little (CW381): that one stays as it is.

    nlp (Language): The pipeline; it goes on training unchanged.
    domains (Optional[List[str]]), before (Optional[Callable]): As for `create_calibrate`.
    RETURNS (Language): The copy.
    RAISES (ValueError): CE381 and others as `calibrate`.
    """
    copy = nlp if before is None else before(nlp)
    if copy is nlp:
        copy = drop_components(nlp, [])
    config = nlp.config.interpolate()
    (corpus,) = resolve_dot_names(config, [config["training"]["dev_corpus"]])
    references = [example.reference for example in corpus(copy) if _counts(example.reference, domains)]
    found = calibrate(copy, references)
    for one in found:
        if not one.gold:
            warnings.warn(Warnings.CW382.format(name=one.name), stacklevel=2)
    warn_of_unfitted(found, "[training] dev_corpus")
    copy.meta[TRAINING_DATA] = checksums(nlp, "train_corpus")
    record(copy, found, checksums(nlp, "dev_corpus"))
    return copy


def _counts(reference: Doc, domains: list[str] | None) -> bool:
    # documents of no domain are those of a reader that tells none
    return domains is None or reference.user_data.get(DOMAIN_KEY) in (None, *domains)
