import pytest
import spacy
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli

from ..checkpoints.writer import write_checkpoint


@pytest.fixture
def room(tmp_path):
    write_checkpoint(tmp_path / "published")
    (tmp_path / "glove.txt").write_text("the 1 2 3 4\nunk 0 0 0 1\n")
    return tmp_path


def run(room, *args, vectors="glove.txt"):
    command = ["import-neuroner", room / "published", room / "made" / "pipeline", "--vectors", room / vectors, *args]
    return CliRunner().invoke(clinner_cli, list(map(str, command)))


def test_makes_a_pipeline_and_replaces_one_only_when_told(room):
    assert run(room).exit_code == 0
    nlp = spacy.load(room / "made" / "pipeline")
    assert nlp.pipe_names == ["ner"] and nlp.get_pipe("ner").labels == ("DATE", "NAME")
    assert nlp.meta["name"] == "neuroner_published" and nlp.meta["license"] == "MIT"
    again = run(room)
    assert again.exit_code == 1 and "CE058" in again.output
    assert run(room, "--force").exit_code == 0
    assert [path.name for path in (room / "made").iterdir()] == ["pipeline"]


def test_force_replaces_nothing_but_pipelines(room):
    (room / "made" / "pipeline").mkdir(parents=True)
    (room / "made" / "pipeline" / "note.txt").write_text("keep me")
    result = run(room, "--force")
    assert result.exit_code == 1 and "CE058" in result.output
    assert (room / "made" / "pipeline" / "note.txt").read_text() == "keep me"


@pytest.mark.parametrize("damage,code", [("model.ckpt.index", "CE051"), ("dataset.pickle", "CE056")])
def test_what_cannot_be_read_ends_with_its_code_and_leaves_nothing(room, damage, code):
    path = room / "published" / damage
    path.write_bytes(path.read_bytes()[:-3])
    result = run(room)
    assert result.exit_code == 1 and code in result.output and not (room / "made").exists()


def test_without_vectors(room):
    result = run(room, vectors="nowhere.txt")
    assert result.exit_code == 1 and "CE059" in result.output
