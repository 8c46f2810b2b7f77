"""A pipeline whose transformers multiply in bfloat16: twice as fast on processors that can, and nearly as exact."""

from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model

from ..errors import Errors
from .transformers import OWN, SHARED, change_blocks, is_transformer
from .without_torch import NOTE


def compute_in_bfloat16(nlp: Language) -> Language:
    """Have all transformers of `spacy_clinner.TransformerModel.v1` multiply matrices in bfloat16.

    nlp (Language): The pipeline, trained. It is changed: its transformers, and the config that it is saved with.
    RETURNS (Language): The same pipeline.
    RAISES (ValueError): CE416 if it has no such transformer, CE417 if one does not read so.
    """
    note, found = nlp.make_doc(NOTE), False
    for name, pipe in nlp.components:
        model: Any = getattr(pipe, "model", None)
        transformers = [node for node in model.walk() if is_transformer(node)] if isinstance(model, Model) else []
        for transformer in transformers:
            _change(transformer, note)
        if transformers:
            settings = nlp.get_pipe_config(name)
            settings["model"] = change_blocks(
                settings["model"], [SHARED, OWN], lambda block: {**block, "bfloat16": True}
            )
            found = True
    if not found:
        raise ValueError(Errors.CE416.format(names=", ".join(nlp.component_names)))
    return nlp


def _change(transformer: Any, note: Doc) -> None:
    transformer.layers[0].shims[0].bfloat16 = True
    try:
        transformer.predict([note])
    except RuntimeError as error:
        kind = transformer.transformer.config.model_type
        raise ValueError(Errors.CE417.format(kind=kind, error=error)) from error
