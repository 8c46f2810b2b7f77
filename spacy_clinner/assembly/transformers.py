"""Where a pipeline has transformers of this package: in its models, and in its config."""

from collections.abc import Callable, Collection
from typing import Any

from thinc.api import Model

# of a component for all that listen to it, and of a component for itself
SHARED, OWN = "spacy_clinner.TransformerModel.v1", "spacy_clinner.Tok2VecTransformer.v1"


def is_transformer(model: Any) -> bool:
    """RETURNS (bool): Whether this is the model of a transformer of `spacy_clinner.TransformerModel.v1`."""
    return isinstance(model, Model) and model.name == "transformer" and "exact_pieces" in model.attrs


def transformers_of(component: Any) -> list[Any]:
    """Find such transformers in a component: its model, or a part of that.

    component (Any): The component.
    RETURNS (List[Model]): The models of its transformers.
    """
    model = getattr(component, "model", None)
    return [node for node in model.walk() if is_transformer(node)] if isinstance(model, Model) else []


def change_blocks(config: Any, architectures: Collection[str], change: Callable[[dict[str, Any]], Any]) -> Any:
    """Change blocks of a model's config.

    config (Any): The config, or a part of one.
    architectures (Collection[str]): What the blocks build.
    change (Callable[[Dict[str, Any]], Any]): Makes the new block of the old one.
    RETURNS (Any): A config with the new blocks.
    """
    if not isinstance(config, dict):
        return config
    if config.get("@architectures") in architectures:
        return change(config)
    return {key: change_blocks(value, architectures, change) for key, value in config.items()}
