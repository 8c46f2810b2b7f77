"""`evaluate` on how sure a model is."""

import json
import re
import sys

import pytest
import spacy
from thinc.api import fix_random_seed
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli

from ..toys.tagger import SMALL_MODEL, make_nlp, train, write_data

pytestmark = pytest.mark.filterwarnings("ignore:.*CW06")


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder with a tagger, one of two heads, a pipeline that tells no probabilities, and data."""
    room = tmp_path_factory.mktemp("sure")
    fix_random_seed(0)
    # they know the sentences, but are not sure
    nlp = make_nlp(temperature=3.0)
    train(nlp, 30)
    nlp.to_disk(room / "model")
    write_data(room / "data.spacy", nlp)
    two = make_nlp(spans_key="first", set_ents=False, temperature=3.0)
    second = {"spans_key": "second", "set_ents": False, "temperature": 3.0, "model": SMALL_MODEL}
    two.add_pipe("clinner_crf_tagger", name="other", config=second)
    train(two, 30)
    two.to_disk(room / "two")
    rules = spacy.blank("en")
    rules.add_pipe("entity_ruler").add_patterns([{"label": "DRUG", "pattern": "aspirin"}])
    rules.to_disk(room / "rules")
    return room


def evaluate(room, model, *args):
    command = ["evaluate", str(room / model), str(room / "data.spacy"), *map(str, args), "--bootstrap", "20"]
    return CliRunner().invoke(clinner_cli, command)


def test_tables_and_file(room, tmp_path):
    result = evaluate(room, "model", "-o", tmp_path / "a.json", "--predictions", tmp_path / "p.jsonl")
    assert result.exit_code == 0, result.output
    saved = json.loads((tmp_path / "a.json").read_text())["calibration"]
    everything = saved["predicted"]["all"]
    assert everything["n"] == sum(one["n"] for one in everything["bins"]) == sum(everything["spread"]) > 3
    assert 0 < everything["probability"] < 1 and set(everything["interval"]) >= {"ece", "brier", "log_likelihood"}
    assert set(saved["predicted"]["per_domain"]) == {"a", "b"} and set(saved["predicted"]["per_label"]) >= {"DRUG"}
    assert saved["not_predicted"]["all"]["n"] > 3 and saved["without_probability"] == 0
    for shown in ("How sure: predicted entities, against doc.ents", "domain a", "by chance", "that were not predicted"):
        assert shown in result.output
    wrong = everything["review"]["wrong"]
    assert wrong and re.search(rf"Reviewing the least sure 20% finds \d+% of the {wrong} wrong ones\.", result.output)
    # the predictions that it wrote are measured alike, but for what was not predicted
    again = evaluate(room, tmp_path / "p.jsonl", "-o", tmp_path / "b.json")
    assert again.exit_code == 0, again.output
    other = json.loads((tmp_path / "b.json").read_text())["calibration"]
    assert other == {**saved, "not_predicted": None} and "that were not predicted" not in again.output


def test_each_head_by_its_group(room, tmp_path):
    found = {}
    for key in ("first", "second"):
        result = evaluate(room, "two", "--spans-key", key, "-o", tmp_path / "out.json")
        assert result.exit_code == 0, result.output
        found[key] = json.loads((tmp_path / "out.json").read_text())["calibration"]
        assert found[key]["not_predicted"]["all"]["n"] > 3
    assert found["first"]["predicted"]["all"] != found["second"]["predicted"]["all"]


def test_who_tells_no_probabilities(room, tmp_path):
    result = evaluate(room, "rules", "-o", tmp_path / "out.json")
    assert result.exit_code == 0, result.output
    assert "No predicted entity has a probability" in result.output
    assert json.loads((tmp_path / "out.json").read_text())["calibration"] is None
    result = evaluate(room, "rules", "-o", tmp_path / "out.json", "--reliability", tmp_path / "plot")
    assert result.exit_code == 1 and "CE362" in result.output and "Saved all scores" in result.output
    assert not (tmp_path / "plot.png").exists()


def test_pictures_of_labels(room, tmp_path):
    result = evaluate(room, "rules", "--plots", tmp_path / "plots")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        f"{name}.{ending}" for name in ("labels", "confusion", "terms") for ending in ("png", "svg")
    }


def test_two_models_in_table_and_diagram(room, tmp_path):
    options = ("--compare", room / "rules", "--reliability", tmp_path / "plot", "-o", tmp_path / "out.json")
    result = evaluate(room, "model", *options)
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "out.json").read_text())["comparison"]["other_calibration"] is None
    rows = [line.split() for line in result.output.splitlines()]
    assert [str(room / "rules")] in rows and "How sure, compared, against doc.ents" in result.output
    options = ("--compare", room / "model", "--reliability", tmp_path / "plot", "-o", tmp_path / "out.json")
    result = evaluate(room, "two", *options)
    assert result.exit_code == 0, result.output
    saved = json.loads((tmp_path / "out.json").read_text())
    # its heads write groups only
    assert saved["calibration"] is None and saved["comparison"]["other_calibration"]["predicted"]["all"]["n"] > 3
    drawn = (tmp_path / "plot.svg").read_text()
    assert "data.spacy, 5 documents, against doc.ents" in drawn and (tmp_path / "plot.png").exists()


def test_a_diagram_is_not_begun_without_matplotlib(room, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = evaluate(room, "model", "--reliability", tmp_path / "plot", "-o", tmp_path / "out.json")
    assert result.exit_code == 1 and "CE358" in result.output
    assert not (tmp_path / "out.json").exists() and "Predict" not in result.output


def test_a_file_of_wrong_probabilities(room, tmp_path):
    lines = [{"id": f"note-{number}", "entities": [], "probabilities": [2]} for number in range(5)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = evaluate(room, tmp_path / "p.jsonl")
    assert result.exit_code == 1 and "CE361" in result.output
