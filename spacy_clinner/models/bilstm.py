"""The BiLSTM as an encoder architecture."""

from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from ..layers.lstm.bilstm import BiLSTM


@registry.architectures("spacy_clinner.BiLSTMEncoder.v1")
def build_bilstm_encoder(
    width: int = 200, depth: int = 1, dropout: float | None = None
) -> Model[list[Floats2d], list[Floats2d]]:
    """Encode context by bidirectional LSTM layers.

    width (int): width of the output, both directions together; even. The input may have any width.
    depth (int): number of stacked layers.
    dropout (Optional[float]): rate on the output of every layer; None follows the rate of the training.
    RETURNS (Model[List[Floats2d], List[Floats2d]]): the encoder.
    RAISES (ValueError): CE140 if the width is odd, CE135 if there is no layer.
    Source: Ma & Hovy 2016, section 2.2 (width 200 each direction); Lee et al. 2017 (100).
    """
    return BiLSTM(width, depth=depth, dropout=dropout)
