import json
from dataclasses import replace
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_clinner.configs import read_config
from spacy_clinner.experiments.cell import Cell
from spacy_clinner.experiments.probability_cell import ProbabilityCell
from spacy_clinner.experiments.runner import plan_steps, run_steps
from spacy_clinner.reports.probabilities import probability_tables

from ..toys.calibration import dev_of_tagger
from ..toys.room import data_overrides, make_room


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    folder = make_room(tmp_path_factory.mktemp("room"))
    docs = [doc for doc in dev_of_tagger(spacy.blank("en")) if len(doc)]
    for name in ("dev", "test"):
        DocBin(docs=docs, store_user_data=True).to_disk(folder / f"{name}.spacy")
    return folder


@pytest.fixture(scope="module")
def cells(room):
    overrides = {**data_overrides(room), "training.max_steps": 100, "training.optimizer.learn_rate": 0.02}
    overrides["components.tagger.threshold"] = 0.4
    keys = {"source": "toy", "target": "toy", "method": "recipe"}
    return [
        Cell(
            {**keys, "seed": seed},
            room / "config.cfg",
            room / "test.spacy",
            {**overrides, "system.seed": seed},
            # of equal scores the first counts, when it has not learned them by heart
            last=True,
        )
        for seed in (0, 1)
    ]


@pytest.fixture(scope="module")
def records(cells, tmp_path_factory):
    return run_steps([ProbabilityCell(cell) for cell in cells], tmp_path_factory.mktemp("out"))


def test_no_documents_to_calibrate_on(room, cells, tmp_path):
    overrides = {**cells[0].overrides, "paths.dev": None, "corpora.dev.path": str(room / "dev.spacy")}
    with pytest.raises(ValueError, match="CE352.*paths.dev"):
        plan_steps([ProbabilityCell(replace(cells[0], overrides=overrides))], tmp_path)


def test_a_training_is_measured_as_it_is_and_calibrated(records):
    for record in records:
        trained, calibrated = (record[stage]["sureness"]["predicted"] for stage in ("trained", "calibrated"))
        assert record["calibration"]["tagger"]["temperature"] > 1
        assert calibrated["log_likelihood"] > trained["log_likelihood"]
        assert {"p", "r", "f"} <= set(record["trained"]) and record["trained"]["f"] > 0.5
        assert (
            record["calibrated"]["sureness"]["not_predicted"] is None
            or "ece" in record["calibrated"]["sureness"]["not_predicted"]
        )
    assert json.loads(json.dumps(records)) == records


def test_the_table_has_a_line_before_and_a_line_after(records):
    heading, table, _ = probability_tables(records)
    assert heading == "## Probabilities, toy → toy"
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    assert [line[:2] for line in lines[2:]] == [["recipe", "trained"], ["recipe", "calibrated"]]
    assert lines[2][2] == "1" and float(lines[3][2].split(" ± ")[0]) > 1
    head = [cell.strip() for cell in table.splitlines()[0].split("|")[1:-1]]
    cells = dict(zip(head, lines[2], strict=True))
    assert cells.pop("ECE, not predicted") == "-" and all("±" in cell for cell in list(cells.values())[3:])


def test_a_tagger_that_finds_nothing_has_no_probabilities(records):
    nothing = {"f": 0.0, "sureness": None}
    _, table, _ = probability_tables([{**records[0], "trained": nothing, "calibrated": nothing}])
    assert table.splitlines()[2].split("|")[5:-1] == [" - "] * 8


def test_other_dev_documents_are_another_measurement(cells, room, tmp_path):
    cell = ProbabilityCell(cells[0])
    assert cell.needs == [cells[0]] and cell.keys == cells[0].keys and not cell.keep
    assert set(cell.data) == {room / "dev.spacy", room / "test.spacy"}
    other = tmp_path / "dev.spacy"
    other.write_bytes(Path(room / "train.spacy").read_bytes())
    changed = replace(cells[0], overrides={**cells[0].overrides, "paths.dev": str(other)})
    assert ProbabilityCell(changed).identity != cell.identity == ProbabilityCell(cells[0]).identity


def test_a_config_that_is_not_filled(cells, tmp_path):
    """It has no threshold, and a reference to dev."""
    config = read_config(cells[0].config)
    del config["components"]["tagger"]["threshold"]
    config["paths"]["held_out"] = cells[0].overrides["paths.dev"]
    config["paths"]["dev"] = "${paths.held_out}"
    config.to_disk(tmp_path / "config.cfg")
    overrides = {"paths.train": cells[0].overrides["paths.train"], "training.max_steps": 20}
    cell = ProbabilityCell(replace(cells[0], config=tmp_path / "config.cfg", overrides=overrides))
    assert cell.dev == Path(cells[0].overrides["paths.dev"])
    (record,) = run_steps([cell], tmp_path / "out")
    assert {"trained", "calibrated"} <= record.keys()
