from dataclasses import replace

import pytest

from spacy_clinner.experiments.cell import Cell

from ..toys.room import data_overrides, make_room


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return make_room(tmp_path_factory.mktemp("room"))


@pytest.fixture
def cell(room):
    return Cell({"seed": 0}, room / "config.cfg", room / "test.spacy", data_overrides(room))


def test_same_work_same_identity(cell):
    assert replace(cell, keys={"method": "another name"}).identity == cell.identity


@pytest.mark.parametrize("change", [{"system.seed": 1}, {"training.max_steps": 5}, {"training.optimizer.L2": 0.5}])
def test_settings_change_the_identity(cell, change):
    assert replace(cell, overrides={**cell.overrides, **change}).identity != cell.identity


def test_data_and_start_change_the_identity(cell, tmp_path, room):
    other = tmp_path / "train.spacy"
    other.write_bytes((room / "train.spacy").read_bytes())
    before = replace(cell, overrides={**cell.overrides, "paths.train": str(other)}).identity
    other.write_bytes(b"changed")
    assert replace(cell, overrides={**cell.overrides, "paths.train": str(other)}).identity != before
    started = replace(cell, start=cell)
    assert len({cell.identity, started.identity, replace(started, train=False).identity}) == 3


def test_the_model_to_start_from_is_filled_in(cell, tmp_path):
    started = replace(cell, overrides={**cell.overrides, "paths.model": "{model}/model"}, start=cell)
    assert started.resolve(tmp_path)["paths"]["model"] == f"{tmp_path}/model"


@pytest.mark.parametrize("setting", ["training.max_stepps", "trainng.max_steps", "training.max_steps.deep"])
def test_unknown_setting(cell, setting):
    with pytest.raises(ValueError, match="CE080"):
        replace(cell, overrides={setting: 1}).resolve(None)
