"""A trained transformer as an ONNX graph and a tokenizer of its own."""

import inspect
import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors
from ..layers.onnx.graphs import OPSET
from ..layers.onnx.pieces import PiecesShim
from ..layers.onnx.quantize import to_int8
from ..layers.onnx.session import OnnxShim
from ..text.windows import WindowSpans
from .onnx_transformer import onnx_transformer
from .transformer_pieces import settle

if TYPE_CHECKING:
    from spacy_transformers.layers import TransformerModel

# Sizes of blocks, (B, L): a graph that was traced with the first holds for the second, too, or is none.
_TRACED, _OTHER = (2, 7), (3, 5)
# what rows of single precision may differ by, beside numbers of about 1
_NEAR = 1e-4
# torch warns of branches that it does not trace; whether that matters, other sizes show
_TRACING = (torch.jit.TracerWarning, DeprecationWarning, UserWarning, FutureWarning)


def export_transformer(model: "TransformerModel", int8: bool = False) -> Model[list[Doc], list[Floats2d]]:
    """Make the encoder that takes a transformer's place.

    model (TransformerModel): a `spacy_clinner.TransformerModel.v1`, trained.
    int8 (bool): whether products of matrices are computed in 8-bit integers.
    RETURNS (Model[List[Doc], List[Floats2d]]): the encoder.
    RAISES (ValueError): CE414 if the transformer cannot be exported.
    """
    spans = model.attrs["get_spans"].get_spans
    if not isinstance(spans, WindowSpans):
        raise _refused(model, "its windows are another package's")
    if not model.tokenizer.is_fast:
        raise _refused(model, "its tokenizer is not of the library tokenizers")
    limit = settle(model.tokenizer, model.transformer)
    pieces = PiecesShim(_tokenizer(model), model.tokenizer.pad_token_id, limit)
    graph = _checked_graph(model)
    shim = OnnxShim(to_int8(graph, "MatMul") if int8 else graph)
    width, exact = model.transformer.config.hidden_size, model.attrs["exact_pieces"]
    return onnx_transformer(width, spans, exact, shim, pieces, alone=int8)


def _refused(model: "TransformerModel", problem: str) -> ValueError:
    return ValueError(Errors.CE414.format(kind=model.transformer.config.model_type, problem=problem))


def _tokenizer(model: "TransformerModel") -> str:
    from tokenizers import Tokenizer

    copied = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    copied.no_padding()
    copied.no_truncation()
    return copied.to_str()


def _checked_graph(model: "TransformerModel") -> bytes:
    rows = _Rows(model.transformer).eval()
    names = ["input_ids", "attention_mask"]
    names += [name for name in model.tokenizer.model_input_names if name == "token_type_ids"]
    other = _block(names, model, *_OTHER)
    try:
        graph = _trace(rows, names, model)
        found = OnnxShim(graph).run(**{name: array.numpy() for name, array in other.items()})
    except Exception as error:
        raise _refused(model, f"{type(error).__name__} while it was traced") from error
    with torch.no_grad():
        expected = rows(*other.values()).numpy()
    read = other["attention_mask"].numpy() == 1
    if not np.allclose(found[read], expected[read], rtol=_NEAR, atol=_NEAR):
        raise _refused(model, "its graph computes other rows than torch")
    return graph


class _Rows(torch.nn.Module):
    """A transformer without what it computes besides the rows of its last layer, its inputs in order."""

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        return self.transformer(input_ids=input_ids, attention_mask=attention_mask, **types).last_hidden_state


def _trace(rows: _Rows, names: list[str], model: "TransformerModel") -> bytes:
    file: Any = BytesIO()
    sizes = {0: "B", 1: "L"}
    settings: dict[str, Any] = {"input_names": names, "output_names": ["rows"], "opset_version": OPSET}
    settings["dynamic_axes"] = {name: sizes for name in (*names, "rows")}
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        # the newer way to trace needs a package more
        settings["dynamo"] = False
    with warnings.catch_warnings():
        for kind in _TRACING:
            warnings.simplefilter("ignore", kind)
        torch.onnx.export(rows, tuple(_block(names, model, *_TRACED).values()), file, **settings)
    return file.getvalue()


def _block(names: list[str], model: "TransformerModel", n_windows: int, n_pieces: int) -> dict[str, torch.Tensor]:
    """Windows of several lengths, padded. *Shapes:* (B, L)"""
    lengths = torch.arange(n_pieces, n_pieces - n_windows, -1)[:, None]
    read = torch.arange(n_pieces) < lengths
    numbers = torch.arange(n_windows * n_pieces).reshape(n_windows, n_pieces) % len(model.tokenizer)
    arrays = {
        "input_ids": torch.where(read, numbers, model.tokenizer.pad_token_id),
        "attention_mask": read.long(),
        "token_type_ids": torch.zeros_like(numbers),
    }
    return {name: arrays[name] for name in names}
