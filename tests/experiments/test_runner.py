import json
import multiprocessing
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from threading import Thread

import pytest
import spacy
from spacy.language import Language

from spacy_clinner import processes, progress
from spacy_clinner.configs import read_config
from spacy_clinner.experiments import runner
from spacy_clinner.experiments.cell import Cell
from spacy_clinner.experiments.runner import plan_steps, run_steps
from spacy_clinner.experiments.step import Kept
from spacy_clinner.experiments.train_cell import train_cell
from spacy_clinner.ledger import read_results
from spacy_clinner.processes import run_in_processes
from spacy_clinner.resuming.checkpoints import Checkpoints
from spacy_clinner.scoring.predictions import read_predictions

from ..toys.room import data_overrides, make_room

pytestmark = pytest.mark.slow


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
    return output, run_steps(cells, output, jobs=2)


def test_every_cell_has_its_record(run, cells):
    _, records = run
    assert [record["keys"]["method"] for record in records] == ["one", "one again", "source only"]
    for record in records:
        assert 0 <= record["test"]["f"] <= 1 and list(record["test"]["documents"]) == [f"note-{i}" for i in range(4)]
        assert {"date", "versions", "seconds", "identity"} <= set(record)
    assert [point["step"] for point in records[0]["history"]] == [0, 2, 4]
    assert records[0]["dev"] == max(point["score"] for point in records[0]["history"])


def test_trainings_tell_how_far_they_are(cells, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(progress, "SECONDS_PER_LINE_OF_PART", 0.0)
    (record,) = run_steps(cells[:1], tmp_path)
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("method one: Train:")]
    assert "4/4" in lines[-1] and f"dev {record['history'][-1]['score']:.3f}" in lines[-1]


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
    """In a process that is started as those of a user are, which finds what the test's forks found."""
    monkeypatch.setattr(processes, "START_METHOD", "spawn")
    output, records = run
    lines = (output / "results.jsonl").read_text().splitlines()
    kept = [line for line in lines if json.loads(line)["identity"] != cells[0].identity]
    (output / "results.jsonl").write_text("\n".join(kept) + "\n" + '{"identity": "cut sho')
    started = []

    def count(function, tasks, *args):
        return run_in_processes(function, (started.append(task) or task for task in tasks), *args)

    monkeypatch.setattr(runner, "run_in_processes", count)
    again = run_steps(cells, output)
    assert [task.step.identity for task in filter(None, started)] == [cells[0].identity]
    assert [record["test"] for record in again] == [record["test"] for record in records]
    assert len((output / "results.jsonl").read_text().splitlines()) == 3


def test_a_step_starts_when_what_it_needs_is_done(room, cells, tmp_path):
    """No other training is waited for."""
    source = cells[2].start
    slow = replace(source, keys={"method": "slow"}, overrides={**source.overrides, "training.max_steps": 200})
    run_steps([slow, cells[2]], tmp_path, jobs=2)
    ended = list(read_results(tmp_path / "results.jsonl"))
    assert ended == [source.identity, cells[2].identity, slow.identity]


def test_models_that_nobody_waits_for_may_be_removed(cells, tmp_path):
    source, tested = cells[2].start, cells[2]
    run_steps([tested], tmp_path)
    (model,) = (tmp_path / "models").iterdir()
    shutil.rmtree(model)
    assert [planned.lacks for planned in plan_steps([tested], tmp_path)[0].values()] == [None, None]
    again = replace(tested, keys={"method": "again"}, overrides={**tested.overrides, "system.seed": 5})
    lacks = {identity: planned.lacks for identity, planned in plan_steps([tested, again], tmp_path)[0].items()}
    assert lacks == {source.identity: "model", tested.identity: None, again.identity: "result"}
    lacks = [planned.lacks for planned in plan_steps([replace(source, keep=True)], tmp_path)[0].values()]
    assert lacks == ["model"]
    run_steps([tested, again], tmp_path)
    assert list((tmp_path / "models").iterdir()) == [model]


def test_predictions_stay_if_wanted(cells, tmp_path):
    cell = replace(cells[2].start, keep_predictions=True)
    (record,) = run_steps([cell], tmp_path)
    (path,) = (tmp_path / "predictions").iterdir()
    assert path.name == f"{cell.identity[:16]}.jsonl" and path.stat().st_mode & 0o777 == 0o600
    predictions = read_predictions(path)
    assert list(predictions) == list(record["test"]["documents"])
    assert sum(map(len, predictions.values())) == sum(n for _, _, n in record["test"]["documents"].values())
    path.unlink()
    assert [planned.lacks for planned in plan_steps([cell], tmp_path)[0].values()] == ["predictions"]


def test_the_last_model_or_the_best(room, cells, tmp_path):
    source = cells[2].start
    # learned by heart long before the end, so that the first of the best evaluations is not the last one
    longer = {**source.overrides, "training.optimizer.learn_rate": 0.05, "training.max_steps": 40}
    best = replace(source, overrides=longer, keep=True, test=None)
    last = replace(best, last=True)
    records = run_steps([best, last], tmp_path)
    assert [record["test"] for record in records] == [None, None]
    assert records[0]["best_step"] < records[1]["best_step"] == 40 and records[0]["dev"] == 1.0
    weights = [(tmp_path / "models" / cell.identity[:16] / "tagger" / "model").read_bytes() for cell in (best, last)]
    assert weights[0] != weights[1]


def test_missing_data_are_named_before_anything_runs(cells, tmp_path):
    bad = replace(cells[0], overrides={**cells[0].overrides, "paths.train": "no/such.spacy"})
    nested = replace(cells[0], overrides={**cells[0].overrides, "corpora.dev.path": "nor/this.spacy"})
    vectors = replace(cells[0], overrides={**cells[0].overrides, "initialize.vectors": "no/vectors"})
    with pytest.raises(ValueError, match="CE374.*3 files.*no/such.spacy.*no/vectors.*nor/this.spacy"):
        run_steps([bad, cells[0], nested, vectors], tmp_path)
    assert not (tmp_path / "results.jsonl").exists()


def test_a_kill_between_model_and_result(run, cells):
    output, _ = run
    identity = cells[2].start.identity
    lines = (output / "results.jsonl").read_text().splitlines()
    (output / "results.jsonl").write_text("\n".join(line for line in lines if identity not in line) + "\n")
    (model,) = (output / "models").iterdir()
    run_steps(cells, output)
    assert identity in read_results(output / "results.jsonl") and list((output / "models").iterdir()) == [model]


def test_failures_are_named_and_the_rest_is_saved(cells, tmp_path):
    bad = replace(
        cells[0], keys={"method": "bad"}, overrides={**cells[0].overrides, "training.train_corpus": "corpora.no"}
    )
    child = replace(cells[0], keys={"method": "child"}, start=bad)
    with pytest.raises(ValueError, match="CE081.*2 results.*'bad'.*'child'"):
        run_steps([bad, child, cells[0]], tmp_path)
    assert list(read_results(tmp_path / "results.jsonl")) == [cells[0].identity]


def test_a_killed_process_costs_one_training(room, cells, tmp_path):
    """As by a system without memory; what starts from the lost one is lost with it, and made up for later."""
    source = cells[2].start
    others = [replace(source, overrides={**source.overrides, "system.seed": seed}) for seed in (1, 2, 3)]
    killed = []

    def kill_one():
        while len(children := multiprocessing.active_children()) < 2:
            time.sleep(0.01)
        children[0].kill()
        killed.append(children[0])

    killer = Thread(target=kill_one)
    killer.start()
    with pytest.raises(ValueError, match="CE081.*1 results.*CE371"):
        run_steps(others, tmp_path, jobs=2)
    killer.join()
    assert len(killed) == 1 and len(read_results(tmp_path / "results.jsonl")) == 2
    assert [record["identity"] for record in run_steps(others, tmp_path)] == [cell.identity for cell in others]
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 3


def test_a_killed_training_goes_on_from_its_checkpoint(run, cells, tmp_path, monkeypatch):
    """In this process, so that it can be stopped in the middle."""
    _, records = run
    kept = Kept(tmp_path / "model", running=tmp_path / "running")
    monkeypatch.setattr("spacy_clinner.experiments.train_cell.SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    write, written = Checkpoints.write, []

    def write_and_die(self, step, state):
        write(self, step, state)
        written.append(step)
        if step == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "write", write_and_die)
        with pytest.raises(KeyboardInterrupt):
            train_cell(cells[0], None, kept)
    assert written == [0, 1, 2, 3] and not kept.model.exists()
    assert [path.name for path in (tmp_path / "running").iterdir()] == [cells[0].identity[:16]]
    record = train_cell(cells[0], None, kept)
    assert record["test"] == records[0]["test"] and record["best_step"] == records[0]["best_step"]
    points = [[(point["step"], point["score"]) for point in one["history"]] for one in (record, records[0])]
    assert points[0] == points[1]
    assert not any((tmp_path / "running").iterdir())


def test_checkpoints_of_another_version_make_room(cells, tmp_path, monkeypatch):
    """They are of later steps than the first of a training that begins anew."""
    kept = Kept(running=tmp_path)
    checkpoints = kept.checkpoints(cells[0].identity)
    for step in (1000, 1200):
        checkpoints.write(step, {"versions": "others"})
    monkeypatch.setattr("spacy_clinner.experiments.train_cell.SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    write, left = Checkpoints.write, []

    def write_and_look(self, step, state):
        write(self, step, state)
        left.append([path.name for path in self.paths])

    monkeypatch.setattr(Checkpoints, "write", write_and_look)
    train_cell(cells[0], None, kept)
    assert left[1] == ["000000000.checkpoint", "000000001.checkpoint"]


def test_a_component_whose_model_is_none(cells, tmp_path):
    """Such as spaCy's lemmatizer."""

    class Words:
        model = None

        def __call__(self, doc):
            return doc

    Language.factory("words", func=lambda nlp, name: Words())
    config = read_config(cells[0].config)
    config["components"]["words"] = {"factory": "words"}
    config["nlp"]["pipeline"].append("words")
    config.to_disk(tmp_path / "config.cfg")
    assert train_cell(replace(cells[0], config=tmp_path / "config.cfg"), None, Kept())["history"]


class Edited(Cell):
    """Its config is edited while it is trained."""

    def run(self, models, kept):
        record = super().run(models, kept)
        self.config.write_text(self.config.read_text().replace("max_steps = 4", "max_steps = 6"))
        return record


def test_what_changed_while_a_run_worked_is_not_recorded(tmp_path):
    """Neither of the training that was under way nor of one that would have begun later."""
    room = make_room(tmp_path)
    cell = Edited({"seed": 0}, room / "config.cfg", room / "test.spacy", data_overrides(room), keep=True)
    later = replace(cell, keys={"seed": 1}, overrides={**cell.overrides, "system.seed": 1})
    with pytest.raises(ValueError, match="CE081.*2 results.*CE323.*training.max_steps"):
        run_steps([cell, later], tmp_path / "out")
    assert not (tmp_path / "out" / "results.jsonl").exists() and not any((tmp_path / "out" / "models").iterdir())
    # what is planned anew counts
    (record,) = run_steps([replace(cell, keys={"seed": 0})], tmp_path / "out")
    assert [point["step"] for point in record["history"]] == [0, 2, 4, 6]


# Trains for ever; each process says when it begins to.
LONG_RUN = """
import sys
from pathlib import Path

from spacy_clinner.experiments import cell, runner
from spacy_clinner.experiments.cell import Cell
from spacy_clinner.experiments.train_cell import train_cell

def train(*args):
    print("training", flush=True)
    return train_cell(*args)

cell.train_cell = train

if __name__ == "__main__":
    room, output = map(Path, sys.argv[1:])
    data = {"paths.train": str(room / "train.spacy"), "paths.dev": str(room / "dev.spacy"), "training.max_steps": 10**9}
    cells = [Cell({"seed": s}, room / "config.cfg", room / "test.spacy", {**data, "system.seed": s}) for s in (0, 1)]
    runner.run_steps(cells, output, jobs=2)
"""


def test_processes_end_with_a_killed_run(room, cells, tmp_path):
    (tmp_path / "long_run.py").write_text(LONG_RUN)
    command = [sys.executable, tmp_path / "long_run.py", room, tmp_path / "output"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert [run.stdout.readline() for _ in range(2)] == 2 * ["training\n"]
    with pytest.raises(ValueError, match="CE372.*output"):
        run_steps(cells, tmp_path / "output")
    run.kill()
    # all its processes write there, so the end is read when the last of them is gone
    rest, _ = run.communicate(timeout=20)
    assert rest == "" and run.returncode < 0
