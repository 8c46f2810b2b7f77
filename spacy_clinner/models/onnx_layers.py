"""Models whose torch layers were exported: ONNX Runtime computes them, and torch need not be installed."""

from collections.abc import Callable

from spacy.util import registry
from thinc.api import Model, PyTorchShim

from ..extras import require
from ..layers.onnx.graphs import make_graph
from ..layers.onnx.layers import REPLACED, onnx_twin
from ..layers.onnx.quantize import to_int8

# Architectures of the layers that compute in torch, or that have such a part.
IN_TORCH = frozenset(
    f"spacy_clinner.{name}.v1"
    for name in ("BiLSTMEncoder", "CoupledBiLSTMEncoder", "CharCNNEmbed", "CharLSTMEmbed", "NeuroNEREmbed")
)
ARCHITECTURE = "spacy_clinner.OnnxLayers.v1"


@registry.architectures("spacy_clinner.OnnxLayers.v1")
def build_onnx_layers(layers: Model) -> Model:
    """Build an exported model: `clinner export` writes it around the architecture that was trained.

    layers (Model): the architecture as it was trained. What it computes in torch is left to ONNX graphs, which are
        saved and loaded with the model.
    RETURNS (Model): the model, without graphs before it is loaded (CE401). It cannot be trained (CE400).
    RAISES (ImportError): CE358 if ONNX Runtime is not installed.
    """
    require("onnxruntime", "An exported pipeline")
    return _replace(layers, onnx_twin)


def export_layers(model: Model, int8: bool = False) -> Model:
    """Put ONNX graphs in the place of all layers of a trained model that compute in torch.

    model (Model): the model; it is changed.
    int8 (bool): whether LSTMs compute in 8-bit integers.
    RETURNS (Model): the model.
    """

    def export(layer: Model) -> Model:
        graph = make_graph(layer)
        return onnx_twin(layer, to_int8(graph) if int8 else graph)

    return _replace(model, export)


def exportable_layers(model: Model) -> list[Model]:
    """RETURNS (List[Model]): Layers of a model that `export_layers` replaces."""
    return [node for node in model.walk() if node.name in REPLACED]


def needs_torch(model: Model) -> bool:
    """RETURNS (bool): Whether a model has layers of torch that cannot be exported, such as a transformer."""
    return any(isinstance(shim, PyTorchShim) for node in model.walk() for shim in node.shims)


def wrap_architectures(config: dict) -> dict:
    """Write in a model's config that its torch layers were exported.

    config (Dict[str, Any]): the config of a model, or of a part of one.
    RETURNS (Dict[str, Any]): the config of the model without torch.
    """
    config = {key: wrap_architectures(value) if isinstance(value, dict) else value for key, value in config.items()}
    return {"@architectures": ARCHITECTURE, "layers": config} if config.get("@architectures") in IN_TORCH else config


def _replace(model: Model, make: Callable[[Model], Model]) -> Model:
    for layer in exportable_layers(model):
        new = make(layer)
        if layer is model:
            return new
        model.replace_node(layer, new)
    return model
