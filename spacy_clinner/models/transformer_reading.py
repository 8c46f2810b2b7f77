"""How a transformer reads windows: each token's row is of the window that the token belongs to, memory is bounded."""

import warnings
from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from spacy.tokens import Doc
from spacy_transformers.align import get_alignment, get_alignment_via_offset_mapping
from spacy_transformers.data_classes import FullTransformerBatch, WordpieceBatch
from spacy_transformers.layers.transformer_model import huggingface_tokenize
from spacy_transformers.truncate import truncate_oversize_splits
from spacy_transformers.util import maybe_flush_pytorch_cache
from thinc.api import NumpyOps
from thinc.types import Ints1d, Ragged
from transformers.file_utils import ModelOutput

from ..errors import Warnings
from ..forks import make_fork_safe_lock
from ..layers.buckets import plan_buckets
from .piece_offsets import without_space
from .transformer_windows import Window

if TYPE_CHECKING:
    from spacy_transformers.layers import TransformerModel

# Thinc switches dropout off before a prediction and on after it, and tokenizers keep their padding between calls: a
# second thread would read with the dropout or the padding of the first.
READING = make_fork_safe_lock()
# Word pieces, padding included, that are read at once where nothing is learned: those of one long note would be too
# many for the memory.
MAX_PIECES = 8192
# As many for attention, whose memory grows with the square: windows of up to 512 pieces are bounded by their number, a
# token of two thousand signs is not read with narrow windows that it would pad.
MAX_SQUARES = MAX_PIECES * 512


def forward(
    model: "TransformerModel", docs: list[Doc], is_train: bool
) -> tuple[FullTransformerBatch, Callable[[FullTransformerBatch], list[Doc]]]:
    """Read documents, one thread at a time.

    model (TransformerModel): the model, its `get_spans` those of `FittingSpans`.
    docs (List[Doc]): the documents.
    is_train (bool): whether to record what the backward pass needs.
    RETURNS (Tuple[FullTransformerBatch, Callable]): what was read, and the callback for its gradients.
    """
    with READING:
        nested = model.attrs["get_spans"].windows(docs)
        maybe_flush_pytorch_cache(chance=model.attrs.get("flush_cache_chance", 0))
        wordpieces, align = _tokenize(model, [window for windows in nested for window in windows])
        if is_train:
            output, backprop_output = model.layers[0](wordpieces, is_train)
        else:
            output, backprop_output = _predict(model, wordpieces), _no_backprop

    def backprop(d_batch: FullTransformerBatch) -> list[Doc]:
        backprop_output(d_batch.model_output)
        return docs

    spans = [[window.span for window in windows] for windows in nested]
    return FullTransformerBatch(spans=spans, wordpieces=wordpieces, model_output=output, align=align), backprop


def _no_backprop(d_output: ModelOutput) -> None:
    raise AssertionError("Thinc asks for no gradients outside of training")


def _tokenize(model: "TransformerModel", windows: list[Window]) -> tuple[WordpieceBatch, Ragged]:
    """Word pieces of windows, and those that each token has among them."""
    tokenizer = model.tokenizer
    spans = [window.span for window in windows]
    encoding = huggingface_tokenize(tokenizer, [span.text for span in spans])
    wordpieces = WordpieceBatch.from_batch_encoding(encoding)
    if "offset_mapping" in encoding:
        offsets = encoding["offset_mapping"]
        if model.attrs["exact_pieces"]:
            offsets = np.stack([without_space(span, of_span) for span, of_span in zip(spans, offsets, strict=True)])
        align = get_alignment_via_offset_mapping(spans, offsets)
    else:
        align = get_alignment(spans, wordpieces.strings, tokenizer.all_special_tokens)
    align = _without_context(align, windows, wordpieces.input_ids.shape[1])
    return truncate_oversize_splits(wordpieces, align, tokenizer.model_max_length)


def _without_context(align: Ragged, windows: list[Window], width: int) -> Ragged:
    """Leave a token the pieces of the window that it belongs to, not of those that it is context of."""
    if not any(window.overlap for window in windows):
        return align
    # tokens count through all documents that have windows
    docs = list({id(window.doc): window.doc for window in windows}.values())
    first = dict(zip(map(id, docs), accumulate(map(len, docs), initial=0), strict=False))
    starts = np.array([first[id(window.doc)] + window.start for window in windows])
    ends = np.array([first[id(window.doc)] + window.end for window in windows])
    pieces = align.dataXd
    tokens = np.repeat(np.arange(len(align.lengths)), align.lengths)
    window_of = pieces // width
    kept = (starts[window_of] <= tokens) & (tokens < ends[window_of])
    lengths = np.bincount(tokens[kept], minlength=len(align.lengths))
    return Ragged(pieces[kept], lengths.astype(align.lengths.dtype))


def _predict(model: "TransformerModel", wordpieces: WordpieceBatch) -> ModelOutput:
    """Read windows in parts of similar length, if they are too many or too unlike for one."""
    transformer: Any = model.layers[0]
    sizes = wordpieces.attention_mask.sum(axis=1).astype(int)
    parts = [bucket.sequences for bucket in plan_buckets(sizes, MAX_PIECES, MAX_SQUARES)]
    config = model.transformer.config
    bfloat16 = transformer.shims[0].bfloat16 and isinstance(model.ops, NumpyOps)
    if bfloat16 and _is_slow_in_bfloat16():
        warnings.warn(Warnings.CW124, stacklevel=2)
    # around all parts, as the weights are converted once
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        # what else was asked for has no one way to be put together
        if len(parts) < 2 or config.output_hidden_states or config.output_attentions:
            return _in_single_precision(transformer.predict(wordpieces))
        whole = ModelOutput()
        for part in parts:
            width = int(sizes[part[0]])
            output = _in_single_precision(transformer.predict(_cut(wordpieces, part, width)))
            for key, rows in output.items():
                shape = (len(wordpieces), *((wordpieces.input_ids.shape[1],) if rows.ndim == 3 else ()), rows.shape[-1])
                if key not in whole:
                    whole[key] = _zeros(shape, rows.device)
                target = whole[key][:, :width] if rows.ndim == 3 else whole[key]
                target[part] = rows
    return whole


def _zeros(shape: tuple[int, ...], device: torch.device) -> torch.Tensor:
    """Zeros, in a processor's memory only where something is written: one long token makes most of them padding."""
    # the system hands NumPy pages of zeros when they are touched, while torch fills them
    return torch.from_numpy(np.zeros(shape, "f")) if device.type == "cpu" else torch.zeros(shape, device=device)


def _is_slow_in_bfloat16() -> bool:
    """Whether torch knows that the processor lacks the instructions; then it takes many others instead."""
    # not every version tells
    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return able.get("architecture") == "x86_64" and not (able.get("avx512_bf16") or able.get("amx_bf16"))


def _in_single_precision(output: ModelOutput) -> ModelOutput:
    for key, rows in list(output.items()):
        # of all layers, if they were asked for
        output[key] = rows.float() if torch.is_tensor(rows) else tuple(one.float() for one in rows)
    return output


def _cut(wordpieces: WordpieceBatch, part: Ints1d, width: int) -> WordpieceBatch:
    types: Any = wordpieces.token_type_ids
    return WordpieceBatch(
        strings=[wordpieces.strings[i][:width] for i in part],
        input_ids=wordpieces.input_ids[part, :width],
        attention_mask=wordpieces.attention_mask[part, :width],
        lengths=[wordpieces.lengths[i] for i in part],
        token_type_ids=None if types is None else types[part, :width],
    )
