"""One pipeline of several whose taggers were trained apart for the same labels: their taggers together are one."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import takewhile
from typing import Any

from spacy.language import Language
from spacy.ty import ListenedToComponent
from spacy.util import dot_to_object, set_dot_to_object

from ..errors import Errors, Warnings
from ..models.ensemble import Member, pool_members
from ..models.listening import listeners_of
from .calibrated import META_KEY, tell_calibrations
from .parts import tell_of_parts
from .settings import interpolate_components
from .share_vectors import share_vectors

FACTORY = "clinner_crf_tagger"
TAGGER, ENSEMBLE = "spacy_clinner.CRFTagger.v1", "spacy_clinner.TaggerEnsemble.v1"
# Settings of a tagger that say what is an entity, and in which documents.
SAME = ("gold_from", "spans_key", "domains", "label_domains", "foreign_labels")
# What a component declares that classifies whole documents; no tagger reads it.
CATEGORIES = {"doc.cats"}
# What a pipeline's meta tells of its first tagger, and not of the ensemble.
OF_ONE = ("performance", "clinner_transfer")


def ensemble_pipelines(pipelines: Sequence[Language]) -> Language:
    """Make one tagger of the taggers of several pipelines: P of a tagging is the geometric mean of theirs, normalised.

    Each counts as it predicts, at its own temperature. The ensemble starts at temperature 1, with the threshold of the
    first, and is to be calibrated anew. Warns (CW384) if thresholds differ.

    pipelines (Sequence[Language]): The pipelines, each with one tagger. They are used up: their encoders become the
        ensemble's.
    RETURNS (Language): The first, with the ensemble as its tagger. It knows what all were trained on.
    RAISES (ValueError): CE384 if a pipeline has not one tagger, CE385 if they read texts differently, CE262 if their
        word vectors differ, CE386 and CE387 if the taggers' labels or settings do, CE388 if one is no plain tagger.
    """
    nlp, *others = pipelines
    taggers = [_find_tagger(other, number) for number, other in enumerate(pipelines, 1)]
    for number, (other, tagger) in enumerate(zip(pipelines, taggers, strict=True), 1):
        interpolate_components(other)
        _check_reading(nlp, other, number)
        _check_tagger(taggers[0], tagger, number)
    for other in others:
        share_vectors(nlp, other)
    encoders = {
        f"member_{number:03}": _own_encoder(other, tagger.name, number)
        for number, (other, tagger) in enumerate(zip(pipelines, taggers, strict=True), 1)
    }
    first = taggers[0]
    members = [
        Member(tagger.model, [tagger.labels.index(label) for label in first.labels], tagger.cfg["temperature"])
        for tagger in taggers
    ]
    _tell_of_all(nlp, pipelines, first.name)
    pool_members(_replace_tagger(nlp, first, encoders).model, members)
    return nlp


def _find_tagger(nlp: Language, number: int) -> Any:
    names = [name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory == FACTORY]
    if len(names) != 1:
        raise ValueError(Errors.CE384.format(number=number, n=len(names), names=", ".join(nlp.pipe_names)))
    return nlp.get_pipe(names[0])


def _check_reading(nlp: Language, other: Language, number: int) -> None:
    for what, read in (
        ("languages", lambda one: one.lang),
        ("kinds of tokenizers", lambda one: type(one.tokenizer)),
        ("rules of the tokenizers", lambda one: _content(one.tokenizer)),
        ("lookup tables of the vocabularies", lambda one: one.vocab.lookups.to_bytes()),
        ("components before the tagger", _components_before_tagger),
    ):
        if read(nlp) != read(other):
            raise ValueError(Errors.CE385.format(number=number, what=what))


def _components_before_tagger(nlp: Language) -> list[tuple[Any, ...]]:
    """What may say where sentences end, or change words. An encoder does not; its tagger gets a copy of it."""
    return [
        # spaCy's sentencizer saves a set of characters, in any order
        (nlp.get_pipe_meta(name).factory, nlp.get_pipe_config(name), Counter(_content(pipe)))
        for name, pipe in takewhile(lambda named: nlp.get_pipe_meta(named[0]).factory != FACTORY, nlp.pipeline)
        if not isinstance(pipe, ListenedToComponent) and set(nlp.get_pipe_meta(name).assigns) != CATEGORIES
    ]


def _content(pipe: Any) -> bytes:
    """What is saved of a tokenizer or a component; some are all in their config."""
    return pipe.to_bytes(exclude=["vocab"]) if hasattr(pipe, "to_bytes") else b""


def _check_tagger(first: Any, tagger: Any, number: int) -> None:
    if different := sorted(set(first.labels) ^ set(tagger.labels)):
        raise ValueError(Errors.CE386.format(number=number, labels=", ".join(different)))
    for name in SAME:
        ours, theirs = (_comparable(one.cfg[name]) for one in (first, tagger))
        if ours != theirs:
            raise ValueError(Errors.CE387.format(number=number, setting=name, ours=ours, theirs=theirs))
    if first.cfg["threshold"] != tagger.cfg["threshold"]:
        ours, theirs = first.cfg["threshold"], tagger.cfg["threshold"]
        warnings.warn(Warnings.CW384.format(number=number, ours=ours, theirs=theirs), stacklevel=3)


def _comparable(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def _own_encoder(nlp: Language, name: str, number: int) -> dict[str, Any]:
    """The encoder's config, as it is once the tagger listens to none."""
    tagger: Any = nlp.get_pipe(name)
    for upstream, encoder in reversed(nlp.components[: nlp.component_names.index(name)]):
        if isinstance(encoder, ListenedToComponent) and encoder.listener_map.get(name):
            _replace_listeners(nlp, upstream, name)
            if not encoder.listening_components:
                nlp.remove_pipe(upstream)
            break
    config = nlp.get_pipe_config(name)["model"]
    if config["@architectures"] != TAGGER or not tagger.model.has_dim("nO") or listeners_of(tagger.model):
        raise ValueError(Errors.CE388.format(number=number, name=name, architecture=config["@architectures"]))
    return config["tok2vec"]


def _replace_listeners(nlp: Language, upstream: str, name: str) -> None:
    encoder: Any = nlp.get_pipe(upstream)
    of_encoder, of_tagger = (nlp.get_pipe_config(pipe) for pipe in (upstream, name))
    listeners = {path: deepcopy(dot_to_object(of_tagger, path)) for path in _listeners_in(of_tagger["model"], "model")}
    nlp.replace_listeners(upstream, name, list(listeners))
    if as_own := encoder.model.attrs.get("replace_listener_cfg"):
        # spaCy looks for a transformer's listener, whose pooling it keeps, in `model.tok2vec` only
        for path, listener in listeners.items():
            set_dot_to_object(of_tagger, path, as_own(of_encoder["model"], listener))


def _listeners_in(config: dict[str, Any], path: str) -> Iterator[str]:
    """Paths of the listeners of a model: only they name a component upstream."""
    if "upstream" in config:
        yield path
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _listeners_in(value, f"{path}.{name}")


def _tell_of_all(nlp: Language, pipelines: Sequence[Language], name: str) -> None:
    """What was measured of the first tagger is not so of the ensemble; and none has seen fewer documents."""
    nlp.meta = {key: value for key, value in nlp.meta.items() if key not in OF_ONE}
    tell_of_parts(nlp, pipelines)
    if known := nlp.meta.get(META_KEY):
        tell_calibrations(nlp, {other: found for other, found in known.items() if other != name})


def _replace_tagger(nlp: Language, first: Any, encoders: dict[str, Any]) -> Any:
    config = dict(nlp.get_pipe_config(first.name))
    config |= {name: value for name, value in first.cfg.items() if name in config}
    config |= {"model": {"@architectures": ENSEMBLE, "members": encoders}, "temperature": 1.0, "tie_to": None}
    del config["factory"]
    ensemble: Any = nlp.replace_pipe(first.name, FACTORY, config=config)
    ensemble.cfg |= {name: value for name, value in first.cfg.items() if name not in config}
    return ensemble
