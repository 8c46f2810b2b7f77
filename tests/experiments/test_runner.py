import json
from dataclasses import replace

import pytest
import spacy

from spacy_clinner.experiments import runner
from spacy_clinner.experiments.cell import Cell
from spacy_clinner.experiments.runner import append_result, read_results, run_cells

from .room import data_overrides, make_room


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return make_room(tmp_path_factory.mktemp("room"))


@pytest.fixture(scope="module")
def cells(room):
    """A source, two names for the same training, and the untrained source tested again."""
    source = Cell({"method": "source"}, room / "config.cfg", room / "test.spacy", data_overrides(room))
    one = replace(source, keys={"method": "one"}, overrides={**source.overrides, "system.seed": 1})
    again = replace(one, keys={"method": "one again"})
    tested = replace(source, keys={"method": "source only"}, start=source, train=False)
    return [one, again, tested]


@pytest.fixture(scope="module")
def run(cells, tmp_path_factory):
    output = tmp_path_factory.mktemp("output")
    return output, run_cells(cells, output, jobs=2)


def test_every_cell_has_its_record(run, cells):
    _, records = run
    assert [record["keys"]["method"] for record in records] == ["one", "one again", "source only"]
    for record in records:
        assert 0 <= record["test"]["f"] <= 1 and list(record["test"]["documents"]) == [f"note-{i}" for i in range(4)]
        assert {"date", "versions", "seconds", "identity"} <= set(record)
    assert [point["step"] for point in records[0]["history"]] == [0, 2, 4]
    assert records[0]["dev"] == max(point["score"] for point in records[0]["history"])


def test_equal_work_is_done_once(run):
    output, _ = run
    assert len((output / "results.jsonl").read_text().splitlines()) == 3


def test_models_to_start_from_are_kept(run, cells):
    output, records = run
    (model,) = (output / "models").iterdir()
    assert spacy.load(model).get_pipe("tagger").labels == ("DOSAGE", "DRUG", "PROBLEM")
    source = read_results(output / "results.jsonl")[cells[2].start.identity]
    assert source["test"] == records[2]["test"] and records[2]["history"] == []


def test_a_killed_run_goes_on(run, cells, monkeypatch):
    output, records = run
    lines = (output / "results.jsonl").read_text().splitlines()
    kept = [line for line in lines if json.loads(line)["identity"] != cells[0].identity]
    (output / "results.jsonl").write_text("\n".join(kept) + "\n" + '{"identity": "cut sho')
    levels = []
    monkeypatch.setattr(runner, "_pool", lambda jobs, make=runner._pool: levels.append(jobs) or make(jobs))
    again = run_cells(cells, output)
    assert levels == [1, 0]
    assert [record["test"] for record in again] == [record["test"] for record in records]
    assert len((output / "results.jsonl").read_text().splitlines()) == 3


def test_a_kill_between_model_and_result(run, cells):
    output, _ = run
    identity = cells[2].start.identity
    lines = (output / "results.jsonl").read_text().splitlines()
    (output / "results.jsonl").write_text("\n".join(line for line in lines if identity not in line) + "\n")
    (model,) = (output / "models").iterdir()
    run_cells(cells, output)
    assert identity in read_results(output / "results.jsonl") and list((output / "models").iterdir()) == [model]


def test_a_result_is_a_line_whatever_its_labels(tmp_path):
    record = {"identity": "a", "test": {"one\u2028label\x85": 1.0}}
    append_result(tmp_path / "results.jsonl", record)
    assert read_results(tmp_path / "results.jsonl") == {"a": record}


def test_failures_are_named_and_the_rest_is_saved(cells, tmp_path):
    bad = replace(
        cells[0], keys={"method": "bad"}, overrides={**cells[0].overrides, "training.train_corpus": "corpora.no"}
    )
    child = replace(cells[0], keys={"method": "child"}, start=bad)
    with pytest.raises(ValueError, match="CE081.*2 results.*'bad'.*'child'"):
        run_cells([bad, child, cells[0]], tmp_path)
    assert list(read_results(tmp_path / "results.jsonl")) == [cells[0].identity]
