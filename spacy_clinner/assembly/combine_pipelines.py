"""One pipeline of several: components that were trained apart, one behind the other."""

from collections.abc import Sequence

from spacy.language import Language
from spacy.ty import ListenedToComponent

from ..annotations.writers import check_labels, check_order, entity_writers, written_groups
from ..errors import Errors
from .calibrated import META_KEY, tell_calibrations
from .parts import tell_of_parts
from .share_vectors import share_vectors

CONTEXT, SENTENCIZER = "context", "sentencizer"
MEDSPACY = "medspacy>=1.3"


def combine_pipelines(pipelines: Sequence[Language]) -> Language:
    """Add the components of other pipelines to the first.

    pipelines (Sequence[Language]): The pipelines in the order of their components. Only the first may have an encoder
        that several components share.
    RETURNS (Language): The first, with all components, those disabled that were; its tokenizer reads the text. It knows
        what all were trained on.
    RAISES (ValueError): CE260 if two components have the same name, CE261 if another than the first has a shared
        encoder, CE262 if their word vectors differ, CE439 if a component would replace a span group of another
        pipeline, CE454 if one reads entities before they are written.
    """
    first, *others = pipelines
    for other in others:
        if shared := [name for name, pipe in other.components if _is_shared(pipe)]:
            raise ValueError(Errors.CE261.format(names=", ".join(shared)))
        _check_groups(first, other)
        share_vectors(first, other)
        for name in other.component_names:
            if name in first.component_names:
                raise ValueError(Errors.CE260.format(name=name))
            first.add_pipe(name, source=other)
            if name in other.disabled:
                first.disable_pipe(name)
        if known := {**first.meta.get(META_KEY, {}), **other.meta.get(META_KEY, {})}:
            tell_calibrations(first, known)
    check_order(first)
    tell_of_parts(first, pipelines)
    return first


def add_context(nlp: Language, entity_labels: Sequence[str]) -> None:
    """Put sentence boundaries and medspaCy's context rules in front of the relations, or at the end.

    nlp (Language): The pipeline, which finds entities.
    entity_labels (Sequence[str]): Labels of the entities that can be negated, historical and so on.
    RAISES (ImportError): CE358 if medspaCy is not installed. (ValueError): CE260 if a component has the name of one
        that is to be added, CE455 if the pipeline is known to find no entities of a label.
    """
    if taken := [name for name in (CONTEXT, SENTENCIZER) if name in nlp.component_names]:
        raise ValueError(Errors.CE260.format(name=taken[0]))
    check_labels(nlp, entity_labels)
    extractors = [n for n in nlp.component_names if nlp.get_pipe_meta(n).factory == "clinner_relation_extractor"]
    where = {"before": extractors[0]} if extractors else {"last": True}
    nlp.add_pipe("clinner_context", name=CONTEXT, config={"entity_labels": list(entity_labels)}, **where)
    nlp.add_pipe("clinner_sentencizer", name=SENTENCIZER, before=CONTEXT)
    # `spacy package` finds this package's own name, but not what its components import
    nlp.meta["requirements"] = sorted({*nlp.meta.get("requirements", ()), MEDSPACY})


def _check_groups(first: Language, other: Language) -> None:
    # a `span_ruler` can be set to add to what a group has
    replacing = [name for name in other.pipe_names if other.get_pipe_config(name).get("overwrite", True)]
    for name in replacing:
        for group in written_groups(other, [name]):
            for writer in entity_writers(first, group):
                raise ValueError(Errors.CE439.format(one=writer, other=name, group=group))


def _is_shared(pipe) -> bool:
    return isinstance(pipe, ListenedToComponent) and bool(pipe.listening_components)
