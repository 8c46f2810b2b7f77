import pytest

from spacy_clinner.configs import read_config
from spacy_clinner.resuming.fingerprint import differences, fingerprint

from ..paths import CONFIGS


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return read_config(CONFIGS / "ner_charcnn-bilstm_crf.cfg", interpolate=True)


@pytest.mark.parametrize("path", ["train.spacy", "./train.spacy", "documents"])
def test_data_that_changed_are_seen_however_they_are_named(config, tmp_path, path):
    config["paths"]["train"] = config["corpora"]["train"]["path"] = path
    (tmp_path / path).write_bytes(b"one")
    before = fingerprint(config)
    (tmp_path / path).write_bytes(b"two")
    assert differences(before, fingerprint(config)) == [f"data of {path}"]


def test_files_of_a_list(config, tmp_path):
    config["corpora"]["train"]["path"] = ["a.spacy", "b.spacy"]
    before = fingerprint(config)
    (tmp_path / "b.spacy").write_bytes(b"new")
    assert differences(before, fingerprint(config)) == ["data of b.spacy"]


def test_what_a_training_writes_is_no_data(config, tmp_path):
    config["paths"]["root"] = "."
    config["training"]["logger"]["output_file"] = "out/log.jsonl"
    config["paths"]["audit"] = config["corpora"]["train"]["audit"] = "out/log.jsonl"
    before = fingerprint(config)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "log.jsonl").write_text("written meanwhile")
    assert fingerprint(config) == before


def test_a_folder_that_paths_begin_with_is_no_data_by_itself(config, tmp_path):
    """What a training writes may lie there, too."""
    config["paths"]["work"] = "work"
    config["paths"]["train"] = config["corpora"]["train"]["path"] = "work/train.spacy"
    (tmp_path / "work").mkdir()
    before = fingerprint(config)
    (tmp_path / "work" / "results.jsonl").write_text("written meanwhile")
    assert fingerprint(config) == before
    (tmp_path / "work" / "train.spacy").write_bytes(b"new")
    assert differences(before, fingerprint(config)) == ["data of work/train.spacy"]


@pytest.mark.parametrize("text", ["/" + "b" * 300, "a/b\0c"])
def test_texts_that_can_be_no_path(config, text):
    config["corpora"]["train"]["pattern"] = text
    assert f"data of {text}" not in fingerprint(config)
