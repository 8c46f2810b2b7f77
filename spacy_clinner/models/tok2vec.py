"""An encoder that reads documents window by window and gives back one row per token."""

from collections.abc import Callable

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from .windows import Unit, window_bounds


@registry.architectures("spacy_clinner.WindowedTok2Vec.v1")
def build_windowed_tok2vec(
    embed: Model[list[Doc], list[Floats2d]],
    encode: Model[list[Floats2d], list[Floats2d]],
    unit: Unit = "lines",
    min_tokens: int = 0,
    max_tokens: int = 256,
) -> Model[list[Doc], list[Floats2d]]:
    """Embed tokens, then encode each window of a document by itself. Fits wherever `spacy.Tok2Vec.v2` does.

    embed (Model[List[Doc], List[Floats2d]]): embeds tokens without context, spaCy's or ours.
    encode (Model[List[Floats2d], List[Floats2d]]): encodes the rows of a window, spaCy's or ours.
    unit (str), min_tokens (int), max_tokens (int): the windows, as for `window_bounds`.
    RETURNS (Model[List[Doc], List[Floats2d]]): the encoder, with refs "embed" and "encode".
    """
    return Model(
        "windowed_tok2vec",
        forward,
        init=init,
        layers=[embed, encode],
        dims={"nO": encode.get_dim("nO") if encode.has_dim("nO") else None},
        refs={"embed": embed, "encode": encode},
        attrs={"unit": unit, "min_tokens": min_tokens, "max_tokens": max_tokens},
    )


def init(model: Model, X: list[Doc] | None = None, Y=None) -> None:
    embed, encode = model.layers
    embed.initialize(X)
    encode.initialize(embed.predict(X) if X else None)
    if model.has_dim("nO") is None and encode.has_dim("nO"):
        model.set_dim("nO", encode.get_dim("nO"))


def forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
    embed, encode = model.layers
    if not docs:
        return [], lambda dY: docs
    rows, backprop_embed = embed(docs, is_train)
    bounds = [window_bounds(doc, **model.attrs) for doc in docs]
    pieces, backprop_encode = encode(_cut(rows, bounds), is_train)

    def backprop(dY: list[Floats2d]) -> list[Doc]:
        return backprop_embed(_join(model, backprop_encode(_cut(dY, bounds)), bounds, rows[0].shape[1]))

    return _join(model, pieces, bounds, model.get_dim("nO")), backprop


def _cut(rows: list[Floats2d], bounds: list[list[tuple[int, int]]]) -> list[Floats2d]:
    return [row[start:end] for row, windows in zip(rows, bounds, strict=True) for start, end in windows]


def _join(model: Model, pieces: list[Floats2d], bounds: list[list[tuple[int, int]]], width: int) -> list[Floats2d]:
    remaining = iter(pieces)
    joined = []
    for windows in bounds:
        own = [next(remaining) for _ in windows]
        joined.append(model.ops.xp.concatenate(own) if own else model.ops.alloc2f(0, width))
    return joined
