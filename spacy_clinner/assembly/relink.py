"""Callback that connects the components of a pipeline with each other, the sourced ones as well."""

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from spacy.ty import ListenedToComponent
from spacy.util import registry
from thinc.api import Model


@registry.callbacks("spacy_clinner.relink.v1")
def create_relink() -> Callable[[Language], Language]:
    """Make a callback for `[initialize] after_init` that links listeners to encoders, and tied heads to each other.

    spaCy initialises new components while the sourced ones are disabled, and leaves those unlinked: with a new encoder
    under a sourced head, training ends in E203.

    RETURNS (Callable[[Language], Language]): `relink`.
    """
    return relink


def relink(nlp: Language) -> Language:
    """Link listeners to encoders, and tied heads to the heads they are tied to.

    nlp (Language): The pipeline. Components in `[training] frozen_components`, and new ones in `[nlp] disabled`, stay
        unlinked, as spaCy does it: they do not answer their encoder, which would wait for them.
    RETURNS (Language): The pipeline.
    RAISES (ValueError): CE244, CE245 and CE246 as `CRFTagger.wire_tie`.
    """
    frozen = nlp.config.interpolate()["training"].get("frozen_components") or []
    for position, (_, upstream) in enumerate(nlp.components):
        if isinstance(upstream, ListenedToComponent):
            upstream.listener_map = {}
            for name, component in nlp.components[position + 1 :]:
                if name not in frozen and (name in nlp.pipe_names or _has_weights(component)):
                    upstream.find_listeners(component)
    for _, component in nlp.components:
        wire_tie = getattr(component, "wire_tie", None)
        if wire_tie is not None:
            wire_tie(nlp)
    return nlp


def _has_weights(component: Any) -> bool:
    """Whether a component is trained: while spaCy initialises, those that are sourced are disabled like those that
    the config disables, and only the latter have no weights."""
    model = getattr(component, "model", None)
    nodes = model.walk() if isinstance(model, Model) else ()
    has_values = [node.has_param(name) for node in nodes for name in node.param_names]
    return bool(has_values) and all(has_values)
