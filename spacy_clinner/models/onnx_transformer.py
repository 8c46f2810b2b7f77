"""A transformer that ONNX Runtime computes: neither torch nor transformers need be installed."""

from functools import partial
from itertools import chain
from typing import Any, NoReturn

import numpy as np
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d, Ints1d

from ..errors import Errors
from ..extras import require
from ..layers.buckets import plan_buckets
from ..layers.onnx.pieces import Encoded, PiecesShim
from ..layers.onnx.session import OnnxShim
from ..text.windows import Unit, Windows, WindowSpans
from .piece_offsets import pieces_of_tokens, without_space
from .transformer_windows import FittingSpans, Window

# Pieces, padding included, that are read at once: more hold no longer in a processor's caches.
MAX_PIECES = 512


@registry.architectures("spacy_clinner.OnnxTransformer.v1")
def build_onnx_transformer(
    width: int, unit: Unit, min_tokens: int, max_tokens: int, overlap: int, exact_pieces: bool
) -> Model[list[Doc], list[Floats2d]]:
    """Build an exported transformer: `clinner export` writes it in place of the one that was trained.

    width (int): columns of a token's row, the mean of the rows of its pieces.
    unit (str), min_tokens (int), max_tokens (int), overlap (int): the windows, as of `spacy_clinner.window_spans.v1`.
    exact_pieces (bool): whether a piece that only begins with the space behind a token is none of the token's.
    RETURNS (Model[List[Doc], List[Floats2d]]): the encoder, without graph and tokenizer before it is loaded (CE401).
        It cannot be trained (CE400).
    RAISES (ImportError): CE358 if ONNX Runtime or tokenizers are not installed.
    """
    for package in ("onnxruntime", "tokenizers"):
        require(package, "An exported transformer")
    spans = WindowSpans(Windows(unit, min_tokens, max_tokens), overlap)
    return onnx_transformer(width, spans, exact_pieces, OnnxShim(), PiecesShim())


def onnx_transformer(
    width: int, get_spans: WindowSpans, exact_pieces: bool, graph: OnnxShim, pieces: PiecesShim, alone: bool = False
) -> Model[list[Doc], list[Floats2d]]:
    """Put an exported transformer together.

    width (int), exact_pieces (bool): as for `build_onnx_transformer`.
    get_spans (WindowSpans): the windows.
    graph (OnnxShim): computes rows of pieces, shape (B, L, width), of `input_ids`, `attention_mask` and, where the
        transformer reads them, `token_type_ids`, each of shape (B, L).
    pieces (PiecesShim): the tokenizer.
    alone (bool): whether to read each window by itself: integers are scaled by all that is read at once, so that a
        window's rows would depend on its neighbours.
    RETURNS (Model[List[Doc], List[Floats2d]]): the encoder.
    """
    return Model(
        "onnx_transformer",
        _forward,
        init=_refuse,
        dims={"nO": width},
        attrs={"get_spans": get_spans, "exact_pieces": exact_pieces, "alone": alone},
        shims=[graph, pieces],
    )


def _refuse(model: Model, X: Any = None, Y: Any = None) -> NoReturn:
    raise ValueError(Errors.CE400.format(layer=model.name))


def _forward(model: Model, docs: list[Doc], is_train: bool) -> tuple[list[Floats2d], Any]:
    if is_train:
        _refuse(model)
    pieces: Any = model.shims[1]
    windows = list(chain.from_iterable(FittingSpans(model.attrs["get_spans"], pieces).windows(docs)))
    encoded = pieces.encode([window.span.text for window in windows])
    of_tokens, lengths = _align(windows, encoded, model.attrs["exact_pieces"])
    pooled = model.ops.alloc2f(len(lengths), model.get_dim("nO"))
    if len(of_tokens):
        rows = _rows_of_pieces(model, encoded)[of_tokens]
        pooled = model.ops.reduce_mean(model.ops.asarray2f(rows), model.ops.asarray1i(lengths))
    return model.ops.unflatten(pooled, model.ops.asarray1i([len(doc) for doc in docs])), partial(_refuse, model)


def _align(windows: list[Window], encoded: list[Encoded], exact: bool) -> tuple[Ints1d, Ints1d]:
    """The pieces of every token, counted through all windows, and how many it has."""
    found, n = [(np.empty(0, dtype="int64"), np.empty(0, dtype="int64"))], 0
    for window, (_, _, offsets) in zip(windows, encoded, strict=True):
        span = window.span
        own, lengths = pieces_of_tokens(span, without_space(span, offsets) if exact else offsets)
        # the pieces of its context are of other windows
        first, end = window.start - span.start, window.end - span.start
        bounds = np.append(0, np.cumsum(lengths))
        found.append((own[bounds[first] : bounds[end]] + n, lengths[first:end]))
        n += len(offsets)
    of_tokens, lengths = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return of_tokens, lengths


def _rows_of_pieces(model: Model, encoded: list[Encoded]) -> Floats2d:
    """Rows of all pieces, one window after the other. *Shape:* (pieces, nO)"""
    graph: Any
    pieces: Any
    graph, pieces = model.shims
    ids = np.concatenate([*(one.ids for one in encoded), [pieces.pad]])
    types = np.concatenate([*(one.types for one in encoded), [0]])
    rows = np.zeros((len(ids) - 1, model.get_dim("nO")), dtype="f")
    at_once = 1 if model.attrs["alone"] else MAX_PIECES
    for bucket in plan_buckets(np.array([len(one.ids) for one in encoded]), at_once):
        index = bucket.index.T
        inside = index < len(rows)
        inputs = {"input_ids": ids[index], "attention_mask": inside.astype("int64"), "token_type_ids": types[index]}
        rows[index[inside]] = graph.run(**inputs)[inside]
    return rows
