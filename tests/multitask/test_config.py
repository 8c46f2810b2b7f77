import pytest
import spacy
from spacy.util import load_config, load_model_from_config
from thinc.api import Config
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.configs import read_config
from spacy_clinner.experiments.train_cell import to_be_saved, train
from spacy_clinner.multitask.config import compose_multitask
from spacy_clinner.multitask.corpora_file import read_corpora_file

from ..toys.many_corpora import SMALL, write_corpora_file
from ..toys.tagger import entities, references

NEW = {"PROBLEM": "Problem", "DRUG": "Drug", "DOSAGE": "Dose"}
JOINS = ["labels", "types", "corpora", "types+corpora"]


@pytest.fixture(params=JOINS)
def written(request, tmp_path):
    """A corpora file and the config that the command has made of it."""
    corpora, out = write_corpora_file(tmp_path, f'join = "{request.param}"\n'), tmp_path / "out.cfg"
    result = CliRunner().invoke(clinner_cli, ["init-multitask", str(corpora), str(out)])
    assert result.exit_code == 0, result.output
    assert CliRunner().invoke(clinner_cli, ["init-multitask", str(corpora), str(out)]).exit_code == 2
    return corpora, out


def test_the_config_is_filled(written):
    config = load_config(written[1])
    filled = load_model_from_config(config, auto_fill=True).config
    assert dict(filled) == dict(config)


def test_one_pipeline_finds_the_types_of_all_corpora(written, tmp_path):
    nlp, history = train(read_config(written[1], SMALL))
    assert max(point["score"] for point in history) == pytest.approx(1.0, abs=1e-3)
    to_be_saved(nlp).to_disk(tmp_path / "model")
    nlp = spacy.load(tmp_path / "model")
    for doc in references(nlp):
        found = nlp(doc.text)
        assert entities(found) == [(start, end, NEW[label]) for start, end, label in entities(doc)]
        assert len(found.spans["clinner_ents"].attrs["scores"]) == len(found.ents)


def test_each_corpus_is_scored_by_its_own_labels(written):
    config = load_config(written[1])
    weights = {name: weight for name, weight in config["training"]["score_weights"].items() if weight}
    assert sum(weights.values()) == pytest.approx(1.0, abs=1e-3)
    _, history = train(read_config(written[1], SMALL))
    assert weights.keys() <= history[-1]["scores"].keys()


def test_without_a_source_nothing_is_transferred_and_with_one_all_is(tmp_path):
    config = compose_multitask(read_corpora_file(write_corpora_file(tmp_path)))
    path = tmp_path / "c.cfg"
    path.write_text(config.to_str())
    nlp, _ = train(read_config(path, SMALL))
    nlp.to_disk(tmp_path / "model")
    again, history = train(read_config(path, SMALL | {"paths.source_model": str(tmp_path / "model")}))
    assert history[0]["step"] == 0 and history[0]["score"] == pytest.approx(1.0, abs=1e-3)
    assert {row["target"] for row in again.meta["clinner_transfer"]["blocks"]} == {"tok2vec", "ner"}


@pytest.mark.parametrize("label, new", [("NAME:DOCTOR", "Name"), ("#1", "Name"), ("NAME", "$Name"), (" NAME", "Name")])
def test_labels_that_a_config_does_not_give_back(tmp_path, label, new):
    path = write_corpora_file(tmp_path)
    path.write_text(path.read_text().replace("PROBLEM =", f'"{label}" = "{new}", PROBLEM ='))
    with pytest.raises(ValueError, match=f"CE084.*corpora.problems: the label '{label}' must be"):
        compose_multitask(read_corpora_file(path))


def test_labels_with_other_signs_come_back(tmp_path):
    path = write_corpora_file(tmp_path)
    path.write_text(path.read_text().replace("PROBLEM =", '"a.b/c #d-é" = "x: y", PROBLEM ='))
    config = compose_multitask(read_corpora_file(path))
    again = Config().from_str(config.to_str())["corpora"]["train"]
    assert again["label_maps"]["problems"] == {"a.b/c #d-é": "x: y", "PROBLEM": "Problem"}
    assert again["annotated"]["problems"] == ["x: y", "Problem"]
