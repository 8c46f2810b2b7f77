import json
from dataclasses import replace

import pytest
import spacy
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.experiments.transfer_cells import TransferExperiment, curve_cells, layer_cells
from spacy_clinner.ledger import read_results

from ..toys.room import make_room
from ..toys.tagger import make_nlp, train

TRANSFER = """
[initialize.after_init]
@callbacks = "spacy_clinner.transfer_layers.v1"
source = ${paths.model}
up_to = "crf"
"""


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    room = make_room(tmp_path_factory.mktemp("room"))
    config = spacy.util.load_config(room / "config.cfg").merge(
        spacy.util.load_config_from_str("[initialize]\n" + TRANSFER)
    )
    config.to_disk(room / "transfer.cfg")
    source = make_nlp()
    train(source)
    source.to_disk(room / "source")
    data = {name: room / f"{name}.spacy" for name in ("train", "dev", "test")}
    return TransferExperiment(
        room / "transfer.cfg", room / "source", **data, output=room / "out", shares=(30, 60), seeds=(0, 1)
    )


def test_curve_pairs_transfer_with_none(experiment):
    cells = curve_cells(experiment)
    assert [tuple(cell.keys.values()) for cell in cells[:4]] == [
        (30, "none", 0), (30, "all", 0), (60, "none", 0), (60, "all", 0),
    ]  # fmt: skip
    without, transfer = (cell.resolve(None).interpolate() for cell in cells[:2])
    assert without["initialize"]["after_init"] is None
    assert transfer["initialize"]["after_init"]["source"] == str(experiment.source)
    assert without["paths"] | {"model": None} == transfer["paths"] | {"model": None}
    assert cells[4].overrides["system.seed"] == 1 and len({cell.identity for cell in cells}) == len(cells) == 8


def test_layers_go_up_one_by_one(experiment):
    cells = layer_cells(replace(experiment, shares=(60,), seeds=(0,)))
    assert [cell.keys["transfer"] for cell in cells] == [
        "none", "token_embeddings", "character_embeddings", "character_encoder", "token_encoder", "fully_connected",
        "crf",
    ]  # fmt: skip
    assert cells[3].resolve(None)["initialize"]["after_init"]["up_to"] == "character_encoder"


def test_a_config_without_transfer(experiment):
    with pytest.raises(ValueError, match="CE083"):
        curve_cells(replace(experiment, config=experiment.config.with_name("config.cfg")))


def test_settings_that_each_training_has_of_its_own(experiment):
    with pytest.raises(ValueError, match="CE325.*paths.train, system.seed"):
        curve_cells(replace(experiment, overrides={"system.seed": 3, "paths.train": "x", "training.max_steps": 2}))


@pytest.mark.slow
def test_curve_command_writes_table_and_plots_and_resumes(experiment):
    paths = {name: getattr(experiment, name) for name in ("source", "train", "dev", "test", "output")}
    command = ["curve", str(experiment.config)]
    for name, path in paths.items():
        command += [f"--{name}", str(path)]
    command += ["--share", "30", "--share", "60", "--seed", "0", "--training.max_steps", "2"]
    result = CliRunner().invoke(clinner_cli, command)
    assert result.exit_code == 0, result.output
    page = (experiment.output / "curve.md").read_text(encoding="utf8")
    assert "| labels | no transfer | transfer |" in page and "% of the labels with transfer do the work of" in page
    assert (experiment.output / "curve.png").exists() and (experiment.output / "curve.svg").exists()
    runs = json.loads((experiment.output / "curve.json").read_text(encoding="utf8"))["runs"]
    assert len(runs) == 4 and runs[0]["share"] == 30
    assert sorted(runs[0]["test"]) == ["f", "n_documents", "n_entities", "p", "r"]
    records = read_results(experiment.output / "results.jsonl")
    assert len(records) == 4 and sorted(len(record["history"]) for record in records.values()) == [2] * 4
    with_transfer = [record["dev"] for record in records.values() if record["transfer"]]
    without = [record["dev"] for record in records.values() if not record["transfer"]]
    # the smaller share does not hold all labels
    assert max(with_transfer) == 1.0 and min(with_transfer) > max(without)
    again = CliRunner().invoke(clinner_cli, command)
    assert again.exit_code == 0 and len(read_results(experiment.output / "results.jsonl")) == 4


@pytest.mark.parametrize("missing", ["source", "train", "dev", "test"])
def test_a_missing_file_is_named_before_anything_is_trained(experiment, tmp_path, missing):
    command = ["curve", str(experiment.config), "--output", str(tmp_path / "out"), "--dry"]
    for name in ("source", "train", "dev", "test"):
        command += [f"--{name}", str(tmp_path / "nowhere" if name == missing else getattr(experiment, name))]
    result = CliRunner().invoke(clinner_cli, command)
    assert result.exit_code == 1 and "CE374" in result.output and "nowhere" in result.output
    assert not (tmp_path / "out").exists()


def test_commands_end_with_the_coded_message(experiment):
    command = ["layers", str(experiment.config)]
    for name in ("source", "train", "dev", "test", "output"):
        command += [f"--{name}", str(getattr(experiment, name))]
    result = CliRunner().invoke(clinner_cli, [*command, "--share", "70"])
    assert result.exit_code == 1 and "CE082" in result.output
    for option in ("--share", "--seed"):
        result = CliRunner().invoke(clinner_cli, [*command, option, "5;10"])
        assert result.exit_code == 2 and option in result.output and "valid" in result.output
        result = CliRunner().invoke(clinner_cli, [*command, option, "5", option, "5"])
        assert result.exit_code == 2 and option in result.output and "twice" in result.output
