"""What a training has learned so far: weights, and what the optimizer and the components remember of the way."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from spacy.language import Language
from thinc.api import Model, Optimizer

from ..errors import Errors

# of an optimizer, by parameter
ARRAYS, COUNTS = ("mom1", "mom2", "averages"), ("nr_update", "last_seen")
Key = tuple[int, str]


def parameter_names(nlp: Language) -> dict[Key, str]:
    """Name all parameters alike in every process: Thinc numbers them as they are made.

    nlp (Language): The pipeline.
    RETURNS (Dict[Tuple[int, str], str]): By the optimizer's key: component, place of the layer in it, and parameter.
    """
    names: dict[Key, str] = {}
    for pipe_name, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        for place, node in enumerate(model.walk() if isinstance(model, Model) else ()):
            for param in node.param_names:
                names.setdefault((node.id, param), f"{pipe_name}/{place}/{param}")
            for number, shim in enumerate(node.shims):
                module: Any = getattr(shim, "_model", None)
                for param in dict(module.named_parameters()) if hasattr(module, "named_parameters") else ():
                    names.setdefault((shim.id, param), f"{pipe_name}/{place}/shim{number}/{param}")
    return names


def read_state(nlp: Language, optimizer: Optimizer) -> dict[str, Any]:
    """Copy all that changes when a training takes a step.

    nlp (Language): The pipeline.
    optimizer (Optimizer): Its optimizer.
    RETURNS (Dict[str, Any]): Arrays, bytes and numbers by name.
    RAISES (ValueError): CE450 if the optimizer has moved what is no parameter of a component.
    """
    names = parameter_names(nlp)
    found: dict[str, Any] = {}
    for part in (*ARRAYS, *COUNTS):
        by_key = getattr(optimizer, part) or {}
        if unknown := [key for key in by_key if key not in names]:
            raise ValueError(Errors.CE450.format(parameters=", ".join(sorted({str(key[1]) for key in unknown}))))
        to_numpy = nlp_ops(nlp).to_numpy
        found[part] = {
            names[key]: to_numpy(value).copy() if part in ARRAYS else int(value) for key, value in by_key.items()
        }
    return {
        "weights": {name: pipe.model.to_bytes() for name, pipe in _trained(nlp)},
        "remembered": {name: part.training_state() for name, part in _remembering(nlp)},
        "optimizer": found,
    }


def write_state(nlp: Language, optimizer: Optimizer, state: dict[str, Any], steps: int) -> None:
    """Go on from a copy.

    nlp (Language): The pipeline, initialised as that of the copy was.
    optimizer (Optimizer): A new optimizer of the same settings.
    state (Dict[str, Any]): As of `read_state`.
    steps (int): How many steps it had taken: its schedules go on from there.
    """
    for name, pipe in _trained(nlp):
        pipe.model.from_bytes(state["weights"][name])
    for name, part in _remembering(nlp):
        part.set_training_state(state["remembered"][name])
    keys = {name: key for key, name in parameter_names(nlp).items()}
    ops = nlp_ops(nlp)
    for part in (*ARRAYS, *COUNTS):
        by_key = getattr(optimizer, part)
        for name, value in state["optimizer"][part].items():
            by_key[keys[name]] = ops.asarray(np.array(value)) if part in ARRAYS else value
    for _ in range(steps):
        optimizer.step_schedules()


def nlp_ops(nlp: Language) -> Any:
    """RETURNS (Ops): The operations of the pipeline's arrays."""
    return next((pipe.model.ops for _, pipe in _trained(nlp)), None)


def _remembering(nlp: Language) -> Iterator[tuple[str, Any]]:
    """Components, and parts of their models, that draw or count beside their weights."""
    for name, pipe in nlp.pipeline:
        if hasattr(pipe, "training_state"):
            yield name, pipe
    for name, pipe in _trained(nlp):
        for place, node in enumerate(pipe.model.walk()):
            for number, shim in enumerate(node.shims):
                if hasattr(shim, "training_state"):
                    yield f"{name}/{place}/shim{number}", shim


def _trained(nlp: Language) -> list[tuple[str, Any]]:
    return [(name, pipe) for name, pipe in nlp.pipeline if isinstance(getattr(pipe, "model", None), Model)]
