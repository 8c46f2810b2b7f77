"""A transformer of spacy-transformers that reads every token, of any family that reads both sides of a word.

Windows are cut by tokens; how many word pieces a token has, only the transformer's tokenizer knows. What is over the
transformer's limit, spacy-transformers drops, and those tokens get no row. Here a window over the limit is halved until
its pieces fit; windows within the limit stay as they are.
"""

from typing import TYPE_CHECKING, Any, cast

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, chain
from thinc.types import Floats2d, Ragged

from ..extras import require
from .layer_rates import LayerRates
from .transformer_checkpoint import load_checkpoint
from .transformer_pieces import TransformerPieces
from .transformer_windows import FittingSpans, SpanGetter

if TYPE_CHECKING:
    from spacy_transformers.data_classes import FullTransformerBatch
    from spacy_transformers.layers import TransformerModel

    from .transformer_shim import LayersShim


@registry.architectures("spacy_clinner.TransformerModel.v1")
def build_transformer_model(
    name: str,
    get_spans: SpanGetter,
    tokenizer_config: dict[str, Any] | None = None,
    transformer_config: dict[str, Any] | None = None,
    mixed_precision: bool = False,
    grad_scaler_config: dict[str, Any] | None = None,
    layer_rates: LayerRates | None = None,
    bfloat16: bool = False,
) -> Model[list[Doc], "FullTransformerBatch"]:
    """Make `spacy-transformers.TransformerModel.v3` with windows that fit it.

    name (str): transformer of the hub, or its folder.
    get_spans (Callable[[List[Doc]], List[List[Span]]]): the windows, such as `spacy_clinner.window_spans.v1`.
    tokenizer_config (Optional[Dict[str, Any]]), transformer_config (Optional[Dict[str, Any]]): settings of both in
        transformers.
    mixed_precision (bool), grad_scaler_config (Optional[Dict[str, Any]]): half precision on a GPU.
    layer_rates (Optional[LayerRates]): learning rates of the layers, such as `spacy_clinner.layer_rates.v1`; without,
        all learn at the training's.
    bfloat16 (bool): whether a processor multiplies matrices in bfloat16 where nothing is learned.
    RETURNS (Model[List[Doc], FullTransformerBatch]): the model of a `transformer` component.
    RAISES (ValueError): when it is initialised, as `load_checkpoint`, and CE128 if `layer_rates` find no layers.
    """
    require("spacy_transformers", "A transformer")
    from spacy_transformers.layers import TransformerModel

    from .transformer_shim import LayersShim

    model = TransformerModel(
        name, get_spans, tokenizer_config or {}, transformer_config or {}, mixed_precision, grad_scaler_config or {}
    )
    # where torch's weights are moved, which all of spacy-transformers' settings have reached by now
    model.layers[0].shims[0].__class__ = LayersShim
    return _make_ours(model, get_spans, layer_rates, bfloat16)


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
    layer_rates: LayerRates | None = None,
    bfloat16: bool = False,
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
        name,
        get_spans,
        tokenizer_config,
        transformer_config,
        mixed_precision,
        grad_scaler_config,
        layer_rates,
        bfloat16,
    )
    # nested as `replace_listeners` nests it
    return chain(chain(transformer, split_trf_batch()), trfs2arrays(pooling, grad_factor))


def _make_ours(
    model: "TransformerModel", get_spans: SpanGetter, layer_rates: LayerRates | None, bfloat16: bool
) -> "TransformerModel":
    """Have a model of spacy-transformers read, be made and learn as here."""
    from .transformer_reading import forward

    model.attrs["get_spans"] = FittingSpans(get_spans, TransformerPieces(model))
    # not in pipelines that were saved before: their tokens had also pieces that only begin with the space after them
    model.attrs["exact_pieces"] = False
    model.attrs["replace_listener"] = _replace_listener
    model.attrs["replace_listener_cfg"] = _as_own_encoder
    shim = _shim(model)
    shim.layer_rates, shim.bfloat16 = layer_rates, bfloat16
    model._func, model.init = forward, init
    return model


def _shim(model: "TransformerModel") -> "LayersShim":
    return cast("LayersShim", model.layers[0].shims[0])


def init(model: "TransformerModel", X: list[Doc] | None = None, Y: Any = None) -> None:
    """Read the pretrained transformer, unless there is one already."""
    if model.attrs["has_transformer"]:
        return
    objects = load_checkpoint(model.attrs["name"], model._init_tokenizer_config, model._init_transformer_config)
    if (rates := _shim(model).layer_rates) is not None:
        # now, and not at the end of the first step
        rates.scales(objects.transformer, step=0)
    model.attrs["set_transformer"](model, objects)
    model.attrs["exact_pieces"] = True
    if X:
        model.set_dim("nO", model.predict(X).model_output.last_hidden_state.shape[-1])


def _replace_listener(copied: "TransformerModel") -> Model[list[Doc], list[Floats2d]]:
    """A copy of the transformer, which spacy-transformers has made anew, as part of a component's own encoder."""
    from spacy_transformers.layers._util import replace_listener

    spans, shim = copied.attrs["get_spans"], _shim(copied)
    attrs = dict(spans.pieces.model.attrs)
    _make_ours(copied, spans.get_spans, shim.layer_rates, shim.bfloat16)
    copied.attrs.update({name: attrs[name] for name in ("name", "has_transformer", "exact_pieces")})
    shim.renew_id()
    return replace_listener(copied)


def _as_own_encoder(encoder_cfg: dict[str, Any], listener_cfg: dict[str, Any]) -> dict[str, Any]:
    """Config of a component whose listener was replaced by a copy of the transformer."""
    from spacy_transformers.layers._util import replace_listener_cfg

    config = replace_listener_cfg(encoder_cfg, listener_cfg)
    return {**config, "@architectures": "spacy_clinner.Tok2VecTransformer.v1"}
