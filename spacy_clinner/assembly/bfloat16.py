"""A pipeline whose transformers multiply in bfloat16: faster on processors that can, and nearly as exact."""

from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors
from .settings import interpolate_components
from .transformers import OWN, SHARED, change_blocks, transformers_of
from .without_torch import NOTE


def compute_in_bfloat16(nlp: Language) -> Language:
    """Have all transformers of `spacy_clinner.TransformerModel.v1` multiply matrices in bfloat16.

    nlp (Language): The pipeline, trained. It is changed: its transformers, and the config that it is saved with.
    RETURNS (Language): The same pipeline.
    RAISES (ValueError): CE416 if it has no such transformer, CE417 if one does not read so.
    """
    note = nlp.make_doc(NOTE)
    found = {name: transformers for name, pipe in nlp.components if (transformers := transformers_of(pipe))}
    if not found:
        raise ValueError(Errors.CE416.format(names=", ".join(nlp.component_names)))
    interpolate_components(nlp)
    for name, transformers in found.items():
        for transformer in transformers:
            _change(transformer, note)
        settings = nlp.get_pipe_config(name)
        settings["model"] = change_blocks(settings["model"], [SHARED, OWN], lambda block: {**block, "bfloat16": True})
    return nlp


def _change(transformer: Any, note: Doc) -> None:
    transformer.layers[0].shims[0].bfloat16 = True
    try:
        transformer.predict([note])
    except RuntimeError as error:
        kind = transformer.transformer.config.model_type
        raise ValueError(Errors.CE417.format(kind=kind, error=error)) from error
