"""An encoder that reads documents window by window and gives back one row per token."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from spacy.attrs import IS_SPACE
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d, Ints1d

from ..annotations.keys import DOMAIN_KEY
from ..text.windows import Unit, window_bounds

# Not every encoder bears a batch without windows.
_NOTHING: tuple[list[Floats2d], Callable] = ([], lambda d_pieces: [])
# Rows that are encoded at once where nothing is learned: the arrays of a long document at once would be too large for
# the memory that earlier ones have left, and asking for new takes more time than encoding does.
MAX_ROWS = 8192


@registry.architectures("spacy_clinner.WindowedTok2Vec.v1")
def build_windowed_tok2vec(
    embed: Model[list[Doc], list[Floats2d]],
    encode: Model[list[Floats2d], list[Floats2d]],
    unit: Unit = "lines",
    min_tokens: int = 0,
    max_tokens: int = 256,
    skip_space: bool = False,
) -> Model[list[Doc], list[Floats2d]]:
    """Embed tokens, then encode each window of a document by itself. Fits wherever `spacy.Tok2Vec.v2` does.

    embed (Model[List[Doc], List[Floats2d]]): embeds tokens without context, spaCy's or ours.
    encode (Model[List[Floats2d], List[Floats2d]]): encodes the rows of a window, spaCy's or ours.
    unit (str), min_tokens (int), max_tokens (int): the windows, as for `window_bounds`.
    skip_space (bool): whether to hide tokens of white space from `encode`; their rows are zeros then.
    RETURNS (Model[List[Doc], List[Floats2d]]): the encoder, with refs "embed" and "encode".
    """
    return Model(
        "windowed_tok2vec",
        forward,
        init=init,
        layers=[embed, encode],
        dims={"nO": encode.get_dim("nO") if encode.has_dim("nO") else None},
        refs={"embed": embed, "encode": encode},
        attrs={"unit": unit, "min_tokens": min_tokens, "max_tokens": max_tokens, "skip_space": skip_space},
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
    # of `OfDomains`
    domains: Any = model.attrs.get("domains")
    reads_all = domains is None or not is_train
    windows = [windows_of(model, doc) if reads_all or doc.user_data.get(DOMAIN_KEY) in domains else [] for doc in docs]
    pieces: Iterable[Floats2d]
    backprop_encode: Callable
    if not is_train:
        pieces, backprop_encode = _encode_in_parts(encode, _cut(rows, windows)), _no_backprop
    else:
        pieces, backprop_encode = encode(_cut(rows, windows), is_train) if any(windows) else _NOTHING

    def backprop(dY: list[Floats2d]) -> list[Doc]:
        d_rows = [model.ops.alloc2f(*row.shape) for row in rows]
        return backprop_embed(_paste(d_rows, windows, backprop_encode(_cut(dY, windows))))

    Y = [model.ops.alloc2f(len(doc), model.get_dim("nO")) for doc in docs]
    return _paste(Y, windows, pieces), backprop


def _no_backprop(d_pieces: list[Floats2d]) -> list[Floats2d]:
    raise AssertionError("Thinc asks for no gradients outside of training")


def windows_of(model: Model, doc: Doc) -> list[slice | Ints1d]:
    """Cut a document as an encoder does.

    model (Model): the encoder.
    doc (Doc): the document.
    RETURNS (List[Union[slice, Ints1d]]): what each window reads of the document's rows.
    """
    # others' attributes may lie beside them
    settings: dict[str, Any] = {name: model.attrs[name] for name in ("unit", "min_tokens", "max_tokens")}
    windows: list[slice | Ints1d] = [slice(*bounds) for bounds in window_bounds(doc, **settings)]
    if not model.attrs["skip_space"]:
        return windows
    words = np.flatnonzero(doc.to_array(IS_SPACE) == 0)
    words_of = (words[slice(*np.searchsorted(words, (window.start, window.stop)))] for window in windows)
    return [index for index in words_of if len(index)]


def _cut(rows: list[Floats2d], windows: list[list[slice | Ints1d]]) -> list[Floats2d]:
    return [row[window] for row, own in zip(rows, windows, strict=True) for window in own]


def _encode_in_parts(encode: Model, pieces: list[Floats2d]) -> Iterator[Floats2d]:
    part: list[Floats2d] = []
    size = 0
    for piece in pieces:
        if part and size + len(piece) > MAX_ROWS:
            yield from encode.predict(part)
            part, size = [], 0
        part.append(piece)
        size += len(piece)
    if part:
        yield from encode.predict(part)


def _paste(rows: list[Floats2d], windows: list[list[slice | Ints1d]], pieces: Iterable[Floats2d]) -> list[Floats2d]:
    remaining = iter(pieces)
    for row, own in zip(rows, windows, strict=True):
        for window in own:
            row[window] = next(remaining)
    return rows
