"""Layers that ONNX graphs compute: what torch computes, from the same weights."""

import copy
import pickle

import numpy as np
import pytest
import srsly

from spacy_clinner.layers.lstm.bilstm import BiLSTM
from spacy_clinner.layers.lstm.chars import CharCNN, CharLSTM
from spacy_clinner.layers.lstm.coupled import CoupledBiLSTM, CoupledCharLSTM
from spacy_clinner.layers.onnx.graphs import GRAPHS, make_graph
from spacy_clinner.layers.onnx.layers import REPLACED, onnx_twin
from spacy_clinner.layers.onnx.quantize import to_int8

N_ROWS = 20
LENGTHS = [3, 0, 1, 2, 40, 1, 7, 38, 5, 0, 120]
SEQUENCES = {
    "bilstm": lambda: BiLSTM(12, 5),
    "bilstm of two layers": lambda: BiLSTM(12, 5, depth=2),
    "coupled bilstm": lambda: CoupledBiLSTM(12, 5),
}
WORDS = {
    "char cnn": lambda: CharCNN(6, n_rows=N_ROWS, width=4),
    "char cnn of a wide window": lambda: CharCNN(6, n_rows=N_ROWS, width=4, window=5),
    "char cnn of single characters": lambda: CharCNN(6, n_rows=N_ROWS, width=4, window=1),
    "char lstm": lambda: CharLSTM(6, n_rows=N_ROWS, width=4),
    "coupled char lstm": lambda: CoupledCharLSTM(6, n_rows=N_ROWS, width=4),
}


def initialized(make):
    """A layer all of whose weights count, biases and starts as well."""
    layer, rng = make().initialize(), np.random.default_rng(0)
    for name in layer.param_names:
        layer.get_param(name)[...] += rng.normal(size=layer.get_param(name).shape) * 0.3
    return layer


def sequences(lengths=LENGTHS, width=5):
    rng = np.random.default_rng(1)
    return [rng.normal(size=(length, width)).astype("f") for length in lengths]


def words(lengths=LENGTHS):
    return np.random.default_rng(1).integers(0, N_ROWS, sum(lengths)), np.array(lengths, dtype="int64")


def exported(layer):
    return onnx_twin(layer, make_graph(layer))


def test_every_layer_that_is_replaced_is_written():
    made = {make().name for make in (*SEQUENCES.values(), *WORDS.values())}
    assert made == set(REPLACED) == set(GRAPHS)


@pytest.mark.parametrize("name", SEQUENCES)
@pytest.mark.parametrize("lengths", [LENGTHS, [1], [0, 0], []], ids=str)
def test_sequences_have_the_states_that_torch_computes(name, lengths):
    layer = initialized(SEQUENCES[name])
    expected, found = layer.predict(sequences(lengths)), exported(layer).predict(sequences(lengths))
    assert [y.shape for y in found] == [(length, 12) for length in lengths]
    assert all(np.allclose(y, other, atol=1e-6) for y, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("lengths", [LENGTHS, [1], [0, 0], []], ids=str)
def test_words_have_the_vectors_that_torch_computes(name, lengths):
    layer = initialized(WORDS[name])
    expected, found = layer.predict(words(lengths)), exported(layer).predict(words(lengths))
    assert found.shape == (len(lengths), 6) and found.dtype == "float32"
    assert np.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sequence_has_its_states_in_any_company(name):
    layer = exported(initialized(SEQUENCES[name]))
    alone = [layer.predict([x])[0] for x in sequences()]
    assert all(np.allclose(y, other, atol=1e-6) for y, other in zip(layer.predict(sequences()), alone, strict=True))


@pytest.mark.parametrize("make", [SEQUENCES["bilstm of two layers"], SEQUENCES["coupled bilstm"]])
def test_integers_come_near_and_are_smaller(make):
    layer = initialized(make)
    graph = make_graph(layer)
    small = to_int8(graph)
    expected, found = layer.predict(sequences()), onnx_twin(layer, small).predict(sequences())
    differences = np.abs(np.concatenate(found) - np.concatenate(expected))
    assert 1e-5 < differences.max() < 0.1
    wide = BiLSTM(64, 64).initialize()
    assert len(to_int8(make_graph(wide))) < 0.4 * len(make_graph(wide))


def test_what_has_no_lstm_stays_as_it_is():
    graph = make_graph(initialized(WORDS["char cnn"]))
    assert to_int8(graph) == graph


def test_it_is_silent(caplog, capfd):
    caplog.set_level("INFO")
    graph = to_int8(make_graph(initialized(SEQUENCES["bilstm"])))
    onnx_twin(BiLSTM(12, 5), graph).predict(sequences())
    assert not caplog.records and not any(capfd.readouterr())


# what is kept of a graph


def test_a_graph_is_saved_with_its_layer():
    layer = initialized(SEQUENCES["bilstm"])
    trained, loaded = exported(layer), onnx_twin(BiLSTM(12))
    loaded.from_bytes(trained.to_bytes())
    assert loaded.get_dim("nI") == 5 and loaded.to_bytes() == trained.to_bytes()
    for other in (loaded, trained.copy(), copy.deepcopy(trained), pickle.loads(pickle.dumps(trained))):
        assert (other.predict(sequences())[4] == trained.predict(sequences())[4]).all()
    # nor does a session that was open hinder it
    assert (pickle.loads(pickle.dumps(trained)).predict(sequences())[4] == trained.predict(sequences())[4]).all()


def test_a_damaged_graph_is_noticed():
    data = srsly.msgpack_loads(exported(initialized(SEQUENCES["bilstm"])).shims[0].to_bytes())
    graph = bytearray(data["graph"])
    graph[200] ^= 1
    damaged = srsly.msgpack_dumps({**data, "graph": bytes(graph)})
    with pytest.raises(ValueError, match="CE402"):
        onnx_twin(BiLSTM(12)).shims[0].from_bytes(damaged)


def test_without_a_graph_nothing_is_computed():
    with pytest.raises(ValueError, match="CE401"):
        onnx_twin(BiLSTM(12, 5)).predict(sequences())


@pytest.mark.parametrize("make, X", [(SEQUENCES["bilstm"], sequences()), (WORDS["char cnn"], words())])
def test_it_cannot_be_trained(make, X):
    layer = exported(initialized(make))
    for use in (layer.begin_update, layer.initialize):
        with pytest.raises(ValueError, match=rf"CE400.*{layer.name}"):
            use(X)
    with pytest.raises(ValueError, match="CE400"):
        layer(X, is_train=False)[1](None)
    # of a frozen encoder, the training asks only this
    layer.finish_update(lambda key, weights, gradient, **kwargs: (weights, gradient))
