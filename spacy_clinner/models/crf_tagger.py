"""The CRF tagger as a model: documents in, emission scores out; the scores of moves are its own parameters."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d, Ragged

from ..layers.crf import CRFParams, param_shapes
from ..layers.tags.entries import label_entries
from ..layers.tags.layout import I, count_labels, count_tags, tag_of
from ..layers.tags.scores import TagScores
from .rows import read_rows

# Score of a tag that a token cannot have; finite, so that arithmetic stays plain.
FORBIDDEN = -1e4


@registry.architectures("spacy_clinner.CRFTagger.v1")
def build_crf_tagger(tok2vec: Model[list[Doc], list[Floats2d]], nO: int | None = None) -> Model[list[Doc], Ragged]:
    """Score the BIOES tags of every token by a linear layer over an encoder, and moves between tags by a CRF.

    tok2vec (Model[List[Doc], List[Floats2d]]): any encoder with one row per token: spaCy's, ours, or the listener of
        a shared `tok2vec` or `transformer` component.
    nO (Optional[int]): number of tags, 4 labels + 1; found at initialisation if None.
    RETURNS (Model[List[Doc], Ragged]): emission scores, one row per token and one column per tag, in the order of
        `layers.tags`. Refs: "tok2vec", "crf", "emissions" and "output_layer" (both the linear layer).
    Source: Ma & Hovy 2016, section 2.3; moves limited to legal BIOES as in layers/crf.
    """
    emissions, crf = TagScores(nO), _build_crf(nO)
    return Model(
        "crf_tagger",
        forward,
        init=init,
        layers=[tok2vec, emissions, crf],
        dims={"nO": nO},
        refs={"tok2vec": tok2vec, "emissions": emissions, "output_layer": emissions, "crf": crf},
        attrs={"resize_output": resize_output},
    )


def _build_crf(nO: int | None) -> Model:
    """Hold the scores of moves; their arithmetic is in layers/crf.py, where the tags of a whole batch are known."""
    return Model("crf", _pass_on, init=_init_crf, dims={"nO": nO}, params=dict.fromkeys(CRFParams._fields))


def _pass_on(model: Model, X, is_train: bool):
    return X, lambda dY: dY


def _init_crf(model: Model, X=None, Y=None) -> None:
    """Start with all legal moves equal."""
    for name, shape in param_shapes(count_labels(model.get_dim("nO"))).items():
        model.set_param(name, model.ops.alloc(shape))


def init(model: Model, X: list[Doc] | None = None, Y: list[Floats2d] | None = None) -> None:
    """Find the number of tags from a sample of emissions."""
    tok2vec, emissions, crf = model.layers
    if Y is not None and model.has_dim("nO") is None:
        for node in (model, emissions, crf):
            node.set_dim("nO", Y[0].shape[1])
    tok2vec.initialize(X)
    if emissions.has_dim("nI") is None:
        emissions.set_dim("nI", tok2vec.get_dim("nO"))
    emissions.initialize()
    crf.initialize()


def forward(model: Model, docs: list[Doc], is_train: bool) -> tuple[Ragged, Callable[[Ragged], list[Doc]]]:
    ops = model.ops
    tok2vec, emissions, _ = model.layers
    rows, backprop_rows = read_rows(tok2vec, docs, is_train)
    lengths = ops.asarray1i([len(row) for row in rows])
    if not lengths.sum():
        # Answers even without tokens: an encoder that several heads listen to waits for the last of them.
        return Ragged(ops.alloc2f(0, model.get_dim("nO")), lengths), lambda d_emissions: backprop_rows(rows)
    # of a long document a copy would take longer than the scores
    scores, backprop_scores = emissions(rows[0] if len(rows) == 1 else ops.flatten(rows), is_train)
    edges = _entity_edges_in_space(docs, model.get_dim("nO"))
    scores[edges] = FORBIDDEN

    def backprop(d_emissions: Ragged) -> list[Doc]:
        d_emissions.data[edges] = 0
        return backprop_rows(ops.unflatten(backprop_scores(d_emissions.data), lengths))

    return Ragged(scores, lengths), backprop


def _entity_edges_in_space(docs: list[Doc], nO: int) -> tuple[np.ndarray, ...]:
    """Index of the tags by which an entity would begin or end in white space, which spaCy allows no entity to do."""
    space = np.flatnonzero(np.concatenate([doc.to_array("IS_SPACE") for doc in docs]))
    n_labels = count_labels(nO)
    inside = {tag_of(I, label, n_labels) for label in range(n_labels)}
    return np.ix_(space, np.array([tag for tag in range(1, nO) if tag not in inside]))


def sizes(model: Model, n_labels: int) -> Iterator[tuple[str, Any, Any]]:
    """What must agree in the weights of a tagger model that was loaded.

    model (Model): as `build_crf_tagger` makes it.
    n_labels (int): number of labels.
    YIELDS (Tuple[str, Any, Any]): what it is, what was found, and what labels and encoder ask for.
    """
    tok2vec, emissions, crf = model.layers
    if model.has_dim("nO"):
        for node in (model, emissions, crf):
            yield f"tags of {node.name}", node.maybe_get_dim("nO"), count_tags(n_labels)
        for name, shape in param_shapes(n_labels).items():
            yield f"shape of {name}", crf.get_param(name).shape, shape
        for name, rows in (("tags", count_tags(n_labels)), ("labels", n_labels)):
            yield f"rows of {name}", len(emissions.get_param(name)), rows
        if tok2vec.has_dim("nO"):
            yield "width of the encoder's rows", tok2vec.get_dim("nO"), emissions.get_dim("nI")


def crf_params(model: Model) -> CRFParams:
    """Read the scores of moves off a tagger model.

    model (Model): as `build_crf_tagger` makes it.
    RETURNS (CRFParams): the parameters on the CPU, where the CRF's arithmetic runs.
    """
    crf = model.get_ref("crf")
    return CRFParams(*(model.ops.to_numpy(crf.get_param(name)) for name in CRFParams._fields))


def inc_crf_grads(model: Model, grads: CRFParams) -> None:
    """Add gradients of the scores of moves to a tagger model.

    model (Model): as `build_crf_tagger` makes it.
    grads (CRFParams): the gradients, on the CPU.
    """
    crf = model.get_ref("crf")
    for name, grad in grads._asdict().items():
        crf.inc_grad(name, model.ops.xp.asarray(grad, dtype="f"))


def forbid_labels(emissions: Floats2d, rows: Sequence[int] | np.ndarray, labels: Sequence[int]) -> None:
    """Make some labels impossible for some tokens, in place: what is left is the CRF over the other labels.

    emissions (Floats2d): emission scores, on the CPU. Shape: (N, 4K+1)
    rows (Sequence[int]): the tokens.
    labels (Sequence[int]): numbers of the labels.
    """
    tags = label_entries(labels, count_labels(emissions.shape[1]))["tags"][1:]
    emissions[np.ix_(rows, tags)] = FORBIDDEN


def resize_output(model: Model, nO: int) -> Model:
    """Make room for labels added behind the known ones, whose scores stay."""
    old, new = count_labels(model.get_dim("nO")), count_labels(nO)
    take_labels(model, [label if label < old else None for label in range(new)])
    return model


def take_labels(model: Model, sources: Sequence[int | None]) -> None:
    """Rebuild the output for another list of labels, with the scores of the present ones.

    model (Model): as `build_crf_tagger` makes it, initialised.
    sources (Sequence[Optional[int]]): for each new label the old one whose emission rows and moves it takes, or None
        for a label that starts afresh.
    """
    # New nodes, not new arrays: gradients and optimizer state of the old shapes must not outlive them.
    emissions, crf = model.get_ref("emissions"), model.get_ref("crf")
    nO = count_tags(len(sources))
    new_emissions, new_crf = TagScores(nO, emissions.get_dim("nI")).initialize(), _build_crf(nO).initialize()
    targets = [target for target, source in enumerate(sources) if source is not None]
    taken = [source for source in sources if source is not None]
    entries = label_entries(targets, len(sources))
    old_entries = label_entries(taken, count_labels(crf.get_dim("nO")))
    for old, new in ((emissions, new_emissions), (crf, new_crf)):
        for name in old.param_names:
            new.get_param(name)[entries[name]] = old.get_param(name)[old_entries[name]]

    model.replace_node(emissions, new_emissions)
    model.replace_node(crf, new_crf)
    model.set_dim("nO", nO, force=True)
