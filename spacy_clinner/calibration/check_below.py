"""Below which probability a reader should check: what a calibrated pipeline knows of each of its components."""

from typing import Any

from spacy.language import Language

from ..annotations.writers import entity_sources, entity_tagger
from ..assembly.calibrated import META_KEY


def entity_bound(nlp: Language, spans_key: str | None = None) -> float | None:
    """Find the bound of the tagger that writes the entities.

    nlp (Language): The pipeline.
    spans_key (Optional[str]): Span group that holds them; None: `doc.ents`.
    RETURNS (Optional[float]): The probability below which the least sure fifth lay; of a union, whose entities do not
        tell what head they are of, the highest of its heads; None if none is calibrated.
    """
    tagger = entity_tagger(nlp, spans_key)
    sources = entity_sources(nlp, tagger) if tagger else []
    bounds = (_bound(nlp, source.name) for source in sources if source.name is not None)
    return max((bound for bound in bounds if bound is not None), default=None)


def relation_bounds(nlp: Language) -> dict[str, float]:
    """Find the bounds of relations, which do not tell what extractor they are of: by label.

    nlp (Language): The pipeline.
    RETURNS (Dict[str, float]): Of the labels of each calibrated extractor; of a label of several the highest.
    """
    bounds: dict[str, float] = {}
    for name, pipe in nlp.pipeline:
        extracts = "doc._.relations" in nlp.get_pipe_meta(name).assigns
        if extracts and (bound := _bound(nlp, name)) is not None:
            of_labels: Any = getattr(pipe, "labels", ())
            bounds |= {label: max(bound, bounds.get(label, 0.0)) for label in of_labels}
    return bounds


def _bound(nlp: Language, name: str) -> float | None:
    return nlp.meta.get(META_KEY, {}).get(name, {}).get("check_below")
