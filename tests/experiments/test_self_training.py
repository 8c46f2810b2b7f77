"""Self-training on toy notes: what is read, trained, kept and said."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.util import load_config
from typer.testing import CliRunner

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import SOFT_KEY
from spacy_clinner.cli import clinner_cli
from spacy_clinner.experiments.cell import Cell
from spacy_clinner.experiments.grid_cells import read_grid
from spacy_clinner.experiments.plan import model_of
from spacy_clinner.experiments.runner import run_steps
from spacy_clinner.experiments.self_training import SelfTraining, self_train
from spacy_clinner.experiments.taught_cell import TaughtCell
from spacy_clinner.unlabelled.labelling import Labelling
from spacy_clinner.unlabelled.training import GOLD, NOTES, with_notes

from ..toys.room import data_overrides, make_room
from ..toys.tagger import half_trained, make_nlp, references, train

pytestmark = pytest.mark.slow
BATCHER = {"@batchers": "spacy.batch_by_words.v1", "size": 30, "tolerance": 0.2, "discard_oversize": False}
OTHERS = ["The patient has a severe cough .", "Give 10 mg aspirin daily", "Aspirin helped against the fever"]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Corpora, notes (one of which is in the training file), and a model of a few steps."""
    room = make_room(tmp_path_factory.mktemp("room"))
    config = load_config(room / "config.cfg")
    config["training"]["batcher"] = BATCHER
    config["training"] |= {"max_steps": 30, "eval_frequency": 10}
    config.to_disk(room / "config.cfg")
    texts = [*OTHERS, references(make_nlp())[0].text]
    lines = [json.dumps({"id": f"n{number}", "text": text}) for number, text in enumerate(texts)]
    (room / "notes.jsonl").write_text("\n".join(lines))
    return room


@pytest.fixture(scope="module")
def model(room):
    half_trained(15).to_disk(room / "model")
    return room / "model"


def taught(room, teacher, **settings):
    return TaughtCell(
        keys={"method": "taught"},
        config=room / "config.cfg",
        test=room / "test.spacy",
        overrides=data_overrides(room),
        keep=True,
        teacher=teacher,
        notes=[room / "notes.jsonl"],
        **settings,
    )


def test_a_training_with_notes_that_another_labels(room, tmp_path):
    teacher = Cell({"method": "teacher"}, room / "config.cfg", room / "test.spacy", data_overrides(room))
    cells = [taught(room, teacher, labelling=Labelling(labels)) for labels in ("soft", "sure", "all")]
    records = run_steps(cells, tmp_path)
    assert len({record["identity"] for record in records}) == 3
    for record in records:
        assert record["notes"]["read"] == 3 and record["notes"]["left_out"]["shared with labelled documents"] == 1
        assert record["notes"]["tokens"] == sum(len(make_nlp().make_doc(text)) for text in OTHERS)
        assert 0 <= record["notes"]["taught"] <= 1 and record["notes"]["entities"] > 0
    assert records[0]["notes"]["taught"] == records[2]["notes"]["taught"] == 1 > records[1]["notes"]["taught"]
    # the config of the trained pipeline can be trained again: it names the notes, which stay
    (domains,) = {
        tuple(spacy.load(model_of(cell.identity, tmp_path)).config["corpora"]["train"]["domains"]) for cell in cells
    }
    assert domains == (GOLD, NOTES)
    stored = spacy.load(model_of(cells[0].identity, tmp_path)).config["corpora"]["train"]["domains"][NOTES]["path"]
    assert all(SOFT_KEY in doc.spans for doc in read_docs(tmp_path / stored))
    # done once
    before = (tmp_path / "results.jsonl").read_text()
    run_steps(cells, tmp_path)
    assert (tmp_path / "results.jsonl").read_text() == before


def test_what_makes_a_taught_training_another(room, model, tmp_path):
    cell = taught(room, model)
    others = [taught(room, model, share=2.0), taught(room, model, labelling=Labelling("all"))]
    plain = Cell({}, room / "config.cfg", room / "test.spacy", data_overrides(room), keep=True)
    copy = shutil.copytree(model, tmp_path / "copy")
    assert taught(room, copy).identity == cell.identity
    (copy / "meta.json").write_text("{}")
    found = [cell, *others, plain, taught(room, copy)]
    assert len({one.identity for one in found}) == len(found)
    assert cell.parts.keys() - plain.parts.keys() == {"teacher", "notes", "labelling"}
    assert room / "notes.jsonl" in cell.data and model in cell.data
    # a training that goes on may find its labelled notes elsewhere
    assert replace(cell, labelled=tmp_path / "notes.spacy").identity == cell.identity


def test_some_of_the_notes(room, model, tmp_path):
    few = taught(room, model, words=7)
    (record,) = run_steps([few], tmp_path)
    # the first of them has fewer, and another one joins
    assert record["notes"]["read"] == 2 and record["notes"]["tokens"] < sum(len(text.split()) for text in OTHERS)
    assert few.identity != taught(room, model).identity


def test_notes_that_repeat_documents_of_a_folder_are_left_out(room, model, tmp_path):
    docs = references(make_nlp())
    docs[0] = make_nlp().make_doc(OTHERS[0])
    docs[0].set_ents([])
    (tmp_path / "dev").mkdir()
    DocBin(docs=docs).to_disk(tmp_path / "dev" / "some.spacy")
    cell = taught(room, model)
    cell = replace(cell, overrides={**cell.overrides, "paths.dev": str(tmp_path / "dev"), "training.max_steps": 2})
    (record,) = run_steps([cell], tmp_path / "out")
    assert record["notes"]["left_out"]["shared with labelled documents"] == 2


def test_a_training_that_has_read_notes_reads_them_anew(room, model, tmp_path):
    docs = [make_nlp().make_doc(text) for text in OTHERS]
    DocBin(docs=docs).to_disk(tmp_path / "notes.spacy")
    with_notes(load_config(room / "config.cfg"), tmp_path / "notes.spacy").to_disk(tmp_path / "config.cfg")
    again = replace(taught(room, model), config=tmp_path / "config.cfg")
    assert tmp_path / "notes.spacy" not in again.data
    (record,) = run_steps([again], tmp_path)
    assert record["notes"]["read"] == len(OTHERS)


def test_rounds_go_on_while_dev_gains(room, model, tmp_path):
    training = SelfTraining(
        model, room / "config.cfg", [room / "notes.jsonl"], tmp_path, rounds=4, overrides=data_overrides(room)
    )
    rows = self_train(training)
    assert rows[0]["round"] == "start" and rows[0]["notes"] is None and 2 <= len(rows) <= 5
    (kept,) = [row for row in rows if row["kept"]]
    assert kept["f"] == max(row["f"] for row in rows)
    scores = [row["f"] for row in rows]
    assert all(now > before for before, now in zip(scores[:-1], scores[1:-1], strict=False))
    nlp = spacy.load(tmp_path / "model-best")
    dev = [nlp.make_doc(doc.text) for doc in read_docs(room / "dev.spacy")]
    assert all(nlp(doc).ents is not None for doc in dev)
    assert self_train(training) == rows


def test_gold_in_a_span_group_decides_there(room, tmp_path):
    """Dev's `doc.ents` are none, and say so."""

    def in_group(nlp):
        docs = [doc for doc in references(nlp) if len(doc)]
        for doc in docs:
            doc.spans["gold"] = list(doc.ents)
            doc.set_ents([])
        return docs

    nlp = make_nlp(gold_from="spans", spans_key="gold")
    train(nlp, make=lambda nlp: [Example(nlp.make_doc(doc.text), doc) for doc in in_group(nlp)])
    nlp.to_disk(tmp_path / "model")
    for name in ("train", "dev"):
        DocBin(docs=in_group(nlp)).to_disk(tmp_path / f"{name}.spacy")
    config = load_config(room / "config.cfg")
    config["components"]["tagger"] |= {"gold_from": "spans", "spans_key": "gold"}
    config["training"]["max_steps"] = 40
    config.to_disk(tmp_path / "config.cfg")
    settings = SelfTraining(
        tmp_path / "model",
        tmp_path / "config.cfg",
        [room / "notes.jsonl"],
        tmp_path,
        overrides=data_overrides(tmp_path),
    )
    start, learned = self_train(settings)
    assert start["f"] == 1 and learned["f"] > 0


def test_a_calibrated_pipeline_is_calibrated_again(room, model, tmp_path):
    cell = taught(room, model)
    cell = replace(cell, overrides={**cell.overrides, "components.tagger.temperature": 0.123})
    run_steps([cell], tmp_path)
    nlp = spacy.load(model_of(cell.identity, tmp_path))
    found = nlp.meta["clinner_calibration"]["tagger"]["temperature"]
    assert found == nlp.get_pipe("tagger").cfg["temperature"] != 0.123
    assert "clinner_calibration" not in spacy.load(model).meta


def command(*args, name="self-train"):
    return CliRunner().invoke(clinner_cli, [name, *map(str, args)])


def paths_of(room):
    return [word for name in ("train", "dev") for word in (f"--paths.{name}", room / f"{name}.spacy")]


def test_the_command_says_when_nothing_was_gained(room, tmp_path):
    nlp = make_nlp()
    train(nlp)
    nlp.to_disk(tmp_path / "model")
    shared = [tmp_path / "model", "--notes", room / "notes.jsonl", "--output", tmp_path / "out"]
    result = command(*shared, "--config", room / "config.cfg", *paths_of(room), "--training.max_steps", "2")
    assert result.exit_code == 0 and "No round was better on dev" in result.output
    table = (tmp_path / "out" / "rounds.md").read_text()
    assert "| start |" in table and "| 1 |" in table and table.count("yes") == 1
    assert {path.name for path in (tmp_path / "out" / "model-best").iterdir()} == {
        path.name for path in (tmp_path / "model").iterdir()
    }


def test_a_student_of_another_kind(room, model, tmp_path):
    config = load_config(room / "config.cfg")
    config["components"]["tagger"]["model"]["tok2vec"]["encode"]["width"] = 16
    config.to_disk(tmp_path / "student.cfg")
    shared = ["--notes", room / "notes.jsonl", "--output", tmp_path / "out", *paths_of(room)]
    result = command(model, tmp_path / "student.cfg", *shared, "--training.max_steps", "4", name="distil")
    assert result.exit_code == 0, result.output
    student = spacy.load(tmp_path / "out" / "model-best")
    assert student.get_pipe("tagger").model.get_ref("tok2vec").get_dim("nO") == 16
    start, learned = (tmp_path / "out" / "rounds.md").read_text().strip().splitlines()[-2:]
    # it is kept, better than its teacher or not
    assert "yes" not in start and "yes" in learned


def test_what_cannot_be_done_ends_in_a_coded_line(room, model, tmp_path):
    output = ["--output", tmp_path / "out"]
    shared = [model, "--notes", room / "notes.jsonl", *output]
    trained = ["--config", room / "config.cfg", *paths_of(room)]
    blank = spacy.blank("en")
    blank.add_pipe("ner")
    blank.initialize()
    blank.to_disk(tmp_path / "other")
    (tmp_path / "long.txt").write_text("cough " * 200_000)
    for args, code in (
        ([*shared, "--sure", "0.4"], "CE440"),
        ([*shared, "--config", room / "config.cfg"], "CE352"),
        ([*shared, *trained, "--tagger", "ner"], "CE441"),
        ([tmp_path / "other", *shared[1:], *trained], "CE456"),
        ([model, "--notes", room / "train.spacy", *output, *trained], "CE422"),
        ([model, "--notes", tmp_path / "long.txt", *output, *trained], "CE436"),
    ):
        result = command(*args)
        assert result.exit_code == 1 and code in result.output, (code, result.output)
        # a teacher that cannot label is found before the run
        assert ("CE081" in result.output) == (code in ("CE422", "CE436")), result.output
    assert not (tmp_path / "out" / "model-best").exists()


@pytest.mark.parametrize("name", ["self-train", "distil"])
def test_no_pipeline_is_replaced_that_is_no_result(room, model, tmp_path, name):
    """Least of all the one that labels: `spacy train` leaves its own as model-best, too."""
    output = tmp_path / "out"
    for labels in (output / "model-best", model):
        shutil.copytree(model, output / "model-best", dirs_exist_ok=True)
        config = ["--config", room / "config.cfg"] if name == "self-train" else []
        arguments = [labels, *([] if config else [room / "config.cfg"]), *config, "--notes", room / "notes.jsonl"]
        result = command(*arguments, "--output", output, *paths_of(room), "--training.max_steps", "2", name=name)
        assert result.exit_code == 1 and "CE447" in result.output
    assert not (output / "results.jsonl").exists()


GRID = """
config = "config.cfg"
test = "{target}.spacy"
seeds = [0]

[overrides]
"paths.train" = "train.spacy"
"paths.dev" = "dev.spacy"

[tasks]
pairs = [["a", "test"]]

[methods.alone]

[methods.taught.notes]
teacher = "alone"
paths = ["notes.jsonl"]
labels = "sure"
sure = 0.9
"""


def test_a_grid_with_notes(room, monkeypatch):
    monkeypatch.chdir(room)
    (room / "grid.toml").write_text(GRID)
    alone, taught = read_grid(room / "grid.toml").cells
    assert isinstance(taught, TaughtCell) and taught.teacher == alone and taught.labelling == Labelling("sure", 0.9)
    assert [str(path) for path in taught.notes] == ["notes.jsonl"]
    for wrong in ("taught", "nobody"):
        (room / "grid.toml").write_text(GRID.replace('"alone"', f'"{wrong}"'))
        with pytest.raises(ValueError, match=r"CE084.*notes\.teacher"):
            read_grid(room / "grid.toml")


def test_a_grid_whose_teacher_is_a_pipeline(room, monkeypatch):
    monkeypatch.chdir(room)
    (room / "grid.toml").write_text(GRID.replace('teacher = "alone"', 'pipeline = "teachers/{target}-{seed}"'))
    _, taught = read_grid(room / "grid.toml").cells
    assert taught.teacher == Path("teachers/test-0") and taught.teacher in taught.data
    for both_or_none in ('pipeline = "teachers"\nteacher = "alone"', ""):
        (room / "grid.toml").write_text(GRID.replace('teacher = "alone"', both_or_none))
        with pytest.raises(ValueError, match=r"CE084.*methods\.taught\.notes: give one"):
            read_grid(room / "grid.toml")
