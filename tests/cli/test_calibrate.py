import os
import shutil

import pytest
import spacy
from spacy.cli.train import train
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_clinner.assembly.training_data import TRAINING_DATA
from spacy_clinner.cli import clinner_cli
from spacy_clinner.provenance import sha256

from ..toys import tagger
from ..toys.calibration import dev_of_tagger
from ..toys.room import make_room


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder with a tagger, the data that it learned by heart, and other data."""
    folder = tmp_path_factory.mktemp("calibrate")
    nlp = tagger.make_nlp()
    tagger.train(nlp)
    write(folder / "train.spacy", tagger.references(nlp))
    write(folder / "dev.spacy", dev_of_tagger(nlp))
    nlp.config["paths"]["train"] = str(folder / "train.spacy")
    nlp.to_disk(folder / "model")
    return folder


def write(path, docs):
    DocBin(docs=docs, store_user_data=True).to_disk(path)


def calibrate(*args):
    return CliRunner().invoke(clinner_cli, ["calibrate", *map(str, args)])


def test_shows_what_changes_and_saves_it_where_it_is_told(room, tmp_path):
    result = calibrate(room / "model", room / "dev.spacy")
    assert result.exit_code == 0, result.output
    assert "tagger" in result.output and "Nothing is saved" in result.output
    result = calibrate(room / "model", room / "dev.spacy", "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    before, after = spacy.load(room / "model"), spacy.load(tmp_path / "out")
    assert before.get_pipe("tagger").cfg["temperature"] == 1.0 < after.get_pipe("tagger").cfg["temperature"]
    known = after.meta["clinner_calibration"]["tagger"]
    assert known["data"] == {str(room / "dev.spacy"): sha256(room / "dev.spacy")}
    assert {"date", "versions", "interval", "loss", "documents", "check_below"} <= set(known)
    # what is there is replaced only if that is wanted
    assert calibrate(room / "model", room / "dev.spacy", "--output", tmp_path / "out").exit_code == 1
    assert calibrate(tmp_path / "out", room / "dev.spacy", "--in-place").exit_code == 0
    again = spacy.load(tmp_path / "out")
    assert again.get_pipe("tagger").cfg == after.get_pipe("tagger").cfg


def test_names_that_are_not_utf8_can_be_stored(room, tmp_path):
    folder = tmp_path / os.fsdecode(b"\xc4rzte")
    folder.mkdir()
    shutil.copy(room / "dev.spacy", folder)
    result = calibrate(room / "model", folder / "dev.spacy", "--output", folder / "out")
    assert result.exit_code == 0, result.output
    known = spacy.load(folder / "out").meta["clinner_calibration"]["tagger"]
    assert known["data"] == {rf"{tmp_path}/\udcc4rzte/dev.spacy": sha256(room / "dev.spacy")}


def test_either_in_place_or_elsewhere(room, tmp_path):
    both = calibrate(room / "model", room / "dev.spacy", "--in-place", "--output", tmp_path / "out")
    assert both.exit_code == 2 and "exclude each other" in both.output
    name = calibrate("en_no_folder", room / "dev.spacy", "--in-place")
    assert name.exit_code == 2 and "no folder" in name.output


def test_not_on_what_it_was_trained_on(room, tmp_path):
    result = calibrate(room / "model", room / "train.spacy")
    assert result.exit_code == 1 and "CE383" in result.output
    insisted = calibrate(room / "model", room / "train.spacy", "--training-data")
    assert insisted.exit_code == 0, insisted.output
    nlp = spacy.load(room / "model")
    (tmp_path / "corpus" / "part").mkdir(parents=True)
    shutil.copy(room / "train.spacy", tmp_path / "corpus" / "part" / "train.spacy")
    nlp.config["paths"]["train"] = str(tmp_path / "corpus")
    nlp.to_disk(tmp_path / "of-a-folder")
    result = calibrate(tmp_path / "of-a-folder", room / "train.spacy")
    assert result.exit_code == 1 and "CE383" in result.output
    # the meta remembers where the file is gone
    nlp.config["paths"]["train"] = None
    nlp.meta[TRAINING_DATA] = {"elsewhere/train.spacy": sha256(room / "train.spacy")}
    nlp.to_disk(tmp_path / "moved")
    result = calibrate(tmp_path / "moved", room / "train.spacy")
    assert result.exit_code == 1 and "elsewhere/train.spacy" in result.output


def test_documents_that_tell_too_little(room, tmp_path):
    nlp = spacy.blank("en")
    docs = [nlp.make_doc("nothing here"), nlp.make_doc("nor here")]
    write(tmp_path / "unannotated.spacy", docs)
    for doc in docs:
        doc.set_ents([])
    write(tmp_path / "empty.spacy", docs)
    for name in ("unannotated", "empty"):
        result = calibrate(room / "model", tmp_path / f"{name}.spacy", "--output", tmp_path / "out")
        assert result.exit_code == 1 and "CE382" in result.output, result.output
    assert not (tmp_path / "out").exists()
    write(tmp_path / "one.spacy", dev_of_tagger(nlp)[:1])
    with pytest.warns(UserWarning, match="CW381"):
        result = calibrate(room / "model", tmp_path / "one.spacy", "--output", tmp_path / "one")
    assert result.exit_code == 0, result.output
    assert spacy.load(tmp_path / "one").get_pipe("tagger").cfg["temperature"] == 1.0


def test_on_its_training_documents_by_pipelines_that_have_not_seen_them(tmp_path):
    room = make_room(tmp_path)
    docs = [doc for doc in dev_of_tagger(spacy.blank("en")) if len(doc)]
    write(room / "train.spacy", docs)
    config = spacy.util.load_config(room / "config.cfg")
    config["training"]["max_steps"] = 60
    config["paths"] |= {"train": str(room / "train.spacy"), "dev": str(room / "train.spacy")}
    config.to_disk(room / "config.cfg")
    train(room / "config.cfg", room / "out")
    model = room / "out" / "model-last"
    result = calibrate(model, "--folds", 3, "--output", room / "calibrated")
    assert result.exit_code == 0, result.output
    nlp = spacy.load(room / "calibrated")
    known = nlp.meta["clinner_calibration"]["tagger"]
    assert known["documents"] == len(docs) and nlp.get_pipe("tagger").cfg["temperature"] != 1.0
    assert known["data"] == {str(room / "train.spacy"): sha256(room / "train.spacy")}
    assert spacy.load(model).get_pipe("tagger").model.to_bytes() == nlp.get_pipe("tagger").model.to_bytes()
    few = calibrate(model, "--folds", 100)
    assert few.exit_code == 1 and "CE363" in few.output


def test_documents_or_folds(room):
    for arguments in ([], [room / "dev.spacy", "--folds", 2]):
        result = calibrate(room / "model", *arguments)
        assert result.exit_code == 2 and "--folds" in result.output
    for arguments, other in (
        ([room / "dev.spacy", "--jobs", 1], "--jobs"),
        (["--folds", 2, "--training-data"], "-data"),
    ):
        result = calibrate(room / "model", *arguments)
        assert result.exit_code == 2 and other in result.output
    name = calibrate("en_no_folder", "--folds", 2)
    assert name.exit_code == 2 and "no folder" in name.output
