"""What a command would run, and why, before it runs anything."""

import json

import pytest
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.cli import clinner_cli
from spacy_clinner.ledger import only_run

from ..toys.room import make_room

GRID = """
config = "{room}/config.cfg"
test = "{room}/test.spacy"
seeds = [0]
overrides = {{ "paths.train" = "{room}/train.spacy", "paths.dev" = "{room}/dev.spacy" }}

[tasks]
pairs = [["a", "b"]]

[methods.source]
hidden = true

[methods."source only"]
start = "source"
train = false

[methods.short]
overrides = {{ "training.max_steps" = 2 }}
"""


@pytest.fixture
def room(tmp_path):
    make_room(tmp_path)
    (tmp_path / "grid.toml").write_text(GRID.format(room=tmp_path.as_posix()))
    return tmp_path


def grid(room, *options):
    words = ["grid", str(room / "grid.toml"), "--output", str(room / "out"), *options]
    result = CliRunner().invoke(clinner_cli, words)
    assert result.exit_code == 0, result.output
    return result.output


def lines(output):
    """State and method of each step; what --why tells of it."""
    rows = [line.split() for line in output.splitlines() if "method=" in line]
    states = [(row[0], next(word for word in row if word.startswith("method="))[7:]) for row in rows]
    return states, [line.strip() for line in output.splitlines() if line.startswith(" " * 30)]


def test_nothing_is_trained_or_written(room):
    output = grid(room, "--dry")
    assert lines(output) == ([("new", "source"), ("new", "source"), ("new", "short")], [])
    assert "3 of 3 would be run, 0 are done" in output and not (room / "out").exists()


@pytest.mark.slow
def test_what_is_done_and_what_changed(room):
    grid(room)
    before = (room / "out" / "results.jsonl").read_bytes()
    output = grid(room, "--why")
    assert [state for state, _ in lines(output)[0]] == ["done"] * 3 and "0 of 3 would be run" in output
    text = (room / "grid.toml").read_text()
    (room / "grid.toml").write_text(text.replace('steps" = 2', 'steps" = 3') + '[methods.long]\nunset = ["nlp.lang"]\n')
    states, why = lines(grid(room, "--why"))
    assert [state for state, _ in states] == ["done", "done", "new", "new"]
    assert why[0].endswith(" in: training.max_steps") and why[1].endswith(" in: nlp.lang")
    assert lines(grid(room, "--dry"))[1] == []
    assert (room / "out" / "results.jsonl").read_bytes() == before


@pytest.mark.slow
def test_changed_data_and_lost_models_are_told(room):
    grid(room)
    for model in (room / "out" / "models").iterdir():
        model.rename(room / "elsewhere")
    text = (room / "grid.toml").read_text()
    (room / "grid.toml").write_text(
        text + '[methods.other]\nstart = "source"\noverrides = { "paths.model" = "{model}" }\n'
    )
    output = grid(room, "--why")
    assert [line.split("  ")[0] for line in output.splitlines()[:1]] == ["lacks model"]
    (room / "train.spacy").write_bytes((room / "train.spacy").read_bytes() + b"\0")
    states, why = lines(grid(room, "--why"))
    assert {state for state, _ in states} == {"new"}
    assert any(line.endswith(f" in: data of {room}/train.spacy") for line in why)


@pytest.mark.slow
def test_results_of_earlier_versions(room):
    grid(room)
    path = room / "out" / "results.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        del record["parts"]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert [state for state, _ in lines(grid(room, "--dry"))[0]] == ["done"] * 3
    (room / "grid.toml").write_text((room / "grid.toml").read_text().replace('steps" = 2', 'steps" = 3'))
    output = grid(room, "--why")
    assert lines(output)[1] == [] and "3 results are of an earlier version" in output


@pytest.mark.slow
def test_a_run_elsewhere_is_not_disturbed(room):
    """The list does not cut the line that another run is writing."""
    grid(room)
    path = room / "out" / "results.jsonl"
    path.write_bytes(path.read_bytes() + b'{"identity": "half a')
    with only_run(room / "out"):
        assert [state for state, _ in lines(grid(room, "--dry"))[0]] == ["done"] * 3
    assert path.read_bytes().endswith(b"half a")


def test_a_test_that_cannot_be_scored(room):
    """It is found out before anything is trained."""
    docs = read_docs(room / "test.spacy")
    for doc in docs:
        doc.user_data[DOC_ID_KEY] = "the same"
    DocBin(docs=docs, store_user_data=True).to_disk(room / "test.spacy")
    result = CliRunner().invoke(clinner_cli, ["grid", str(room / "grid.toml"), "--output", str(room / "out"), "--dry"])
    assert result.exit_code == 1 and "CE084" in result.output and "CE064" in result.output


def test_a_path_that_another_training_reads(room):
    """What trainings share may be for some of them; what none reads is misspelt."""
    config = (room / "config.cfg").read_text()
    (room / "more.cfg").write_text(config.replace("[paths]", "[paths]\nmore = null"))
    shared = GRID.replace("overrides = {{", 'overrides = {{ "paths.more" = "{room}/dev.spacy",', 1)
    (room / "grid.toml").write_text(shared.format(room=room.as_posix()))
    result = CliRunner().invoke(clinner_cli, ["grid", str(room / "grid.toml"), "--output", str(room / "out"), "--dry"])
    assert result.exit_code == 1 and "CE080" in result.output and "'paths.more'" in result.output
    (room / "grid.toml").write_text((shared + 'config = "{room}/more.cfg"\n').format(room=room.as_posix()))
    assert ("new", "short") in lines(grid(room, "--dry"))[0]


def test_missing_documents(room):
    (room / "dev.spacy").unlink()
    result = CliRunner().invoke(clinner_cli, ["grid", str(room / "grid.toml"), "--output", "out", "--dry"])
    assert result.exit_code == 1 and "CE374" in result.output and "dev.spacy" in result.output
