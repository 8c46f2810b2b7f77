"""Layers between a shared encoder and some of its heads: where their rows wait for these heads."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

# Rows of documents by the component that made them, for as long as the documents live. `doc.tensor` has room for one
# encoder's: the shared one's, which other layers are still to read.
_ROWS: WeakKeyDictionary[Doc, dict[str, Floats2d]] = WeakKeyDictionary()


def keep_rows(doc: Doc, name: str, rows: Floats2d) -> None:
    """Keep the rows of layers for those who listen to them.

    doc (Doc): the document.
    name (str): name of the component.
    rows (Floats2d): one for each token.
    """
    _ROWS.setdefault(doc, {})[name] = rows


def rows_of(doc: Doc, name: str) -> Floats2d | None:
    """RETURNS (Optional[Floats2d]): Rows that a component has kept of a document; None: it has not read it."""
    return _ROWS.get(doc, {}).get(name)


class LayersListener(Tok2VecListener):
    """A listener that is fed by layers which listen themselves; in training as spaCy's, else from where rows wait."""

    name = "layers-listener"

    def __init__(self, upstream_name: str, width: int) -> None:
        """Set up a listener.

        upstream_name (str): name of the component of the layers.
        width (int): width of its rows.
        """
        super().__init__(upstream_name, width)
        # once more, with another way to find the rows
        Model.__init__(self, self.name, forward, dims={"nO": width})


@registry.architectures("spacy_clinner.LayersListener.v1")
def build_layers_listener(width: int, upstream: str) -> Model[list[Doc], list[Floats2d]]:
    """Listen to a `clinner_tok2vec` whose own model listens to a shared encoder: layers that some heads share.

    width (int): width of the layers' rows.
    upstream (str): name of that component.
    RETURNS (Model[List[Doc], List[Floats2d]]): the listener, wherever spaCy's `Tok2VecListener` fits.
    """
    return LayersListener(upstream, width)


def forward(
    model: LayersListener, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
    known: Any = model
    if is_train and known._batch_id is not None:
        model.verify_inputs(docs)
        return known._outputs, known._backprop
    width = model.get_dim("nO")
    found = []
    for doc in docs:
        rows = rows_of(doc, model.upstream_name)
        # as spaCy's listener: who predicts warns of it
        found.append(model.ops.alloc2f(len(doc), width) if rows is None else rows)
    return found, lambda d_rows: docs
