import pytest
import spacy
from spacy.language import Language
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli

from ..pipeline.tagger.test_crf_tagger import same_annotation
from ..toys.tagger import TEXTS, examples, make_nlp, train, write_data
from ..toys.transformer import add_transformer, save_tiny_transformer

INT8 = ("--quantize", "int8")


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    room = tmp_path_factory.mktemp("export")
    nlp = make_nlp()
    train(nlp, 40)
    nlp.to_disk(room / "model")
    write_data(room / "dev.spacy", nlp)
    return room


def export(*args):
    return CliRunner().invoke(clinner_cli, ["export", *map(str, args)])


def test_the_exported_pipeline_annotates_the_same(room, tmp_path):
    result = export(room / "model", tmp_path / "out")
    assert result.exit_code == 0 and "Saved the exported pipeline" in result.output
    nlp, exported = spacy.load(room / "model"), spacy.load(tmp_path / "out")
    for text, _ in TEXTS:
        same_annotation(nlp(text), exported(text))
    assert export(room / "model", tmp_path / "out").exit_code == 1
    assert export(room / "model", tmp_path / "out", "--force").exit_code == 0


def test_integers_pass_the_gate_where_nothing_is_lost(room, tmp_path):
    result = export(room / "model", tmp_path / "out", *INT8, "--dev", room / "dev.spacy")
    assert result.exit_code == 0, result.output
    assert all(f"recall {label}" in result.output for label in ("DRUG", "DOSAGE", "PROBLEM"))
    assert "+0.00" in result.output and spacy.load(tmp_path / "out")(TEXTS[1][0]).ents


def test_nothing_is_written_where_too_much_is_lost(room, tmp_path, monkeypatch):
    """A quantization that leaves nothing of the weights loses all."""
    monkeypatch.setattr("spacy_clinner.models.onnx_layers.to_int8", without_scales)
    result = export(room / "model", tmp_path / "out", *INT8, "--dev", room / "dev.spacy")
    assert result.exit_code == 1 and "CE406" in result.output and "F1" in result.output
    assert not list(tmp_path.iterdir())
    allowed = ("--max-loss", 100, "--max-recall-loss", 100)
    assert export(room / "model", tmp_path / "out", *INT8, "--dev", room / "dev.spacy", *allowed).exit_code == 0


def without_scales(graph):
    import numpy as np
    import onnx
    from onnx.numpy_helper import from_array, to_array

    model = onnx.load_from_string(graph)
    for constant in model.graph.initializer:
        array = to_array(constant)
        if array.dtype == np.float32:
            constant.CopyFrom(from_array(np.zeros_like(array), constant.name))
    return model.SerializeToString()


def test_bfloat16_passes_the_same_gate(room, tmp_path):
    nlp = add_transformer(spacy.blank("en"), save_tiny_transformer(tmp_path / "tiny"))
    nlp.initialize(lambda: examples(nlp))
    nlp.to_disk(tmp_path / "model")
    asked = ("--quantize", "bf16", "--dev", room / "dev.spacy")
    result = export(tmp_path / "model", tmp_path / "out", *asked)
    assert result.exit_code == 1 and "CE408" in result.output and not (tmp_path / "out").exists()
    train(nlp, 60)
    nlp.to_disk(tmp_path / "model")
    result = export(tmp_path / "model", tmp_path / "out", *asked, "--max-loss", 100, "--max-recall-loss", 100)
    assert result.exit_code == 0 and "recall DRUG" in result.output, result.output
    transformer = spacy.load(tmp_path / "out").config["components"]["transformer"]["model"]
    assert transformer["bfloat16"] and transformer["@architectures"] == "spacy_clinner.TransformerModel.v1"
    result = export(room / "model", tmp_path / "other", *asked)
    assert result.exit_code == 1 and "CE416" in result.output


def test_the_gate_needs_documents_and_documents_a_gate(room, tmp_path):
    assert export(room / "model", tmp_path / "out", *INT8).exit_code == 2
    assert export(room / "model", tmp_path / "out", "--dev", room / "dev.spacy").exit_code == 2
    assert not list(tmp_path.iterdir())


@Language.component("toy_needs_this_process")
def do_nothing(doc):
    return doc


def test_what_does_not_work_elsewhere_is_not_written(room, tmp_path):
    nlp = spacy.load(room / "model")
    nlp.add_pipe("toy_needs_this_process")
    nlp.to_disk(tmp_path / "model")
    result = export(tmp_path / "model", tmp_path / "out")
    assert result.exit_code == 1 and "CE407" in result.output and "toy_needs_this_process" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_exporting_twice_is_told(room, tmp_path):
    assert export(room / "model", tmp_path / "out").exit_code == 0
    result = export(tmp_path / "out", tmp_path / "again")
    assert result.exit_code == 1 and "CE404" in result.output


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_missing_packages_are_named(room, tmp_path, package, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, package, None)
    result = export(room / "model", tmp_path / "out")
    assert result.exit_code == 1 and "CE358" in result.output and "spacy_clinner[onnx]" in result.output
