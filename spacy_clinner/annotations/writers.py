"""Which components of a pipeline write the entities that are asked for: those that declare it."""

from typing import Any

from spacy.language import Language


def entity_writers(nlp: Language, spans_key: str | None = None) -> dict[str, Any]:
    """Find the components that declare to write entities.

    nlp (Language): The pipeline.
    spans_key (Optional[str]): Span group that the components must be set to write; None: `doc.ents`.
    RETURNS (Dict[str, Any]): Components by name, in their order.
    """
    found = {}
    for name, pipe in nlp.pipeline:
        assigns, config = nlp.get_pipe_meta(name).assigns, nlp.get_pipe_config(name)
        if spans_key is None:
            writes = "doc.ents" in assigns and config.get("set_ents", True)
        else:
            writes = "doc.spans" in assigns and config.get("spans_key") == spans_key
        if writes:
            found[name] = pipe
    return found


def entity_tagger(nlp: Language, spans_key: str | None = None) -> str | None:
    """Find the component that knows how probable the entities are, and those that it does not predict.

    nlp (Language): The pipeline.
    spans_key (Optional[str]): As for `entity_writers`.
    RETURNS (Optional[str]): Its name; of several that write `doc.ents` that of the last one, which decides. None if
        there is none.
    """
    taggers = [name for name, pipe in entity_writers(nlp, spans_key).items() if hasattr(pipe, "spans_above")]
    return taggers[-1] if taggers else None


def written_group(nlp: Language, name: str) -> str | None:
    """RETURNS (Optional[str]): The span group that a component is set to write; None if it is set to none."""
    return nlp.get_pipe_config(name).get("spans_key")
