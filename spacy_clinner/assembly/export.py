"""A trained pipeline as one that needs no torch: ONNX Runtime computes what torch did, all else stays what it was.

What is exported are layers, not a pipeline as one graph: how notes are cut into words and windows, and how these are
batched, lies between them; and listeners, ensembles, the CRF and what calibrates it go on as they are.
"""

from typing import Any

from spacy.language import Language
from spacy.util import registry
from thinc.api import Model

from ..errors import Errors
from ..models.onnx_layers import export_layers, exportable_layers, needs_torch, wrap_architectures
from .export_transformers import export_transformers
from .settings import interpolate_components


def export_pipeline(nlp: Language, int8: bool = False) -> Language:
    """Put ONNX graphs in the place of all layers that compute in torch.

    nlp (Language): The pipeline, trained. It is changed.
    int8 (bool): Whether LSTMs and transformers compute in 8-bit integers.
    RETURNS (Language): The same pipeline.
    RAISES (ValueError): CE403 if components need torch for what cannot be exported, CE404 if nothing can be exported,
        CE405 if a model was not built by architectures that are known, and those of `export_transformers`.
    """
    interpolate_components(nlp)
    changed = export_transformers(nlp, int8)
    found = ((name, getattr(pipe, "model", None)) for name, pipe in nlp.components)
    models = {name: model for name, model in found if isinstance(model, Model)}
    if bound := [name for name, model in models.items() if needs_torch(model)]:
        raise ValueError(Errors.CE403.format(names=", ".join(bound)))
    for name in [name for name, model in models.items() if exportable_layers(model)]:
        pipe: Any = nlp.get_pipe(name)
        pipe.model = export_layers(pipe.model, int8)
        config = nlp.get_pipe_config(name)
        config["model"] = wrap_architectures(config["model"])
        changed.append(name)
    if not changed:
        raise ValueError(Errors.CE404.format(names=", ".join(nlp.component_names)))
    for name in changed:
        pipe = nlp.get_pipe(name)
        _check_config(name, pipe.model, nlp.get_pipe_config(name)["model"])
    return nlp


def _check_config(name: str, model: Model, config: dict[str, Any]) -> None:
    """See that the config builds what is saved: an architecture of another package may hold a layer of ours."""
    built = registry.resolve({"model": config})["model"]
    if _layout(built) != _layout(model):
        raise ValueError(Errors.CE405.format(name=name))


def _layout(model: Model) -> list[str | None]:
    """Names of a model's layers; those of which others consist are called by what these were once."""
    return [None if node.layers else node.name for node in model.walk()]
