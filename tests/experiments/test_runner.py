import json
import multiprocessing
import subprocess
import sys
import time
from dataclasses import replace
from threading import Thread

import pytest
import spacy

from spacy_clinner.experiments import runner
from spacy_clinner.experiments.cell import Cell
from spacy_clinner.experiments.runner import run_cells
from spacy_clinner.ledger import read_results
from spacy_clinner.processes import run_in_processes

from ..toys.room import data_overrides, make_room


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

    def count(function, trainings, *args):
        levels.append(len(trainings))
        return run_in_processes(function, trainings, *args)

    monkeypatch.setattr(runner, "run_in_processes", count)
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


def test_failures_are_named_and_the_rest_is_saved(cells, tmp_path):
    bad = replace(
        cells[0], keys={"method": "bad"}, overrides={**cells[0].overrides, "training.train_corpus": "corpora.no"}
    )
    child = replace(cells[0], keys={"method": "child"}, start=bad)
    with pytest.raises(ValueError, match="CE081.*2 results.*'bad'.*'child'"):
        run_cells([bad, child, cells[0]], tmp_path)
    assert list(read_results(tmp_path / "results.jsonl")) == [cells[0].identity]


def test_a_killed_process_costs_one_training(room, cells, tmp_path):
    """As by a system without memory; what starts from the lost one is lost with it, and made up for later."""
    source = cells[2].start
    others = [replace(source, overrides={**source.overrides, "system.seed": seed}) for seed in (1, 2, 3)]
    killed = []

    def kill_one():
        while len(children := multiprocessing.active_children()) < 2:
            time.sleep(0.01)
        time.sleep(0.5)
        children[0].kill()
        killed.append(children[0])

    killer = Thread(target=kill_one)
    killer.start()
    with pytest.raises(ValueError, match="CE081.*1 results.*CE371"):
        run_cells(others, tmp_path, jobs=2)
    killer.join()
    assert len(killed) == 1 and len(read_results(tmp_path / "results.jsonl")) == 2
    assert [record["identity"] for record in run_cells(others, tmp_path)] == [cell.identity for cell in others]
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 3


# Trains for ever; each process says when it begins to.
LONG_RUN = """
import sys
from pathlib import Path

from spacy_clinner.experiments import runner
from spacy_clinner.experiments.cell import Cell
from spacy_clinner.experiments.train_cell import train_cell

def train(*args):
    print("training", flush=True)
    return train_cell(*args)

runner.train_cell = train

if __name__ == "__main__":
    room, output = map(Path, sys.argv[1:])
    data = {"paths.train": str(room / "train.spacy"), "paths.dev": str(room / "dev.spacy"), "training.max_steps": 10**9}
    cells = [Cell({"seed": s}, room / "config.cfg", room / "test.spacy", {**data, "system.seed": s}) for s in (0, 1)]
    runner.run_cells(cells, output, jobs=2)
"""


def test_processes_end_with_a_killed_run(room, cells, tmp_path):
    (tmp_path / "long_run.py").write_text(LONG_RUN)
    command = [sys.executable, tmp_path / "long_run.py", room, tmp_path / "output"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert [run.stdout.readline() for _ in range(2)] == 2 * ["training\n"]
    with pytest.raises(ValueError, match="CE372.*output"):
        run_cells(cells, tmp_path / "output")
    run.kill()
    # all its processes write there, so the end is read when the last of them is gone
    rest, _ = run.communicate(timeout=20)
    assert rest == "" and run.returncode < 0
