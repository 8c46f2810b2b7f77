"""NeuroNER's token LSTM as an encoder architecture."""

from spacy.util import registry
from thinc.api import Linear, Model, chain, with_array
from thinc.types import Floats2d

from ..layers.lstm.coupled import CoupledBiLSTM


@registry.architectures("spacy_clinner.CoupledBiLSTMEncoder.v1")
def build_coupled_bilstm_encoder(width: int = 200, hidden: int = 100) -> Model[list[Floats2d], list[Floats2d]]:
    """Encode context by a bidirectional layer of coupled LSTM cells, then a linear layer with tanh.

    width (int): width of the LSTM's output, both directions together. The input may have any width.
    hidden (int): width of the linear layer, which is the width of the output.
    RETURNS (Model[List[Floats2d], List[Floats2d]]): the encoder, with refs "lstm" and "linear".
    Source: Dernoncourt, Lee & Szolovits 2017 (NeuroNER: 100 units a direction, 100 hidden).
    """
    lstm, linear = CoupledBiLSTM(width), Linear(nO=hidden, nI=width)
    model: Model[list[Floats2d], list[Floats2d]] = chain(lstm, with_array(chain(linear, _Tanh())))
    model.name = "coupled_bilstm_encoder"
    model.set_dim("nO", hidden, force=True)
    model.set_ref("lstm", lstm)
    model.set_ref("linear", linear)
    return model


def _Tanh() -> Model[Floats2d, Floats2d]:
    return Model("tanh", _forward_tanh)


def _forward_tanh(model: Model, X: Floats2d, is_train: bool):
    Y = model.ops.xp.tanh(X)
    return Y, lambda dY: dY * (1 - Y * Y)
