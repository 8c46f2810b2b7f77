"""A transformer's checkpoint: read from its folder or the hub, and refused where it is nothing to read notes with."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Errors, Warnings

if TYPE_CHECKING:
    from spacy_transformers.data_classes import HFObjects
    from transformers import PretrainedConfig

# Read both sides of a word though transformers lists them among those that generate text.
_ENCODERS = {"xlnet"}
# Where files are missing, damaged or of something else, transformers and the libraries under it raise many kinds of
# errors, some of them of no other class than this.
_UNREADABLE = Exception


def load_checkpoint(name: str, tokenizer_config: dict[str, Any], transformer_config: dict[str, Any]) -> "HFObjects":
    """Read a transformer and its tokenizer.

    name (str): transformer of the hub, or its folder.
    tokenizer_config (Dict[str, Any]), transformer_config (Dict[str, Any]): settings of both in transformers.
    RETURNS (HFObjects): both, as spacy-transformers keeps them.
    RAISES (ValueError): CE123 if nothing is there, CE124 if no transformer is, CE125 if it is no encoder, CE126 if its
        tokenizer is missing, CE127 if weights are, CE131 if the tokenizer cannot pad, CE132 if it is another's.
    """
    from spacy_transformers.data_classes import HFObjects
    from thinc.api import get_torch_default_device
    from transformers import AutoConfig, AutoModel

    try:
        config = AutoConfig.from_pretrained(name, **{**transformer_config, "return_dict": True})
    except _UNREADABLE as error:
        raise _unreadable(name, error) from error
    if not _is_encoder(config):
        raise ValueError(Errors.CE125.format(name=name, kind=config.model_type))
    tokenizer = _load_tokenizer(name, tokenizer_config)
    try:
        transformer, info = AutoModel.from_pretrained(name, config=config, output_loading_info=True)
    except _UNREADABLE as error:
        raise _unreadable(name, error) from error
    _check(name, config, tokenizer, transformer, info["missing_keys"])
    transformer.to(get_torch_default_device())
    return HFObjects(tokenizer, transformer, _vocab_file(tokenizer))


def _load_tokenizer(name: str, settings: dict[str, Any]) -> Any:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **settings)
    except _UNREADABLE as error:
        raise ValueError(Errors.CE126.format(name=name, error=_cause(error))) from error
    if tokenizer.pad_token is None:
        raise ValueError(Errors.CE131.format(name=name))
    if not tokenizer.is_fast:
        warnings.warn(Warnings.CW123.format(name=name), stacklevel=2)
    return tokenizer


def _is_encoder(config: "PretrainedConfig") -> bool:
    from transformers.models.auto import modeling_auto

    kind = config.model_type
    generates = (
        kind in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
        and kind not in modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
        and kind not in _ENCODERS
    )
    reads_words = kind in modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES
    return reads_words and not (generates or config.is_encoder_decoder or config.is_decoder)


def _check(name: str, config: "PretrainedConfig", tokenizer: Any, transformer: Any, missing: list[str]) -> None:
    # the pooler makes a row of a whole window, which nobody reads; checkpoints of language models have none
    if lacking := sorted(key for key in missing if not key.startswith("pooler.")):
        raise ValueError(Errors.CE127.format(name=name, kind=config.model_type, n=len(lacking), weight=lacking[0]))
    rows = transformer.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        raise ValueError(Errors.CE132.format(name=name, n=len(tokenizer), rows=rows))


def _vocab_file(tokenizer: Any) -> bytes | None:
    """The file of word pieces that spacy-transformers saves with the pipeline, where the tokenizer names one.

    A folder with tokenizer.json need not hold it. Then an empty file stands for it: spacy-transformers asks for one,
    and the tokenizer is made from tokenizer.json again.
    """
    if not hasattr(tokenizer, "vocab_file"):
        return None
    path = tokenizer.vocab_file
    return Path(path).read_bytes() if path and Path(path).is_file() else b""


def _unreadable(name: str, error: Exception) -> ValueError:
    message = Errors.CE124 if Path(name).is_dir() else Errors.CE123
    return ValueError(message.format(name=name, error=_cause(error)))


def _cause(error: Exception) -> str:
    """The first line of what another library says."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
