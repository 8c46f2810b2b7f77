"""A transformer of spacy-transformers that reads every token.

Windows are cut by tokens; how many word pieces a token has, only the transformer's tokenizer knows. What is over the
transformer's limit, spacy-transformers drops, and those tokens get no row. Here a window over the limit is halved until
its pieces fit; windows within the limit stay as they are.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from spacy.tokens import Doc, Span
from spacy.util import registry
from thinc.api import Model, chain
from thinc.types import Floats2d, Ragged

from ..annotations.keys import DOC_ID_KEY
from ..errors import Warnings
from ..extras import require
from ..forks import make_fork_safe_lock

if TYPE_CHECKING:
    from spacy_transformers.data_classes import FullTransformerBatch
    from spacy_transformers.layers import TransformerModel

SpanGetter = Callable[[list[Doc]], list[list[Span]]]

# Thinc switches dropout off before a prediction and on after it, and tokenizers keep their padding between calls: a
# second thread would read with the dropout or the padding of the first.
READING = make_fork_safe_lock()


@registry.architectures("spacy_clinner.TransformerModel.v1")
def build_transformer_model(
    name: str,
    get_spans: SpanGetter,
    tokenizer_config: dict[str, Any] | None = None,
    transformer_config: dict[str, Any] | None = None,
    mixed_precision: bool = False,
    grad_scaler_config: dict[str, Any] | None = None,
) -> Model[list[Doc], "FullTransformerBatch"]:
    """Make `spacy-transformers.TransformerModel.v3` with windows that fit it.

    name (str): transformer of the hub, or its folder.
    get_spans (Callable[[List[Doc]], List[List[Span]]]): the windows, such as `spacy_clinner.window_spans.v1`.
    tokenizer_config (Optional[Dict[str, Any]]), transformer_config (Optional[Dict[str, Any]]): settings of both in
        transformers.
    mixed_precision (bool), grad_scaler_config (Optional[Dict[str, Any]]): half precision on a GPU.
    RETURNS (Model[List[Doc], FullTransformerBatch]): the model of a `transformer` component.
    """
    require("spacy_transformers", "A transformer")
    from spacy_transformers.layers import TransformerModel

    model = TransformerModel(
        name, get_spans, tokenizer_config or {}, transformer_config or {}, mixed_precision, grad_scaler_config or {}
    )
    model.attrs["get_spans"] = FittingSpans(get_spans, model)
    model.attrs["replace_listener"] = _replace_listener
    model.attrs["replace_listener_cfg"] = _as_own_encoder
    return _one_thread_at_a_time(model)


@registry.architectures("spacy_clinner.Tok2VecTransformer.v1")
def build_tok2vec_transformer(
    name: str,
    get_spans: SpanGetter,
    pooling: Model[Ragged, Floats2d],
    tokenizer_config: dict[str, Any] | None = None,
    transformer_config: dict[str, Any] | None = None,
    grad_factor: float = 1.0,
    mixed_precision: bool = False,
    grad_scaler_config: dict[str, Any] | None = None,
) -> Model[list[Doc], list[Floats2d]]:
    """Make a component's own transformer: what `nlp.replace_listeners` puts in place of a listener.

    pooling (Model[Ragged, Floats2d]): makes a token's row of those of its pieces, such as `reduce_mean.v1`.
    grad_factor (float): weight of the gradient.
    The other settings are those of `spacy_clinner.TransformerModel.v1`.
    RETURNS (Model[List[Doc], List[Floats2d]]): the encoder.
    """
    require("spacy_transformers", "A transformer")
    from spacy_transformers.layers import split_trf_batch, trfs2arrays

    transformer = build_transformer_model(
        name, get_spans, tokenizer_config, transformer_config, mixed_precision, grad_scaler_config
    )
    # nested as `replace_listeners` nests it
    return chain(chain(transformer, split_trf_batch()), trfs2arrays(pooling, grad_factor))


class FittingSpans:
    """Windows, those with more word pieces than a transformer reads halved until they fit."""

    def __init__(self, get_spans: SpanGetter, model: "TransformerModel") -> None:
        """Bind windows to the model that knows their pieces.

        get_spans (Callable[[List[Doc]], List[List[Span]]]): the windows.
        model (TransformerModel): the model, whose tokenizer need not be loaded yet.
        """
        self.get_spans = get_spans
        self.model = model

    def __call__(self, docs: Iterable[Doc]) -> list[list[Span]]:
        """Cut documents.

        docs (Iterable[Doc]): the documents.
        RETURNS (List[List[Span]]): the windows of each.
        """
        nested = self.get_spans(list(docs))
        limit = settle_limit(self.model)
        counts = iter(self._count([span for spans in nested for span in spans]))
        return [[part for span in spans for part in self._fit(span, next(counts), limit)] for spans in nested]

    def _fit(self, span: Span, n_pieces: int, limit: int) -> list[Span]:
        if n_pieces <= limit:
            return [span]
        if len(span) == 1:
            doc = span.doc.user_data.get(DOC_ID_KEY)
            warnings.warn(
                Warnings.CW120.format(doc=doc, token=span.start, size=len(span.text), n=n_pieces, limit=limit),
                stacklevel=2,
            )
            return [span]
        middle = len(span) // 2
        halves = [span[:middle], span[middle:]]
        return [part for half, n in zip(halves, self._count(halves), strict=True) for part in self._fit(half, n, limit)]

    def _count(self, spans: Sequence[Span]) -> list[int]:
        """Word pieces of each window, those that mark its ends included."""
        if not spans:
            return []
        pieces = self.model.tokenizer(
            [span.text for span in spans], return_attention_mask=False, return_token_type_ids=False, verbose=False
        )
        return [len(ids) for ids in pieces["input_ids"]]


def settle_limit(model: "TransformerModel") -> int:
    """Find the most word pieces that a transformer reads at once, and let its tokenizer know them.

    Not every tokenizer does, and then a token that is too long by itself would end in an IndexError of torch:
    spacy-transformers drops what is over the tokenizer's limit.

    model (TransformerModel): the model, initialised.
    RETURNS (int): the tokenizer's limit, or the rows of the transformer's table of positions if they are fewer.
    """
    limit = model.tokenizer.model_max_length
    table: Any = getattr(getattr(model.transformer, "embeddings", None), "position_embeddings", None)
    if (rows := getattr(table, "num_embeddings", None)) is not None:
        # with padding among the positions, they count from the row after it
        first = 0 if table.padding_idx is None else table.padding_idx + 1
        limit = min(limit, rows - first)
    model.tokenizer.model_max_length = limit
    return limit


def _one_thread_at_a_time(model: "TransformerModel") -> "TransformerModel":
    model._func = _forward
    return model


def _forward(model: "TransformerModel", docs: list[Doc], is_train: bool) -> tuple["FullTransformerBatch", Callable]:
    from spacy_transformers.layers.transformer_model import forward

    with READING:
        return forward(model, docs, is_train)


def _replace_listener(copied: "TransformerModel") -> Model[list[Doc], list[Floats2d]]:
    """A copy of the transformer, which spacy-transformers has made anew, as part of a component's own encoder."""
    from spacy_transformers.layers._util import replace_listener

    return replace_listener(_one_thread_at_a_time(copied))


def _as_own_encoder(encoder_cfg: dict[str, Any], listener_cfg: dict[str, Any]) -> dict[str, Any]:
    """Config of a component whose listener was replaced by a copy of the transformer."""
    from spacy_transformers.layers._util import replace_listener_cfg

    config = replace_listener_cfg(encoder_cfg, listener_cfg)
    return {**config, "@architectures": "spacy_clinner.Tok2VecTransformer.v1"}
