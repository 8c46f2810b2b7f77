"""A transformer between Thinc's layers: moved layer by layer, and loaded with the settings that it was saved with."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any, cast

from spacy_transformers.layers.hf_shim import HFShim
from srsly.msgpack import Unpacker
from thinc.api import Optimizer, Shim
from thinc.types import FloatsXd
from transformers import AutoConfig, PretrainedConfig

from .layer_rates import LayerRates


class LayersShim(HFShim):
    """Torch's module between Thinc's layers, with learning rates of its own for its layers.

    Adam's steps do not depend on the size of a gradient, so it is the rate that is scaled. What is frozen, the
    optimizer does not see: its weight decay and momentum would go on.

    layer_rates (Optional[LayerRates]): the rates.
    bfloat16 (bool): whether a processor multiplies matrices in bfloat16 where nothing is learned.
    n_steps (int): how often the weights were moved; it is not saved with a pipeline, as the optimizer is not.
    """

    layer_rates: LayerRates | None = None
    bfloat16 = False
    n_steps = 0

    def finish_update(self, optimizer: Optimizer) -> None:
        """Move the weights by their gradients.

        optimizer (Optimizer): The optimizer, or what is called like one.
        RAISES (ValueError): CE128 if there are no layers.
        """
        if self.layer_rates is None:
            super().finish_update(optimizer)
            return
        scales = self.layer_rates.scales(_module(self), self.n_steps)
        self.n_steps += 1

        def step(key: tuple[int, str], weights: FloatsXd, gradient: FloatsXd, **settings: Any) -> Any:
            scale = scales[key[1]]
            return optimizer(key, weights, gradient, lr_scale=scale) if scale else (weights, gradient)

        # called like an optimizer, which is all that Thinc does with it
        super().finish_update(cast(Optimizer, step))

    def training_state(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): What a training that goes on has to know, beside the weights."""
        return {"n_steps": self.n_steps}

    def set_training_state(self, state: dict[str, Any]) -> None:
        """Go on. state (Dict[str, Any]): As of `training_state`."""
        self.n_steps = state["n_steps"]

    def renew_id(self) -> None:
        """Let the optimizer know a copy from what it was copied from: it keeps momentum by this number."""
        with Shim.global_id_lock:
            Shim.global_id += 1
            self.id = Shim.global_id

    def from_bytes(self, bytes_data: bytes) -> "LayersShim":
        """Load a transformer.

        bytes_data (bytes): What `to_bytes` has made, or that of spacy-transformers.
        RETURNS (LayersShim): This one.
        """
        self.config_cls = _ExactConfig(_config(bytes_data))
        super().from_bytes(bytes_data)
        return self


def _module(shim: HFShim) -> Any:
    return shim._model


class _ExactConfig:
    """A transformer's settings with all their digits.

    spacy-transformers writes them to a file for transformers to read, and srsly.write_json makes 0 of the 1e-12 that
    most families add to a variance: a row of padding would be divided by 0, and MPNet's windows be no numbers at all.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    def from_pretrained(self, path: Path) -> PretrainedConfig:
        path.write_text(json.dumps(self.config), encoding="utf8")
        return AutoConfig.from_pretrained(path)


def _config(bytes_data: bytes) -> dict[str, Any]:
    """The settings among what is saved, without the weights."""
    unpacker = Unpacker(BytesIO(bytes_data), raw=False)
    for _ in range(unpacker.read_map_header()):
        if unpacker.unpack() == "config":
            return unpacker.unpack()
        unpacker.skip()
    return {}
