"""The encoder's rows, for a component that aligns two domains in them."""

from collections.abc import Callable

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from .rows import read_rows


@registry.architectures("spacy_clinner.MMDAlignment.v1")
def build_mmd_alignment(tok2vec: Model[list[Doc], list[Floats2d]]) -> Model[list[Doc], list[Floats2d]]:
    """Pass on the rows of an encoder; alignment has no parameters of its own.

    tok2vec (Model[List[Doc], List[Floats2d]]): the listener of the shared `tok2vec` or `transformer` component.
    RETURNS (Model[List[Doc], List[Floats2d]]): the rows of each document, one per token. Ref: "tok2vec".
    """
    return Model("mmd_alignment", forward, init=init, layers=[tok2vec], refs={"tok2vec": tok2vec})


def init(model: Model, X: list[Doc] | None = None, Y: list[Floats2d] | None = None) -> None:
    model.layers[0].initialize(X)


def forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
    return read_rows(model.layers[0], docs, is_train)
