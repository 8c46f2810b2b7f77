"""Linear-chain CRF over BIOES tags: what other rooms may use of it; see `inference.py`."""

from .gold import UNKNOWN
from .inference import (
    CRFLoss,
    Decoded,
    KBest,
    check_threshold,
    decode,
    decode_at,
    likelihood,
    log_partition,
    marginals,
    span_probabilities,
    spans_above,
    temper,
    viterbi,
    viterbi_k_best,
)
from .logspace import Chain
from .params import CRFParams, from_chain, param_shapes, to_chain, zero_params
from .soft import SoftSpans

__all__ = [
    "UNKNOWN",
    "CRFLoss",
    "CRFParams",
    "Chain",
    "Decoded",
    "KBest",
    "SoftSpans",
    "check_threshold",
    "decode",
    "decode_at",
    "from_chain",
    "likelihood",
    "log_partition",
    "marginals",
    "param_shapes",
    "span_probabilities",
    "spans_above",
    "temper",
    "to_chain",
    "viterbi",
    "viterbi_k_best",
    "zero_params",
]
