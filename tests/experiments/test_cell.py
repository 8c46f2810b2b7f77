from dataclasses import replace

import pytest

from spacy_clinner.configs import read_config
from spacy_clinner.experiments.cell import Cell

from ..paths import CONFIGS
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


@pytest.mark.parametrize("setting", ["initialize.vectors", "components.tagger.source", "corpora.dev.path"])
def test_data_change_the_identity_wherever_they_are_named(cell, tmp_path, setting):
    """Vectors and pipelines are folders, and documents may lie in one."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a").write_text("one")
    config = read_config(cell.config)
    *sections, last = setting.split(".")
    block = config
    for section in sections:
        block = block[section]
    block[last] = str(folder)
    config.to_disk(tmp_path / "named.cfg")
    before = replace(cell, config=tmp_path / "named.cfg").identity
    assert replace(cell, config=tmp_path / "named.cfg").identity == before
    (folder / "a").write_text("two")
    assert replace(cell, config=tmp_path / "named.cfg").identity != before


@pytest.mark.parametrize("setting", ["corpora.train.audit", "training.logger.output_file"])
@pytest.mark.parametrize("overridden", [False, True])
def test_what_a_training_writes_is_no_data(cell, tmp_path, setting, overridden):
    written = str(tmp_path / "out" / "written.tsv")
    config = read_config(cell.config)
    *sections, last = setting.split(".")
    config[sections[0]][sections[1]][last] = None if overridden else written
    config.to_disk(tmp_path / "named.cfg")
    cell = replace(cell, config=tmp_path / "named.cfg")
    if overridden:
        cell = replace(cell, overrides={**cell.overrides, setting: written})
    before = replace(cell).identity
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "written.tsv").write_text("written meanwhile")
    assert replace(cell).identity == before


def test_data_in_a_linked_folder_change_the_identity(cell, tmp_path):
    """spaCy's reader goes into it, too; a link to where it came from ends nowhere."""
    real, folder = tmp_path / "real", tmp_path / "data"
    real.mkdir()
    folder.mkdir()
    (folder / "link").symlink_to(real, target_is_directory=True)
    (real / "back").symlink_to(folder, target_is_directory=True)
    cell = replace(cell, overrides={**cell.overrides, "paths.train": str(folder)})
    before = cell.identity
    (real / "a.spacy").write_text("one")
    assert replace(cell).identity != before


def test_words_of_overrides_are_no_data(cell, tmp_path, monkeypatch):
    """A folder of that name may be the results'; a file is likely meant."""
    monkeypatch.chdir(tmp_path)
    cell = replace(cell, overrides={**cell.overrides, "nlp.lang": "en", "paths.model": "x" * 300})
    before = cell.identity
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "results.jsonl").write_text("{}")
    assert replace(cell).identity == before
    (tmp_path / "en" / "results.jsonl").rename(tmp_path / "results")
    (tmp_path / "en").rmdir()
    (tmp_path / "results").rename(tmp_path / "en")
    assert replace(cell).identity != before


def test_the_model_to_start_from_is_filled_in(cell, tmp_path):
    started = replace(cell, overrides={**cell.overrides, "paths.model": "{model}/model"}, start=cell)
    assert started.resolve(tmp_path)["paths"]["model"] == f"{tmp_path}/model"
    nested = replace(started, overrides={"corpora.dev": {"paths": ["{model}/dev.spacy"]}})
    assert nested.resolve(tmp_path)["corpora"]["dev"] == {"paths": [f"{tmp_path}/dev.spacy"]}


@pytest.mark.parametrize("setting", ["training.max_stepps", "trainng.max_steps", "training.max_steps.deep"])
def test_unknown_setting(cell, setting):
    with pytest.raises(ValueError, match="CE080"):
        replace(cell, overrides={setting: 1}).resolve(None)


def test_a_path_that_an_override_refers_to(cell):
    overrides = {**cell.overrides, "paths.more": "more.spacy", "corpora.dev.path": "${paths.more}"}
    assert replace(cell, overrides=overrides).resolve(None).interpolate()["corpora"]["dev"]["path"] == "more.spacy"


def test_a_seed_that_does_not_arrive(cell, tmp_path):
    """Trainings of several seeds would be one."""
    config = read_config(cell.config)
    config["training"]["seed"] = 5
    config.to_disk(tmp_path / "seed.cfg")
    cell = replace(cell, config=tmp_path / "seed.cfg")
    assert replace(cell, overrides={**cell.overrides, "system.seed": 5}).identity
    with pytest.raises(ValueError, match="CE324.*seed.cfg.*5"):
        replace(cell, overrides={**cell.overrides, "system.seed": 1}).identity  # noqa: B018


@pytest.mark.parametrize(
    ("idle", "used"), [("temperature = 1.0", "temperature = 1.5"), ("gold_labels = null", 'gold_labels = ["A"]')]
)
def test_settings_that_do_nothing_do_not_change_the_identity(cell, tmp_path, idle, used):
    """Results of recipes from before taggers had them keep their identity."""
    text = cell.config.read_text()
    assert f"{idle}\n" in text
    identities = []
    for name, line in (("before", ""), ("now", f"{idle}\n"), ("used", f"{used}\n")):
        (tmp_path / f"{name}.cfg").write_text(text.replace(f"{idle}\n", line))
        identities.append(replace(cell, config=tmp_path / f"{name}.cfg").identity)
    assert identities[0] == identities[1] != identities[2]


@pytest.mark.parametrize(
    ("recipe", "idle", "used"),
    [
        ("ner_transformer_crf", "layer_rates = null", "layer_rates = {}"),
        ("ner_transformer_crf", "bfloat16 = false", "bfloat16 = true"),
        ("ner_transformer_crf", "overlap = 0", "overlap = 8"),
        ("ner_demo_charcnn-bilstm_crf", "token_dropout = null", 'token_dropout = {"words": 0.5}'),
    ],
)
def test_settings_of_an_encoder_that_do_nothing_do_not_either(cell, tmp_path, recipe, idle, used):
    text = (CONFIGS / f"{recipe}.cfg").read_text()
    assert f"{idle}\n" in text
    identities = []
    for name, line in (("before", ""), ("now", f"{idle}\n"), ("used", f"{used}\n")):
        (tmp_path / f"{name}.cfg").write_text(text.replace(f"{idle}\n", line))
        identities.append(replace(cell, config=tmp_path / f"{name}.cfg", overrides={}).identity)
    assert identities[0] == identities[1] != identities[2]


def test_a_transfer_of_nothing_does_not_change_the_identity(cell, tmp_path):
    """Results of recipes from before they could start from a source's model keep their identity."""
    before = cell.resolve(None)
    after = before.copy()
    after["paths"]["source_model"] = None
    after["initialize"]["after_init"] = {
        "@callbacks": "spacy_clinner.transfer_layers.v1", "source": "${paths.source_model}", "up_to": "crf"
    }  # fmt: skip
    identities = []
    for name, config in {"before": before, "after": after}.items():
        config.to_disk(tmp_path / f"{name}.cfg", interpolate=False)
        identities.append(replace(cell, config=tmp_path / f"{name}.cfg", overrides={}).identity)
    transferring = replace(cell, config=tmp_path / "after.cfg", overrides={"paths.source_model": "model"})
    assert identities[0] == identities[1] != transferring.identity
