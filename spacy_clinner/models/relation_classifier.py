"""The relation classifier as a model: documents in, encoder rows out; pairs of entities are scored by a part of it."""

from collections.abc import Callable, Iterator

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from ..layers.pairs.scores import PairScores
from .rows import read_rows


@registry.architectures("spacy_clinner.RelationClassifier.v1")
def build_relation_classifier(
    tok2vec: Model[list[Doc], list[Floats2d]], hidden_width: int = 128, nO: int | None = None
) -> Model[list[Doc], list[Floats2d]]:
    """Score pairs of entities by the rows of an encoder.

    The model itself only passes the rows on, once for a document. Its part "pair_scores" scores pairs in portions,
    for which the component asks: a long document may have millions.

    tok2vec (Model[List[Doc], List[Floats2d]]): any encoder with one row per token: spaCy's, ours, or the listener of
        a shared `tok2vec` or `transformer` component.
    hidden_width (int): width of the hidden layer.
    nO (Optional[int]): number of relation labels; found at initialisation if None.
    RETURNS (Model[List[Doc], List[Floats2d]]): the rows of each document. Refs: "tok2vec", "pair_scores" and
        "output_layer" (both `layers.pairs.scores`).
    """
    pair_scores = PairScores(hidden_width, nO)
    return Model(
        "relation_classifier",
        forward,
        init=init,
        layers=[tok2vec, pair_scores],
        dims={"nO": nO},
        refs={"tok2vec": tok2vec, "pair_scores": pair_scores, "output_layer": pair_scores},
    )


def init(model: Model, X: list[Doc] | None = None, Y=None) -> None:
    """Find the width of the rows; the numbers of labels must be set as dims before (`set_label_counts`)."""
    tok2vec, pair_scores = model.layers
    tok2vec.initialize(X)
    if pair_scores.has_dim("nI") is None:
        pair_scores.set_dim("nI", tok2vec.get_dim("nO"))
    pair_scores.initialize()


def set_label_counts(model: Model, relations: int, entities: int) -> None:
    """Tell a model how many labels there are, before it is initialised, for the first time or again.

    model (Model): as `build_relation_classifier` makes it.
    relations (int): number of relation labels.
    entities (int): number of entity labels; unknown ones share one more.
    """
    old = model.get_ref("pair_scores")
    # a new node, not new sizes: nothing that an optimizer knows of an earlier training must outlive it
    model.replace_node(old, PairScores(old.get_dim("nH"), relations, nL=entities + 1))
    model.set_dim("nO", relations, force=True)


def fixed_count(model: Model) -> int | None:
    """Find the number of relation labels that a model's config fixes.

    model (Model): as `build_relation_classifier` makes it.
    RETURNS (Optional[int]): the number; None for a model that is sized by its labels, or has been.
    """
    return None if model.get_ref("pair_scores").has_param("output") else model.maybe_get_dim("nO")


def sizes(model: Model, relations: int, entities: int) -> Iterator[tuple[str, int | None, int]]:
    """What must agree in the weights of a model that was loaded.

    model (Model): as `build_relation_classifier` makes it.
    relations (int), entities (int): as for `set_label_counts`.
    YIELDS (Tuple[str, int, int]): what it is, what was found, and what labels and encoder ask for.
    """
    tok2vec, pair_scores = model.layers
    if model.has_dim("nO"):
        yield "relation labels", model.get_dim("nO"), relations
        yield "scored relations", len(pair_scores.get_param("output")), relations
        yield "entity labels and one for others", pair_scores.maybe_get_dim("nL"), entities + 1
        if tok2vec.has_dim("nO"):
            yield "width of the encoder's rows", tok2vec.get_dim("nO"), pair_scores.get_dim("nI")


def forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
    return read_rows(model.layers[0], docs, is_train)
