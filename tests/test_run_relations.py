"""Studies of relation extraction, from their file to their table, on notes that one can learn by heart."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.util import load_config

from scripts import run_relations

from .toys.relations import SMALL_TOK2VEC, examples

CONFIGS = {"tagger": "configs/ner_demo_charcnn-bilstm_crf.cfg", "relations": "configs/rel_demo_charcnn-bilstm.cfg"}
STUDY = """
output = "{folder}/out"
test = "{folder}/notes.spacy"
seeds = [0]
rule = "HAS"
drug = "DRUG"

[paths]
train = "{folder}/notes.spacy"
dev = "{folder}/notes.spacy"

[systems."tagger, then relations"]
tagger = "{folder}/tagger.cfg"
relations = "{folder}/relations.cfg"

[systems."relations alone"]
relations = "{folder}/relations.cfg"

[systems."of dev, too"]
relations = "{folder}/relations.cfg"
overrides = {{ "components.relations.threshold" = 0.9 }}
threshold_of = "relations alone"

[variants.relative]
relative = true

[variants."most specific"]
broader = "{folder}/broader.tsv"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    DocBin(docs=[pair.y for pair in examples(spacy.blank("en"))], store_user_data=True).to_disk(folder / "notes.spacy")
    for part, path in CONFIGS.items():
        config = load_config(path)
        config["components"]["ner" if part == "tagger" else "relations"]["model"]["tok2vec"] = SMALL_TOK2VEC
        config["training"]["max_steps"] = config["training"]["eval_frequency"] = 40
        config["training"]["optimizer"]["learn_rate"] = 0.01
        config["training"]["dropout"] = 0.0
        config.to_disk(folder / f"{part}.cfg")
    (folder / "broader.tsv").write_text("aspirin\tdrug\n", encoding="utf8")
    (folder / "study.toml").write_text(STUDY.format(folder=folder.as_posix()))
    return folder


def test_a_study_is_trained_scored_and_resumed(folder, monkeypatch):
    run_relations.main(folder / "study.toml")
    result = json.loads((folder / "out" / "results.json").read_text(encoding="utf8"))
    ((apart,), (alone,)) = result["runs"]["tagger, then relations"], result["runs"]["relations alone"]
    assert apart["entities"] == 1.0 and apart["predicted: HAS"] == 1.0 and apart["predicted: entries, exact"] == 1.0
    assert alone["gold: strict"] == apart["gold: strict"] == 1.0 and "predicted: strict" not in alone
    # the rule knows one head for each dose, and no other label
    assert 0 < alone["gold: HAS by the rule"] <= alone["gold: HAS by the rule, frequent pairs"] <= 1.0
    assert apart["gold: strict, macro"] == 1.0
    (compared,) = result["runs"]["relations alone, relative"]
    # nothing is chosen on what taught it: the last model, another system's threshold
    (too,), (too_compared,) = result["runs"]["of dev, too"], result["runs"]["of dev, too, relative"]
    assert too["threshold"] == alone["threshold"] != 0.9 and too["gold: strict"] == 1.0
    assert too_compared["threshold"] == compared["threshold"] != 0.9
    for name, relative in (("of-dev-too", False), ("of-dev-too-relative", True)):
        nlp = spacy.load(folder / "out" / "systems" / name / "seed0")
        assert nlp.config["components"]["relations"]["relative"] is relative
    # the note without a relation gets one
    assert alone["gold: strict"] == 1.0 > compared["gold: strict"] == too_compared["gold: strict"] > 0.5
    for name in ("tagger-then-relations", "of-dev-too"):
        nlp = spacy.load(folder / "out" / "systems" / f"{name}-most-specific" / "seed0")
        assert nlp.pipe_names[-1] == "clinner_specific_relations"
        assert nlp.get_pipe("clinner_specific_relations").hierarchy.broader("aspirin") == {"drug"}
    # of entities without a concept, all stay
    assert result["runs"]["relations alone, most specific"] == result["runs"]["relations alone"]
    assert [Path(data["path"]).name for data in result["data"]] == ["broader.tsv", "notes.spacy"]
    assert all(len(data["sha256"]) == 64 for data in result["data"])
    table = (folder / "out" / "results.md").read_text(encoding="utf8")
    assert "| gold: strict | 100.0 | " in table and "| entities | 100.0 | 100.0 | 100.0 |  |  |  |  |  |  |" in table

    def no_training(*words):
        assert words[0] != "train"

    monkeypatch.setattr(run_relations, "run", no_training)
    study = run_relations.tomllib.loads((folder / "study.toml").read_text(encoding="utf8"))
    best = run_relations.train(study, "relations alone", "relations", 0)
    last = run_relations.train(study, "of dev, too", "relations", 0)
    assert best.is_dir() and best.name == "model-best" and last.is_dir() and last.name == "model-last"
    assert best.parent != last.parent
    with pytest.raises(AssertionError):
        run_relations.train(study, "relations alone", "relations", 1)
