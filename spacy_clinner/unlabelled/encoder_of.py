"""The recurrent encoder that a config names, as a pipeline of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.training.initialize import load_vectors_into_model
from thinc.api import Config

from ..errors import Errors
from ..models.listening import listeners_of

NAME = "tok2vec"
FACTORY = "clinner_tok2vec"
# of components whose model is the encoder itself
SHARED = ("tok2vec", FACTORY)


def encoder_pipeline(config: Config, vectors: Path | None = None, lang: str | None = None) -> Language:
    """Make a pipeline of a config's encoder alone.

    config (Config): The config of a training; its encoder is shared, or a tagger's own.
    vectors (Optional[Path]): Word vectors, in place of the config's.
    lang (Optional[str]): Language code, in place of the config's.
    RETURNS (Language): The pipeline, of one component, `tok2vec`; it is not initialised.
    RAISES (ValueError): CE430 if the config has no encoder, or several.
    """
    settings = Config(config).interpolate()
    blocks = [
        block
        for name in settings["nlp"]["pipeline"]
        if (block := _encoder_of(settings["components"][name])) is not None
    ]
    if len(blocks) != 1:
        raise ValueError(Errors.CE430.format(n=len(blocks)))
    nlp = settings["nlp"]
    tokenizer = {"nlp": {"tokenizer": nlp["tokenizer"]}} if "tokenizer" in nlp else {}
    pipeline = spacy.blank(lang or nlp["lang"], config=tokenizer)
    path = vectors or settings["initialize"].get("vectors")
    if path:
        load_vectors_into_model(pipeline, path)
    pipe: Any = pipeline.add_pipe(FACTORY, name=NAME, config={"model": blocks[0]})
    if listeners_of(pipe.model):
        raise ValueError(Errors.CE430.format(n=0))
    return pipeline


def _encoder_of(component: Mapping[str, Any]) -> dict[str, Any] | None:
    """The encoder of a component's config; None if it has none of its own."""
    model = component.get("model", {})
    block = model if component.get("factory") in SHARED else model.get("tok2vec")
    if block is None or "Listener" in block.get("@architectures", ""):
        return None
    return block
