"""What a training has learned so far: weights, and what the optimizer and the components remember of the way."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from spacy.language import Language
from thinc.api import Model, Optimizer, get_current_ops

from ..errors import Errors

# of an optimizer, by parameter
ARRAYS, COUNTS = ("mom1", "mom2", "averages"), ("nr_update", "last_seen")
Key = tuple[int, str]


def parameter_names(models: Mapping[str, Model]) -> dict[Key, str]:
    """Name all parameters alike in every process: Thinc numbers them as they are made.

    models (Mapping[str, Model]): Models by name.
    RETURNS (Dict[Tuple[int, str], str]): By the optimizer's key: model, place of the layer in it, and parameter.
    """
    names: dict[Key, str] = {}
    for model_name, model in models.items():
        for place, node in enumerate(model.walk()):
            for param in node.param_names:
                names.setdefault((node.id, param), f"{model_name}/{place}/{param}")
            for number, shim in enumerate(node.shims):
                module: Any = getattr(shim, "_model", None)
                for param in dict(module.named_parameters()) if hasattr(module, "named_parameters") else ():
                    names.setdefault((shim.id, param), f"{model_name}/{place}/shim{number}/{param}")
    return names


def read_learned(models: Mapping[str, Model], optimizer: Optimizer) -> dict[str, Any]:
    """Copy weights, and what the optimizer remembers of them.

    models (Mapping[str, Model]): Models by name.
    optimizer (Optimizer): Their optimizer.
    RETURNS (Dict[str, Any]): Arrays, bytes and numbers by name.
    RAISES (ValueError): CE450 if the optimizer has moved what is no parameter of a model.
    """
    names = parameter_names(models)
    to_numpy = get_current_ops().to_numpy
    found: dict[str, Any] = {}
    for part in (*ARRAYS, *COUNTS):
        by_key = getattr(optimizer, part) or {}
        if unknown := [key for key in by_key if key not in names]:
            raise ValueError(Errors.CE450.format(parameters=", ".join(sorted({str(key[1]) for key in unknown}))))
        found[part] = {
            names[key]: to_numpy(value).copy() if part in ARRAYS else int(value) for key, value in by_key.items()
        }
    return {"weights": {name: model.to_bytes() for name, model in models.items()}, "optimizer": found}


def write_learned(models: Mapping[str, Model], optimizer: Optimizer, state: Mapping[str, Any]) -> None:
    """Go on from a copy.

    models (Mapping[str, Model]): The models, initialised as those of the copy were.
    optimizer (Optimizer): A new optimizer of the same settings.
    state (Mapping[str, Any]): As of `read_learned`.
    """
    for name, model in models.items():
        model.from_bytes(state["weights"][name])
    keys = {name: key for key, name in parameter_names(models).items()}
    asarray = get_current_ops().asarray
    for part in (*ARRAYS, *COUNTS):
        by_key = getattr(optimizer, part)
        for name, value in state["optimizer"][part].items():
            by_key[keys[name]] = asarray(np.array(value)) if part in ARRAYS else value


def read_state(nlp: Language, optimizer: Optimizer) -> dict[str, Any]:
    """Copy all that changes when a training takes a step.

    nlp (Language): The pipeline.
    optimizer (Optimizer): Its optimizer.
    RETURNS (Dict[str, Any]): As of `read_learned`, and what components remember.
    RAISES (ValueError): CE450 as `read_learned`.
    """
    remembered = {name: part.training_state() for name, part in _remembering(nlp)}
    return {**read_learned(_models(nlp), optimizer), "remembered": remembered}


def write_state(nlp: Language, optimizer: Optimizer, state: Mapping[str, Any], steps: int) -> None:
    """Go on from a copy.

    nlp (Language): The pipeline, initialised as that of the copy was.
    optimizer (Optimizer): A new optimizer of the same settings.
    state (Mapping[str, Any]): As of `read_state`.
    steps (int): How many steps it had taken: its schedules go on from there.
    """
    write_learned(_models(nlp), optimizer, state)
    for name, part in _remembering(nlp):
        part.set_training_state(state["remembered"][name])
    for _ in range(steps):
        optimizer.step_schedules()


def _remembering(nlp: Language) -> Iterator[tuple[str, Any]]:
    """Components, and parts of their models, that draw or count beside their weights."""
    for name, pipe in nlp.pipeline:
        if hasattr(pipe, "training_state"):
            yield name, pipe
    for name, model in _models(nlp).items():
        for place, node in enumerate(model.walk()):
            for number, shim in enumerate(node.shims):
                if hasattr(shim, "training_state"):
                    yield f"{name}/{place}/shim{number}", shim


def _models(nlp: Language) -> dict[str, Model]:
    found = ((name, getattr(pipe, "model", None)) for name, pipe in nlp.pipeline)
    return {name: model for name, model in found if isinstance(model, Model)}
