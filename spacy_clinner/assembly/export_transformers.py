"""Transformers of a pipeline as encoders that need neither torch nor transformers; their listeners as those of spaCy.

spacy-transformers leaves what a transformer has read in `doc._.trf_data`, and each listener makes rows of it. An
exported one leaves rows in `doc.tensor`, as other shared encoders do, and spaCy's listeners take these.
"""

from typing import Any

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from thinc.api import Model

from ..errors import Errors
from ..models.layers_listener import LayersListener
from ..models.listening import listeners_of
from .transformers import OWN, change_blocks, is_transformer

LISTENER = "spacy-transformers.TransformerListener.v1"
COMPONENT = "clinner_tok2vec"


def export_transformers(nlp: Language, int8: bool = False) -> list[str]:
    """Put ONNX graphs in the place of all transformers of `spacy_clinner.TransformerModel.v1`.

    nlp (Language): The pipeline, trained. It is changed.
    int8 (bool): Whether they compute in 8-bit integers.
    RETURNS (List[str]): The components that were changed.
    RAISES (ValueError): CE414 if a transformer, CE415 if a listener cannot be exported, CE438 if one would read rows
        of another encoder.
    """
    heard = _heard_in_tensor(nlp)
    shared = [name for name, pipe in nlp.components if is_transformer(getattr(pipe, "model", None))]
    changed = [name for name in nlp.component_names if name not in shared and _export_own(nlp, name, int8)]
    for name in shared:
        listeners = _export_shared(nlp, name, int8)
        heard |= dict.fromkeys(listeners, name)
        changed += [name, *listeners]
    for name, found in _heard_in_tensor(nlp).items():
        if found != heard[name]:
            raise ValueError(Errors.CE438.format(name=name, found=found, encoder=heard[name]))
    return changed


def _heard_in_tensor(nlp: Language) -> dict[str, str | None]:
    """By components that read an encoder's rows in `doc.tensor`, which holds those of one: whose they find there."""
    heard: dict[str, str | None] = {}
    encoder = None
    for name, component in nlp.components:
        model = getattr(component, "model", None)
        if isinstance(model, Model) and any(map(_reads_tensor, listeners_of(model))):
            heard[name] = encoder
        if name in nlp.pipe_names and _writes_tensor(nlp, name):
            encoder = name
    return heard


def _writes_tensor(nlp: Language, name: str) -> bool:
    """Whether a component replaces `doc.tensor`: encoders of other packages do so even if nobody listens to them."""
    component: Any = nlp.get_pipe(name)
    declared = nlp.get_pipe_meta(name)
    if declared.factory == COMPONENT:
        return any(map(_reads_tensor, component.listeners))
    return "doc.tensor" in declared.assigns


def _reads_tensor(listener: Model) -> bool:
    return isinstance(listener, Tok2VecListener) and not isinstance(listener, LayersListener)


def _export_shared(nlp: Language, name: str, int8: bool) -> list[str]:
    """Export a component's transformer; returns the components that listen to it."""
    from ..models.onnx_transformer_graph import export_transformer

    pipe: Any = nlp.get_pipe(name)
    model = export_transformer(pipe.model, int8)
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": model.get_dim("nO"), "upstream": name}
    encoder: Any = nlp.replace_pipe(name, COMPONENT, config={"model": _encoder_config(model)})
    encoder.model = model
    heard = []
    for other, component in nlp.components[nlp.component_names.index(name) + 1 :]:
        found = [node for node in _pooled(component) if _upstream(node) in (name, "*")]
        if not found:
            continue
        for node in found:
            _check_pooling(node, other, name)
            _replace(component, node, Tok2VecListener(name, model.get_dim("nO")))
        _put_config(nlp, other, LISTENER, listener)
        encoder.find_listeners(component)
        heard.append(other)
    return heard


def _export_own(nlp: Language, name: str, int8: bool) -> bool:
    """Export the transformers that a component has for itself; returns whether there are any."""
    from ..models.onnx_transformer_graph import export_transformer

    component: Any = nlp.get_pipe(name)
    found = [(node, transformer) for node in _pooled(component) if (transformer := _own_transformer(node))]
    for node, transformer in found:
        _check_pooling(node, name, name)
        model = export_transformer(transformer, int8)
        _replace(component, node, model)
        _put_config(nlp, name, OWN, _encoder_config(model))
    return bool(found)


def _pooled(component: Any) -> list[Model]:
    """Parts of a component's model that make rows of what a transformer has read."""
    model = getattr(component, "model", None)
    nodes = model.walk() if isinstance(model, Model) else ()
    return [node for node in nodes if node.layers and node.layers[-1].name == "trfs2arrays"]


def _upstream(node: Model) -> str | None:
    """The transformer that is listened to; None if it is in the model itself."""
    return getattr(node.layers[0], "upstream_name", None)


def _own_transformer(node: Model) -> Any:
    """The transformer in such a part; None if it listens to another component, or is not ours."""
    return next(filter(is_transformer, node.walk()), None)


def _check_pooling(node: Model, name: str, encoder: str) -> None:
    if node.layers[-1].layers[0].name != "reduce_mean":
        raise ValueError(Errors.CE415.format(name=name, encoder=encoder))


def _replace(component: Any, node: Model, new: Model) -> None:
    if component.model is node:
        component.model = new
    else:
        component.model.replace_node(node, new)


def _put_config(nlp: Language, name: str, architecture: str, new: dict[str, Any]) -> None:
    """Let a component's config name a block in the place of those of an architecture."""
    settings = nlp.get_pipe_config(name)
    settings["model"] = change_blocks(settings["model"], [architecture], lambda _: new)


def _encoder_config(model: Model) -> dict[str, Any]:
    spans = model.attrs["get_spans"]
    return {
        "@architectures": "spacy_clinner.OnnxTransformer.v1",
        "width": model.get_dim("nO"),
        **spans.windows._asdict(),
        "overlap": spans.overlap,
        "exact_pieces": model.attrs["exact_pieces"],
    }
