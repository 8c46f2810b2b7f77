"""Studies of relation extraction, from their file to their table, on notes that one can learn by heart."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.util import load_config
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.experiments.relation_study import read_study

from ..toys.relations import SMALL_TOK2VEC, examples

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


def study(folder, *options):
    result = CliRunner().invoke(clinner_cli, ["study", str(folder / "study.toml"), *options])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def result(folder):
    study(folder, "--jobs", "2")
    return json.loads((folder / "out" / "results.json").read_text(encoding="utf8"))


def pipeline(folder, result, name):
    return spacy.load(folder / "out" / result["details"][name][0]["model"])


@pytest.mark.slow
def test_systems_are_scored_as_they_are_made(folder, result):
    ((apart,), (alone,)) = result["runs"]["tagger, then relations"], result["runs"]["relations alone"]
    assert apart["entities"] == 1.0 and apart["predicted: HAS"] == 1.0 and apart["predicted: entries, exact"] == 1.0
    assert alone["gold: strict"] == apart["gold: strict"] == 1.0 and "predicted: strict" not in alone
    # the rule knows one head for each dose, and no other label
    assert 0 < alone["gold: HAS by the rule"] <= alone["gold: HAS by the rule, frequent pairs"] <= 1.0
    assert apart["gold: strict, macro"] == 1.0
    assert [Path(data["path"]).name for data in result["data"]] == ["broader.tsv", "notes.spacy"]
    assert all(len(data["sha256"]) == 64 for data in result["data"]) and result["study"]["rule"] == "HAS"
    table = (folder / "out" / "results.md").read_text(encoding="utf8")
    assert "| gold: strict | 100.0 | " in table and "| entities | 100.0 | 100.0 | 100.0 |  |  |  |  |  |  |" in table


def test_nothing_is_chosen_on_what_taught_it(folder, result):
    """The last model, and the threshold of another system's same variant."""
    (alone,), (compared,) = result["runs"]["relations alone"], result["runs"]["relations alone, relative"]
    (too,), (too_compared,) = result["runs"]["of dev, too"], result["runs"]["of dev, too, relative"]
    assert too["threshold"] == alone["threshold"] != 0.9 and too["gold: strict"] == 1.0
    assert too_compared["threshold"] == compared["threshold"] != 0.9
    for name, relative in (("of dev, too", False), ("of dev, too, relative", True)):
        assert pipeline(folder, result, name).config["components"]["relations"]["relative"] is relative
    # the note without a relation gets one
    assert alone["gold: strict"] == 1.0 > compared["gold: strict"] == too_compared["gold: strict"] > 0.5


def test_variants_keep_the_most_specific(folder, result):
    for name in ("tagger, then relations", "of dev, too"):
        nlp = pipeline(folder, result, f"{name}, most specific")
        assert nlp.pipe_names[-1] == "clinner_specific_relations"
        assert nlp.get_pipe("clinner_specific_relations").hierarchy.broader("aspirin") == {"drug"}
    # of entities without a concept, all stay
    assert result["runs"]["relations alone, most specific"] == result["runs"]["relations alone"]


def test_what_is_done_is_not_done_again(folder, result):
    # three trainings: the tagger's, the relations', and the last model of the latter
    lines = (folder / "out" / "results.jsonl").read_text(encoding="utf8").splitlines()
    assert len(lines) == 3 + 9
    output = study(folder)
    assert "| gold: strict | 100.0 |" in output
    assert (folder / "out" / "results.jsonl").read_text(encoding="utf8").splitlines() == lines
    assert f"0 of {len(lines)} would be run" in study(folder, "--dry")
    text = (folder / "study.toml").read_text()
    (folder / "study.toml").write_text(text.replace('drug = "DRUG"\n', ""))
    output = study(folder, "--why")
    (folder / "study.toml").write_text(text)
    assert "9 of 12 would be run" in output and " in: drug" in output


def test_a_system_chooses_its_threshold_where_it_chooses_its_checkpoint(folder, tmp_path):
    text = STUDY.format(folder=folder.as_posix())
    own = '[systems."relations alone"]\npaths = { dev = "own/dev.spacy" }'
    (tmp_path / "study.toml").write_text(text.replace('[systems."relations alone"]', own))
    systems = read_study(tmp_path / "study.toml").systems
    assert {str(system.dev) for system in systems if system.keys["system"] == "relations alone"} == {"own/dev.spacy"}
    for system in systems:
        assert {cell.overrides["paths.dev"] for cell in system.trainings} == {str(system.dev)}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("seeds", "seed"), "seed is no setting .known are drug, output"),
        (('dev = "', 'devv = "'), "paths.dev is missing"),
        (("[0]", "[0.5]"), "seeds.0: "),
        (("relative = true", "relatve = true"), "variants.relative.relatve is no setting .known are broader, relative"),
        (('threshold_of = "relations alone"', 'threshold_of = "no"'), "systems.of dev, too.threshold_of: 'no'"),
        (("[0]", "[0, 0]"), "seeds: 0 is there twice"),
        (
            ('systems."of dev, too"', 'systems."relations alone, relative"'),
            "'relations alone, relative' is there twice",
        ),
        (('"components.relations.threshold"', "components"), "systems.of dev, too.overrides.components: no dotted"),
        (('tagger = "', 'joint = "'), "systems.tagger, then relations: name `joint`, or `relations`"),
    ],
)
def test_mistakes_are_named(folder, tmp_path, change, problem):
    path = tmp_path / "study.toml"
    path.write_text(STUDY.format(folder=folder.as_posix()).replace(*change))
    with pytest.raises(ValueError, match=rf"CE084.*study.toml: .*{problem}"):
        read_study(path)


@pytest.mark.slow
def test_pipelines_without_relations_are_told(folder, tmp_path):
    text = STUDY.format(folder=folder.as_posix()).split("[systems")[0].replace("/out", "/other")
    (tmp_path / "study.toml").write_text(text + f'[systems.wrong]\njoint = "{folder.as_posix()}/tagger.cfg"\n')
    result = CliRunner().invoke(clinner_cli, ["study", str(tmp_path / "study.toml")])
    assert result.exit_code == 1 and "CE081" in result.output and "CE258" in result.output
