"""Leave out of a saved pipeline the labels that only the source has."""

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from spacy.util import registry

from ..assembly.drop_components import drop_components
from ..assembly.performance import put_weighted_scores_first
from .blocks import is_tagger
from .report import META_KEY


@registry.callbacks("spacy_clinner.drop_labels.v1")
def create_drop_labels() -> Callable[[Language], Language]:
    """Make a callback for `[training] before_to_disk` that saves taggers with the labels that they predict, no others.

    RETURNS (Callable[[Language], Language]): `drop_labels`.
    """
    return drop_labels


def drop_labels(nlp: Language) -> Language:
    """Copy a pipeline without the labels that its taggers learn but do not predict.

    They are those that no gold of a tagger's `label_domains` has, see `CRFTagger.initialize`. What the copy predicts,
    and how sure it is, stays as it was in training for documents of these domains.

    nlp (Language): The pipeline; it goes on training unchanged.
    RETURNS (Language): The copy, whose transfer report names the labels that it lost; or the pipeline itself if there
        are none.
    """
    put_weighted_scores_first(nlp)
    taggers: list[tuple[str, Any]] = [(name, pipe) for name, pipe in nlp.components if is_tagger(pipe)]
    foreign = {name: list(pipe.foreign_labels) for name, pipe in taggers if pipe.foreign_labels}
    if not foreign:
        return nlp
    copy = drop_components(nlp, [])
    for name, labels in foreign.items():
        tagger: Any = copy.get_pipe(name)
        tagger.drop_labels(labels)
    if META_KEY in copy.meta:
        copy.meta[META_KEY]["dropped_labels"] = foreign
    return copy
