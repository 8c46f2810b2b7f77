import pytest
import spacy
from spacy.cli.package import package
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli

from ..pipeline.tagger.test_crf_tagger import same_annotation
from ..toys.tagger import TEXTS
from ..toys.transfer import shared_encoder, stamped


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    nlp = shared_encoder("source", "target")
    optimizer = nlp.initialize(lambda: stamped(nlp))
    optimizer.learn_rate = 0.02
    for _ in range(20):
        nlp.update(stamped(nlp), sgd=optimizer)
    path = tmp_path_factory.mktemp("strip") / "model"
    nlp.to_disk(path)
    return path


def strip(*args):
    return CliRunner().invoke(clinner_cli, ["strip", *map(str, args)])


def test_stripped_pipeline_annotates_the_same_and_can_be_packaged(model, tmp_path):
    result = strip(model, tmp_path / "out", "--drop", "source")
    assert result.exit_code == 0 and "tok2vec, target" in result.output
    full, stripped = spacy.load(model), spacy.load(tmp_path / "out")
    assert stripped.component_names == ["tok2vec", "target"]
    for text, _ in TEXTS:
        same_annotation(full(text), stripped(text))
    (tmp_path / "dist").mkdir()
    package(tmp_path / "out", tmp_path / "dist", create_sdist=False, silent=True)
    assert any(path.name == "meta.json" for path in (tmp_path / "dist").rglob("*"))


def test_wrong_names_and_folders_end_with_a_coded_message(model, tmp_path):
    result = strip(model, tmp_path / "out", "--drop", "nobody")
    assert result.exit_code == 1 and "CE233" in result.output and not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    result = strip(model, tmp_path / "out", "--drop", "source", "--force")
    assert result.exit_code == 1 and "CE058" in result.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]


def test_a_pipeline_is_replaced_on_request_only(model, tmp_path):
    assert strip(model, tmp_path / "out", "--drop", "source").exit_code == 0
    assert strip(model, tmp_path / "out", "--drop", "source").exit_code == 1
    assert strip(model, tmp_path / "out", "--drop", "source", "--force").exit_code == 0


def test_dropped_and_kept(model, tmp_path):
    result = strip(model, tmp_path / "out", "--drop", "target", "--keep", "target")
    assert result.exit_code == 2 and not (tmp_path / "out").exists()
