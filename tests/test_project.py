"""The workflows name what exists, and the table of results shows what was predicted."""

import json
import re
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin, Span
from weasel.cli.run import project_run
from weasel.util import load_project_config

from scripts.collect_results import collect, to_markdown
from spacy_clinner.corpora.formats.brat import BratDocument
from spacy_clinner.corpora.placing.record import Mention

ROOT = Path(__file__).parents[1]
PROJECT = load_project_config(ROOT)
COMMANDS = {command["name"]: command for command in PROJECT["commands"]}
# what a command may read without another one having written it
GIVEN = ("configs/", "scripts/", "assets/manifests", "assets/splits")


@pytest.mark.parametrize("workflow", PROJECT["workflows"])
def test_workflow_runs_dry(workflow, capfd):
    project_run(ROOT, workflow, dry=True)
    steps = PROJECT["workflows"][workflow]
    assert len(steps) == len(set(steps)) and set(steps) <= set(COMMANDS)


@pytest.mark.parametrize("workflow", PROJECT["workflows"])
def test_steps_find_their_dependencies(workflow):
    made: set[str] = set()
    for step in PROJECT["workflows"][workflow]:
        for dep in COMMANDS[step].get("deps", []):
            if dep.startswith(GIVEN):
                assert (ROOT / dep).exists(), dep
            else:
                assert any(output == dep or output.startswith(f"{dep}/") for output in made), (step, dep)
        made |= set(COMMANDS[step].get("outputs", []))


@pytest.mark.parametrize("workflow", PROJECT["workflows"])
def test_folders_of_what_spacy_init_writes_exist(workflow):
    made = {ROOT / folder for folder in PROJECT["directories"]}
    for step in PROJECT["workflows"][workflow]:
        outputs = [ROOT / output for output in COMMANDS[step].get("outputs", [])]
        if any("-m spacy init" in line for line in COMMANDS[step]["script"]):
            assert {output.parent for output in outputs} <= made, step
        made |= {parent for output in outputs for parent in output.parents}


def test_scripts_name_what_exists():
    for command in COMMANDS.values():
        for line in command["script"]:
            assert line.startswith("python ")
            for path in re.findall(r"(?:configs|scripts)/\S+", line):
                assert (ROOT / path).is_file() and path in command.get("deps", []), path


def test_demo_ends_by_naming_what_it_made():
    made = [output for step in PROJECT["workflows"]["demo"] for output in COMMANDS[step].get("outputs", [])]
    recipe = (ROOT / "Makefile").read_text(encoding="utf8")
    named = set(re.findall(r"demo/[\w./-]*\w", recipe.split("project run demo")[1].split("test:")[0]))
    assert named == {path for path in made if not path.startswith(("demo/corpus", "demo/source"))}


def test_seeds_differ_in_nothing_else():
    for name, command in COMMANDS.items():
        if found := re.fullmatch(r"(train-.+)-[12]", name):
            first = json.dumps(COMMANDS[f"{found[1]}-0"]).replace("seed0", f"seed{name[-1]}").replace("-0", name[-2:])
            assert json.dumps(command) == first.replace("seed 0", f"seed {name[-1]}")


def predictions(path: Path, entities: list) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"id": f"#{i}", "entities": found}) + "\n" for i, found in enumerate(entities)))


def test_collect(tmp_path):
    nlp = spacy.blank("en")
    docs = [nlp("Fever and cough."), nlp("No pain.")]
    for doc, spans in zip(docs, ([(0, 1), (2, 3)], [(1, 2)]), strict=True):
        doc.ents = [Span(doc, start, end, "Symptom") for start, end in spans]
        doc.spans["clinner_brat"] = list(doc.ents)
        marked = [Mention("T1", "Symptom", ((doc.ents[0].start_char, doc.ents[0].end_char - 1),), "")]
        doc.user_data["clinner_brat"] = vars(BratDocument("", "", [vars(mention) for mention in marked]))
    (tmp_path / "data").mkdir()
    for split in ("dev", "test"):
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "data" / f"{split}.spacy")
    fever, cough, pain = [0, 5, "Symptom"], [10, 15, "Symptom"], [3, 7, "Symptom"]
    metrics, peer = tmp_path / "metrics", tmp_path / "peers" / "other" / "predictions" / "seed0"
    for split in ("dev", "test"):
        predictions(metrics / "charcnn-bilstm_crf" / f"seed0-{split}.jsonl", [[fever, cough], [pain]])
        predictions(metrics / "charcnn-bilstm_crf" / f"seed1-{split}.jsonl", [[fever], []])
        predictions(metrics / "hashcnn_transition" / f"seed0-{split}.jsonl", [[fever], []])
        predictions(peer / f"{split}.best.jsonl", [[], []])
    (peer / "run.json").write_text(json.dumps({"versions": {"other": "1.2"}}))

    result = collect(tmp_path / "data", metrics, tmp_path / "peers")

    assert list(result["systems"]) == ["hashcnn_transition", "charcnn-bilstm_crf", "other"]
    ours = result["systems"]["charcnn-bilstm_crf"]
    strict = ours["scores"]["test"]["strict"]["micro"]["f"]
    assert strict == {"mean": 0.75, "sd": pytest.approx(0.3536, abs=1e-4), "runs": [1.0, 0.5]}
    assert ours["scores"]["test"]["strict"] == ours["scores"]["test-all"]["strict"]
    assert ours["scores"]["test-original"]["strict"]["micro"]["f"]["runs"] == [0, 0]
    assert ours["against_baseline"]["difference"] == 0.25
    page = to_markdown(result)
    assert "| char-CNN + GloVe + BiLSTM + CRF | 2 | 75.0 ± 35.4 |" in page
    assert "| other 1.2 | 1 | 0.0 |" in page
    assert "| test strict, annotators' offsets |" in page


def test_collect_nothing(tmp_path):
    with pytest.raises(ValueError, match="CE005"):
        collect(tmp_path, tmp_path, tmp_path)
