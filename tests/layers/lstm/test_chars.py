import numpy as np
import pytest

from spacy_clinner.layers.lstm.chars import CharCNN, CharLSTM

from ...toys.gradients import assert_gradients, squares

ENCODERS = [CharCNN(6, n_rows=20, width=4), CharLSTM(6, n_rows=20, width=4)]


def words(*lengths):
    rng = np.random.default_rng(0)
    return rng.integers(1, 20, size=sum(lengths)), np.array(lengths)


@pytest.fixture(params=ENCODERS, ids=lambda model: model.name)
def encoder(request):
    model = request.param.copy()
    model.initialize()
    return model


@pytest.mark.parametrize("lengths", [(1,), (2,), (3,), (3, 1, 12, 5, 1, 2)])
def test_batch_equals_single(encoder, lengths):
    chars, _ = words(*lengths)
    batch = encoder.predict((chars, np.array(lengths)))
    ends = np.cumsum(lengths)
    for row, length, end in zip(batch, lengths, ends, strict=True):
        alone = encoder.predict((chars[end - length : end], np.array([length])))
        assert np.allclose(alone[0], row, atol=1e-6)


def test_word_without_characters_is_zeros(encoder):
    vectors = encoder.predict(words(3, 0, 2))
    assert not vectors[1].any() and vectors[0].any() and vectors[2].any()
    assert encoder.predict((np.zeros(0, dtype="i"), np.zeros(2, dtype="i"))).tolist() == np.zeros((2, 6)).tolist()


def test_gradients(encoder):
    assert_gradients(encoder, words(3, 1, 7, 2), lambda Y: squares([Y]), lambda Y: Y, step=1e-3, tolerance=5e-2)


def test_convolution_by_hand():
    model = CharCNN(2, n_rows=5, width=3, window=3)
    model.initialize()
    table, filters, bias = (model.get_param(name) for name in ("char_table", "filters", "bias"))
    word = np.array([2, 4, 1])
    padded = np.concatenate([np.zeros((1, 3)), table[word], np.zeros((1, 3))])
    positions = [[(padded[i : i + 3].T * filters[f]).sum() + bias[f] for i in range(3)] for f in range(2)]
    assert np.allclose(model.predict((word, np.array([3])))[0], np.max(positions, axis=1), atol=1e-6)


def test_lstm_reads_both_ways():
    model = CharLSTM(6, n_rows=20, width=4)
    model.initialize()
    word = np.array([3, 7, 11])
    for kind in ("input", "recurrent", "bias"):
        model.set_param(f"backward_0_{kind}", model.get_param(f"forward_0_{kind}").copy())
    there, back = (model.predict((chars, np.array([3])))[0] for chars in (word, word[::-1].copy()))
    assert np.allclose(there[:3], back[3:]) and np.allclose(there[3:], back[:3])


def test_sizes_that_cannot_be():
    with pytest.raises(ValueError, match="CE140"):
        CharLSTM(5, n_rows=20)
    for window in (0, 4):
        with pytest.raises(ValueError, match="CE135.*window"):
            CharCNN(6, n_rows=20, window=window)
