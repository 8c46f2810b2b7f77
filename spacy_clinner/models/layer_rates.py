"""Learning rates of a transformer's layers: lower ones learn slower, later, or not at all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spacy.util import registry

from ..errors import Errors

if TYPE_CHECKING:
    from torch.nn import Module


@dataclass(frozen=True)
class LayerRates:
    """How fast each layer of a transformer learns, whatever optimizer moves its weights.

    The settings are those of `make_layer_rates`.
    """

    lr_scale: float = 1.0
    decay: float = 1.0
    frozen_layers: int = 0
    unfreeze_every: int = 0

    def scales(self, module: "Module", step: int) -> dict[str, float]:
        """Find the rate of each parameter.

        module (Module): the transformer.
        step (int): steps that it has learned.
        RETURNS (Dict[str, float]): by name, a multiple of the training's learning rate; 0 for what stays as it is.
        RAISES (ValueError): CE128 if the transformer has no such lists of layers, or others beside them.
        """
        lists, n_layers = _lists_of_layers(module)
        by_height = [self._scale(height, n_layers - height, step) for height in range(n_layers + 1)]
        return {name: by_height[_height(name, lists)] for name, _ in module.named_parameters()}

    def _scale(self, height: int, depth: int, step: int) -> float:
        if height < self.frozen_layers or step < self.unfreeze_every * (depth + 1):
            return 0.0
        return self.lr_scale * self.decay**depth


@registry.misc("spacy_clinner.layer_rates.v1")
def make_layer_rates(
    lr_scale: float = 1.0, decay: float = 1.0, frozen_layers: int = 0, unfreeze_every: int = 0
) -> LayerRates:
    """Let the layers of a transformer learn at rates of their own: `layer_rates` of its model.

    lr_scale (float): learning rate of the highest layer, as a multiple of the training's.
    decay (float): rate of each layer below, as a multiple of the one above it (Howard & Ruder 2018 take 1/2.6).
    frozen_layers (int): so many of the lowest layers stay as they are; the embeddings are the lowest.
    unfreeze_every (int): steps until the highest layer begins to learn, and again until each one below it does: gradual
        unfreezing. 0: all learn from the first step.
    RETURNS (LayerRates): the rates, `@misc` in a config.
    RAISES (ValueError): CE129 if a setting is none.
    Source: Howard & Ruder 2018, "Universal language model fine-tuning for text classification", section 3.2.
    """
    rates = {"lr_scale": (lr_scale, 0 <= lr_scale, "it is 0 or more")}
    rates["decay"] = (decay, 0 < decay <= 1, "it is above 0, and 1 at most")
    rates["frozen_layers"] = (frozen_layers, frozen_layers >= 0, "it is 0 or more")
    rates["unfreeze_every"] = (unfreeze_every, unfreeze_every >= 0, "it is 0 or more")
    for setting, (value, is_right, wanted) in rates.items():
        if not is_right:
            raise ValueError(Errors.CE129.format(setting=setting, value=value, wanted=wanted))
    return LayerRates(lr_scale, decay, frozen_layers, unfreeze_every)


def _lists_of_layers(module: Any) -> tuple[list[str], int]:
    """Names of the lists that hold a transformer's layers, one or one for each part of a layer (as in XLM); length."""
    from torch.nn import ModuleList

    n_layers = module.config.num_hidden_layers
    lists = [name for name, part in module.named_modules() if isinstance(part, ModuleList) and len(part) == n_layers]
    outermost = [f"{name}." for name in lists if not any(name.startswith(f"{other}.") for other in lists)]
    parameters = [name for name, _ in module.named_parameters()]
    found = any(_height(name, outermost) for name in parameters)
    # a list of another length, as of encoders of single characters before or after the layers: nobody knows its height
    if not found or any(re.search(r"\.\d+\.", name) for name in parameters if not _height(name, outermost)):
        raise ValueError(Errors.CE128.format(kind=module.config.model_type, n=n_layers))
    return outermost, n_layers


def _height(name: str, lists: Sequence[str]) -> int:
    """0 for the embeddings and all that the layers share, such as those of relative positions."""
    return next((int(name[len(prefix) :].split(".")[0]) + 1 for prefix in lists if name.startswith(prefix)), 0)
