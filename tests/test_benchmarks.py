"""The benchmarks run: on blank pipelines here, so that only what they say is tested, not what they find."""

import json
import sys
from functools import partial
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin, Span

from .toys.forked import become_python, run_forked, run_python
from .toys.relations import examples, make_nlp, train

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def run(script, *words, output):
    """Run a benchmark; RETURNS its result, and its page."""
    run_forked(partial(begin, BENCHMARKS / script, *words, "--output", output), cwd=output)
    name = script.removesuffix(".py").replace("/", "_")
    page = (output / f"{name}.md").read_text(encoding="utf8")
    return json.loads((output / f"{name}.json").read_text(encoding="utf8")), page


def begin(*words):
    """A benchmark whose fresh processes are forks, too: each would import spaCy and torch for seconds."""
    sys.path.insert(0, str(BENCHMARKS))
    import machine

    machine.in_fresh_process = in_fork
    become_python(*words)


def in_fork(script, *words, settings=None):
    return json.loads(run_python(script, *words, env=settings).stdout.splitlines()[-1])


def test_a_fresh_process(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from machine import in_fresh_process

    script = tmp_path / "script.py"
    script.write_text(
        "import json, os, sys; print('a line before')\n"
        "print(json.dumps([sys.argv[1:], 'torch' in sys.modules, *map(os.environ.get, ('KEPT', 'GIVEN', 'TAKEN'))]))"
    )
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("TAKEN", "3")
    found = in_fresh_process(str(script), "turns", "0", settings={"GIVEN": "2", "TAKEN": None})
    assert found == [["turns", "0"], False, "1", "2", None]


def test_tagging_speed(tmp_path):
    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "ours")
    nlp.to_disk(tmp_path / "ner")
    DocBin(docs=[nlp("Fever and cough.")] * 3).to_disk(tmp_path / "test.spacy")
    command = "run ours --baseline ner --data test.spacy --seconds 0 --processes 1"
    settings = ["--setting", "as the libraries choose", "--setting", "OPENBLAS_CORETYPE=Haswell"]
    result, page = run("tagging_speed.py", *command.split(), *settings, output=tmp_path)
    assert result["words"] == 12 and result["peak_mb"]["ours"] > 10 and len(result["settings"]) == 2
    ratios = [row["model"] / row["baseline"] for row in result["settings"].values()]
    assert [row["ratios"] for row in result["settings"].values()] == [[pytest.approx(ratio)] for ratio in ratios]
    assert result["worst_ratio"] == pytest.approx(min(ratios)) and len(result["lent"]) == 1
    assert 0 < result["parts"]["as the libraries choose"]["tokens"]
    assert "| OPENBLAS_CORETYPE=Haswell | " in page


def test_training_speed(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    nlp.config["initialize"]["vectors"] = None
    nlp.config.to_disk(tmp_path / "ner.cfg")
    doc = nlp.make_doc("Fever and cough.")
    doc.ents = [Span(doc, 0, 1, "PROBLEM")]
    DocBin(docs=[doc] * 3).to_disk(tmp_path / "train.spacy")
    command = "run ner.cfg --baseline ner.cfg --train train.spacy --repeats 1 --epochs 2"
    result, page = run("training_speed.py", *command.split(), output=tmp_path)
    # the same config as its own baseline, so both its processes' epochs
    assert len(result["seconds"]["ner.cfg"]) == 4 and min(result["seconds"]["ner.cfg"]) > 0
    assert "| ner.cfg | " in page


def test_alignment_cost(tmp_path):
    result, page = run("alignment_cost.py", "--words", "50", "--repeats", "1", output=tmp_path)
    steps = result["steps"]
    assert steps["no alignment"]["ratio"] == 1 and all(row["seconds"] > 0 for row in steps.values())
    ratio = steps["defaults"]["seconds"] / steps["no alignment"]["seconds"]
    assert result["targets"]["defaults"] == {"value": ratio, "met": ratio <= 1.25}
    assert "| no alignment |" in page


def test_assertions(tmp_path):
    result, page = run("assertions.py", "--split", "dev", "--notes", "2", output=tmp_path)
    ours, theirs = (result["scores"][rules]["assertions_f"] for rules in ("ready", "medspacy"))
    assert 1 > ours > theirs > 0 and result["versions"]["medspacy"]
    assert f"| all | {sum(result['gold'].values())} |" in page


def test_relation_cost(tmp_path):
    nlp = make_nlp()
    train(nlp, steps=1)
    nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "DRUG", "pattern": "aspirin"}])
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[pair.y for pair in examples(nlp)], store_user_data=True).to_disk(tmp_path / "docs.spacy")
    result, page = run("relation_cost.py", "model", "docs.spacy", "--repeats", "1", output=tmp_path)
    # four million pairs at once would take gigabytes
    assert set(result["cpu_seconds"]) == {"entity_ruler", "relations"} and result["peak_mb_with_2000_entities"] < 500
    assert "| `relations` |" in page


def test_corrupted_models(tmp_path):
    nlp = make_nlp()
    train(nlp, steps=1)
    nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "DRUG", "pattern": "aspirin"}])
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[nlp("Give aspirin.")] * 3).to_disk(tmp_path / "test.spacy")
    files = ["config.cfg", "relations/model", "vocab/lookups.bin"]
    only = [word for file in files for word in ("--only", file)]
    command = ["model", "test.spacy", "--n-notes", "1", *only]
    result, page = run("reliability/corrupted_models.py", *command, output=tmp_path)
    assert result["notes"] == 1 and list(result["files"]) == files
    ours = result["files"]["relations/model"]["damages"]
    assert ours["missing"] == [["coded error", "CE290"]] and ours["6 bit flips"] == [["coded error", "CE291"]] * 6
    assert result["files"]["vocab/lookups.bin"]["damages"]["missing"] == [["same output", ""]]
    assert result["files"]["config.cfg"]["damages"]["empty"][0][0] == "uncoded error"
    assert "| relations/model |" in page


def test_long_notes(tmp_path):
    nlp = make_nlp()
    train(nlp, steps=1)
    nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "DRUG", "pattern": "Asacol"}])
    nlp.to_disk(tmp_path / "model")
    command = ["model", "--sizes", "80,800", "--kind", "lines"]
    result, page = run("reliability/long_notes.py", *command, output=tmp_path)
    found = result["kinds"]["lines"]
    rows = found["sizes"]
    assert {size: row["entities"] for size, row in rows.items()} == {"80": 8, "800": 80}
    first, last = (rows[size]["microseconds_per_token"] for size in ("80", "800"))
    assert list(first) == ["tokenizer", *nlp.pipe_names, "all"]
    assert found["ratios"] == {name: last[name] / first[name] for name in first}
    assert "| all |" in page


def test_structure(tmp_path):
    command = ["--tree", f"here={BENCHMARKS.parent}", "--suite", "here=300"]
    result, page = run("structure.py", *command, output=tmp_path)
    figures = result["trees"]["here"]["figures"]
    assert figures["circles of imports"] == 0 and figures["seconds of the test suite"] == 300
    assert figures["files"] > 200 and figures["arrows between files"] > figures["arrows between folders"] > 20
    assert figures["longest project.yml"] < 200
    assert "| spacy_clinner/layers/crf/kernels | " in page


def test_crf_kernels(tmp_path):
    result, page = run("crf_kernels.py", "--repeats", "1", output=tmp_path)
    assert len(result["rows"]) == 10 and sum("ratio" in row for row in result["rows"]) == 4
    assert min(result["startup_wall_seconds"].values()) > 0
    assert "## B: 8 x 400 tokens; 165 tags" in page
