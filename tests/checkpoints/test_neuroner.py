import numpy as np
import pytest

from spacy_clinner.checkpoints.neuroner import read_checkpoint

from .writer import SETTINGS, dump_dataset, write_checkpoint

LSTM_BIAS = "token_lstm/bidirectional_LSTM/bidirectional_rnn/bw/coupled_input_forget_gate_lstm_cell/B"


def test_maps_and_weights(tmp_path):
    tags, weights = write_checkpoint(tmp_path / "model")
    found = read_checkpoint(tmp_path / "model")
    assert found.name == "model" and found.tokenizer == "spacy"
    assert found.labels == ["DATE", "NAME"]
    assert [tags[column] for column in found.columns] == [
        "O",
        *(f"{kind}-{label}" for kind in "BIES" for label in ("DATE", "NAME")),
    ]
    assert "".join(map(chr, found.characters)) == "eatz19"
    assert set(found.tensors) == set(weights)


FILES = ["model.ckpt.index", "model.ckpt.data-00000-of-00001", "dataset.pickle", "parameters.ini"]


@pytest.mark.parametrize("missing", FILES)
def test_a_folder_that_lacks_a_file(tmp_path, missing):
    write_checkpoint(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(ValueError, match=f"CE050.*{missing}"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "tensors,what",
    [
        ({LSTM_BIAS: np.zeros(3, "f")}, LSTM_BIAS),
        ({"token_embedding/token_embedding_weights": np.zeros((2, 4), "f")}, "token_embedding"),
        ({"crf/transitions": np.zeros((2, 2), "f")}, "crf/transitions"),
        ({"feedforward_after_lstm/W": np.zeros((10, 0), "f")}, "feedforward_after_lstm"),
        ({"character_embedding/character_embedding_weights": np.zeros((9, 3), "f")}, "character_embedding"),
    ],
)
def test_weights_that_do_not_fit(tmp_path, tensors, what):
    write_checkpoint(tmp_path, **tensors)
    with pytest.raises(ValueError, match=f"CE054.*{what}"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "maps,what",
    [
        ({"label_to_index": {"O": 0, "B-X": 1}, "character_to_index": {"a": 1}}, "label_to_index"),
        ({"label_to_index": {"O": 0}, "character_to_index": {"a": 2}}, "character_to_index"),
        ({"label_to_index": {"O": "zero"}}, "label_to_index"),
        ({}, "label_to_index"),
    ],
)
def test_maps_of_something_else(tmp_path, maps, what):
    write_checkpoint(tmp_path)
    dump_dataset(tmp_path / "dataset.pickle", maps)
    with pytest.raises(ValueError, match=f"CE054.*{what}"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "settings,what",
    [
        (SETTINGS.replace("use_crf = True", "use_crf = False"), "use_crf"),
        (SETTINGS.replace("bioes", "bio"), "tagging_format = 'bio'"),
        (SETTINGS.replace("check_for_lowercase = True\n", ""), "check_for_lowercase = 'missing'"),
        ("use_crf = True", "unreadable"),
    ],
)
def test_models_that_compute_something_else(tmp_path, settings, what):
    write_checkpoint(tmp_path, settings=settings)
    with pytest.raises(ValueError, match=f"CE057.*{what}"):
        read_checkpoint(tmp_path)


@pytest.mark.realdata
@pytest.mark.parametrize("name,n_labels", [("mimic", 12), ("i2b2_2014", 23)])
def test_published_checkpoints(data_dir, name, n_labels):
    found = read_checkpoint(data_dir / "neuroner" / f"{name}_glove_spacy_bioes")
    assert len(found.labels) == n_labels and {"DATE", "DOCTOR", "PATIENT", "PHONE"} <= set(found.labels)
    assert len(found.characters) == 94 and len(set(found.characters)) == 94
    assert found.tokenizer == "spacy"
