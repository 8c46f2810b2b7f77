"""The benchmarks run: on blank pipelines here, so that only what they say is tested, not what they find."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin, Span

from .toys.relations import examples, make_nlp, train

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


def test_tagging_speed(tmp_path):
    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "ours")
    nlp.to_disk(tmp_path / "ner")
    DocBin(docs=[nlp("Fever and cough.")] * 3).to_disk(tmp_path / "test.spacy")
    script = str(ROOT / "benchmarks" / "tagging_speed.py")
    command = f"run ours --baseline ner --data test.spacy --seconds 0 --processes 1 --output {tmp_path}"
    settings = ["--setting", "as the libraries choose", "--setting", "OPENBLAS_CORETYPE=Haswell"]
    subprocess.run([sys.executable, script, *command.split(), *settings], cwd=tmp_path, check=True, capture_output=True)

    result = json.loads((tmp_path / "tagging_speed.json").read_text(encoding="utf8"))
    assert result["words"] == 12 and result["peak_mb"]["ours"] > 10 and len(result["settings"]) == 2
    ratios = [row["model"] / row["baseline"] for row in result["settings"].values()]
    assert [row["ratios"] for row in result["settings"].values()] == [[pytest.approx(ratio)] for ratio in ratios]
    assert result["worst_ratio"] == pytest.approx(min(ratios)) and len(result["lent"]) == 1
    assert 0 < result["parts"]["as the libraries choose"]["tokens"]
    assert "| OPENBLAS_CORETYPE=Haswell | " in (tmp_path / "tagging_speed.md").read_text(encoding="utf8")


def test_training_speed(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    nlp.config["initialize"]["vectors"] = None
    nlp.config.to_disk(tmp_path / "ner.cfg")
    doc = nlp.make_doc("Fever and cough.")
    doc.ents = [Span(doc, 0, 1, "PROBLEM")]
    DocBin(docs=[doc] * 3).to_disk(tmp_path / "train.spacy")
    script = str(ROOT / "benchmarks" / "training_speed.py")
    command = f"run ner.cfg --baseline ner.cfg --train train.spacy --repeats 1 --epochs 2 --output {tmp_path}"
    subprocess.run([sys.executable, script, *command.split()], cwd=tmp_path, check=True, capture_output=True)

    result = json.loads((tmp_path / "training_speed.json").read_text(encoding="utf8"))
    # the same config as its own baseline, so both its processes' epochs
    assert len(result["seconds"]["ner.cfg"]) == 4 and min(result["seconds"]["ner.cfg"]) > 0
    assert "| ner.cfg | " in (tmp_path / "training_speed.md").read_text(encoding="utf8")


def test_alignment_cost(tmp_path):
    script = str(ROOT / "benchmarks" / "alignment_cost.py")
    command = [sys.executable, script, "--words", "50", "--repeats", "1", "--output", str(tmp_path)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    result = json.loads((tmp_path / "alignment_cost.json").read_text(encoding="utf8"))
    steps = result["steps"]
    assert steps["no alignment"]["ratio"] == 1 and all(row["seconds"] > 0 for row in steps.values())
    ratio = steps["defaults"]["seconds"] / steps["no alignment"]["seconds"]
    assert result["targets"]["defaults"] == {"value": ratio, "met": ratio <= 1.25}
    assert "| no alignment |" in (tmp_path / "alignment_cost.md").read_text(encoding="utf8")


def test_assertions(tmp_path):
    script = str(ROOT / "benchmarks" / "assertions.py")
    command = [sys.executable, script, "--split", "dev", "--notes", "2", "--output", str(tmp_path)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    result = json.loads((tmp_path / "assertions.json").read_text(encoding="utf8"))
    ours, theirs = (result["scores"][rules]["assertions_f"] for rules in ("ready", "medspacy"))
    assert 1 > ours > theirs > 0 and result["versions"]["medspacy"]
    assert f"| all | {sum(result['gold'].values())} |" in (tmp_path / "assertions.md").read_text(encoding="utf8")


def test_relation_cost(tmp_path):
    nlp = make_nlp()
    train(nlp, steps=1)
    nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "DRUG", "pattern": "aspirin"}])
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[pair.y for pair in examples(nlp)], store_user_data=True).to_disk(tmp_path / "docs.spacy")
    script = str(ROOT / "benchmarks" / "relation_cost.py")
    command = [sys.executable, script, str(tmp_path / "model"), str(tmp_path / "docs.spacy"), "--repeats", "1"]
    subprocess.run([*command, "--output", str(tmp_path)], check=True, capture_output=True, timeout=120)
    result = json.loads((tmp_path / "relation_cost.json").read_text(encoding="utf8"))
    # four million pairs at once would take gigabytes
    assert set(result["cpu_seconds"]) == {"entity_ruler", "relations"} and result["peak_mb_with_2000_entities"] < 500
    assert "| `relations` |" in (tmp_path / "relation_cost.md").read_text(encoding="utf8")


def test_corrupted_models(tmp_path):
    nlp = make_nlp()
    train(nlp, steps=1)
    nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "DRUG", "pattern": "aspirin"}])
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[nlp("Give aspirin.")] * 3).to_disk(tmp_path / "test.spacy")
    script = str(ROOT / "benchmarks" / "reliability" / "corrupted_models.py")
    command = [sys.executable, script, "model", "test.spacy", "--n-notes", "1", "--output", str(tmp_path)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    result = json.loads((tmp_path / "reliability_corrupted_models.json").read_text(encoding="utf8"))
    assert result["notes"] == 1
    ours = result["files"]["relations/model"]["damages"]
    assert ours["missing"] == [["coded error", "CE290"]] and ours["6 bit flips"] == [["coded error", "CE291"]] * 6
    assert result["files"]["vocab/lookups.bin"]["damages"]["missing"] == [["same output", ""]]
    assert result["files"]["config.cfg"]["damages"]["empty"][0][0] == "uncoded error"
    assert "| relations/model |" in (tmp_path / "reliability_corrupted_models.md").read_text(encoding="utf8")


def test_long_notes(tmp_path):
    nlp = make_nlp()
    train(nlp, steps=1)
    nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "DRUG", "pattern": "Asacol"}])
    nlp.to_disk(tmp_path / "model")
    script = str(ROOT / "benchmarks" / "reliability" / "long_notes.py")
    command = [sys.executable, script, "model", "--sizes", "80,800", "--kind", "lines", "--output", str(tmp_path)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    result = json.loads((tmp_path / "reliability_long_notes.json").read_text(encoding="utf8"))
    found = result["kinds"]["lines"]
    rows = found["sizes"]
    assert {size: row["entities"] for size, row in rows.items()} == {"80": 8, "800": 80}
    first, last = (rows[size]["microseconds_per_token"] for size in ("80", "800"))
    assert list(first) == ["tokenizer", *nlp.pipe_names, "all"]
    assert found["ratios"] == {name: last[name] / first[name] for name in first}
    assert "| all |" in (tmp_path / "reliability_long_notes.md").read_text(encoding="utf8")


def test_structure(tmp_path):
    script = str(ROOT / "benchmarks" / "structure.py")
    command = [sys.executable, script, "--tree", f"here={ROOT}", "--suite", "here=300", "--output", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    figures = json.loads((tmp_path / "structure.json").read_text(encoding="utf8"))["trees"]["here"]["figures"]
    assert figures["circles of imports"] == 0 and figures["seconds of the test suite"] == 300
    assert figures["files"] > 200 and figures["arrows between files"] > figures["arrows between folders"] > 20
    assert figures["longest project.yml"] < 200
    assert "| spacy_clinner/layers/crf/kernels | " in (tmp_path / "structure.md").read_text(encoding="utf8")


def test_crf_kernels(tmp_path):
    script = str(ROOT / "benchmarks" / "crf_kernels.py")
    subprocess.run(
        [sys.executable, script, "--repeats", "1", "--output", str(tmp_path)], check=True, capture_output=True
    )
    result = json.loads((tmp_path / "crf_kernels.json").read_text(encoding="utf8"))
    assert len(result["rows"]) == 10 and sum("ratio" in row for row in result["rows"]) == 4
    assert min(result["startup_wall_seconds"].values()) > 0
    assert "## B: 8 x 400 tokens; 165 tags" in (tmp_path / "crf_kernels.md").read_text(encoding="utf8")
