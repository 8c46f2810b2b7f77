"""Of a pipeline with many heads, those that are wanted."""

from collections.abc import Collection

from spacy.language import Language
from spacy.ty import ListenedToComponent
from thinc.api import Model

from ..errors import Errors
from ..models.listening import listeners_of


def others_than(nlp: Language, heads: Collection[str], drop: Collection[str] = ()) -> list[str]:
    """Find the components that go when only some heads stay.

    nlp (Language): The pipeline.
    heads (Collection[str]): Names of the heads that stay: components that learn to find entities.
    drop (Collection[str]): Names of further components that go.
    RETURNS (List[str]): All that go, each once: `drop`, the other heads, and encoders to which none listens then.
    RAISES (ValueError): CE233 if one to keep is no head.
    """
    known = [name for name in nlp.component_names if _is_head(nlp, name)]
    for name in heads:
        if name not in known:
            raise ValueError(Errors.CE233.format(block="--keep", name=name, pipes=f"{', '.join(known)} (heads)"))
    gone = dict.fromkeys([*drop, *(name for name in known if name not in heads)])
    # a disabled head waits for an encoder that does not know of it
    if any(name not in gone and _listens(nlp, name) for name in nlp.disabled):
        return list(gone)
    # an encoder may listen to one before it
    for name, encoder in reversed(nlp.components):
        if isinstance(encoder, ListenedToComponent) and encoder.listening_components:
            if gone.keys() >= set(encoder.listening_components):
                gone[name] = None
    return list(gone)


def _listens(nlp: Language, name: str) -> bool:
    model = getattr(nlp.get_pipe(name), "model", None)
    return isinstance(model, Model) and bool(listeners_of(model))


def _is_head(nlp: Language, name: str) -> bool:
    finds = {"doc.ents", "doc.spans"} & set(nlp.get_pipe_meta(name).assigns)
    return bool(finds) and getattr(nlp.get_pipe(name), "is_trainable", False)
