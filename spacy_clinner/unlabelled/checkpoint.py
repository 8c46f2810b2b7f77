"""What a pretraining that was stopped goes on from: weights, what the optimizer remembers, and how far it was."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile

import numpy as np
from thinc.api import Model, Optimizer, get_current_ops

from ..errors import Errors
from ..files import write_atomically


@dataclass
class Progress:
    """How far a pretraining is.

    step (int): Batches learned from.
    history (List[Dict[str, Any]]): A row for each time that was looked at the held-out notes.
    """

    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def save_checkpoint(path: Path, identity: str, progress: Progress, model: Model, optimizer: Optimizer) -> None:
    """Save a checkpoint, whole or not at all.

    path (Path): The file.
    identity (str): What decides the result of the pretraining.
    progress (Progress): How far it is.
    model (Model): The model.
    optimizer (Optimizer): Its optimizer, Adam.
    """
    told = {"identity": identity, "step": progress.step, "history": progress.history}
    arrays = {"told": np.frombuffer(json.dumps(told).encode("utf8"), dtype="uint8")}
    to_numpy = get_current_ops().to_numpy
    for number, (node, name) in enumerate(_weights(model)):
        arrays[f"weights-{number}"] = to_numpy(node.get_param(name))
        key = node.id, name
        # a weight that was never updated has none
        if key in optimizer.mom1:
            arrays[f"first-{number}"] = to_numpy(optimizer.mom1[key])
            arrays[f"second-{number}"] = to_numpy(optimizer.mom2[key])
            arrays[f"updates-{number}"] = np.array(optimizer.nr_update[key])
    content = io.BytesIO()
    np.savez(content, **arrays)
    write_atomically(path, content.getvalue())


def load_checkpoint(path: Path, identity: str, model: Model, optimizer: Optimizer) -> Progress:
    """Go on from a checkpoint, if there is one.

    path (Path): The file.
    identity (str): What decides the result of the pretraining.
    model (Model): The model, initialised; gets the weights.
    optimizer (Optimizer): A new one; gets what the other remembered.
    RETURNS (Progress): How far the pretraining was.
    RAISES (ValueError): CE431 if the file is damaged, CE432 if it is of another pretraining.
    """
    if not path.is_file():
        return Progress()
    with path.open("rb") as file:
        arrays = _read(file, path)
    told = json.loads(arrays["told"].tobytes())
    if told["identity"] != identity:
        raise ValueError(Errors.CE432.format(path=path))
    asarray = get_current_ops().asarray
    for number, (node, name) in enumerate(_weights(model)):
        node.set_param(name, asarray(arrays[f"weights-{number}"]))
        if f"first-{number}" in arrays:
            key = node.id, name
            optimizer.mom1[key] = asarray(arrays[f"first-{number}"])
            optimizer.mom2[key] = asarray(arrays[f"second-{number}"])
            optimizer.nr_update[key] = int(arrays[f"updates-{number}"])
    return Progress(told["step"], told["history"])


def _read(file: BinaryIO, path: Path) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint; zip keeps a checksum of each."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            return dict(stored)
    except (BadZipFile, ValueError, EOFError, KeyError) as error:
        raise ValueError(Errors.CE431.format(path=path, error=type(error).__name__)) from None


def _weights(model: Model) -> Iterator[tuple[Model, str]]:
    """All weights, in an order that is the same in every process."""
    return ((node, name) for node in model.walk() for name in node.param_names)
