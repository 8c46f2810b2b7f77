"""A grid that keeps predictions: every mode, intervals and paired tests, of trainings and of other tools."""

import json

import pytest
import spacy
from spacy.tokens import DocBin, Span
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.corpora.formats.brat import BratDocument
from spacy_clinner.corpora.placing.record import Mention
from spacy_clinner.experiments.grid_cells import read_grid
from spacy_clinner.experiments.grid_scores import score_grid
from spacy_clinner.reports.experiment import draw_experiment
from spacy_clinner.scoring.run import Gold, run_model
from spacy_clinner.scoring.several_runs import mean_interval

from ..toys.room import make_room

GRID = """
config = "none.cfg"
test = "{folder}/test.spacy"
seeds = [0, 1]
baseline = "weak"
keep_predictions = true

[tasks]
pairs = [["en", "notes"]]

[methods.weak]
predictions = "{folder}/weak.jsonl"

[methods.mixed]
predictions = "{folder}/mixed-{{seed}}.jsonl"

[methods.nothing]
predictions = "{folder}/nothing.jsonl"
"""
TRAINED = """
config = "{folder}/config.cfg"
test = "{folder}/test.spacy"
seeds = [0]
keep_predictions = true
keep_models = true

[overrides]
"paths.train" = "{folder}/train.spacy"
"paths.dev" = "{folder}/dev.spacy"

[tasks]
pairs = [["en", "room"]]

[methods.source]
hidden = true

[methods."source only"]
start = "source"
train = false

[methods.long]
overrides = {{ "training.max_steps" = 40, "training.optimizer.learn_rate" = 0.05 }}
"""


def predictions(path, entities):
    lines = [json.dumps({"id": f"#{i}", "entities": found}) for i, found in enumerate(entities)]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def folder(tmp_path):
    """Two notes with three symptoms, each marked one letter too short; and predictions of three tools."""
    nlp = spacy.blank("en")
    docs = [nlp("Fever and cough."), nlp("No pain.")]
    for doc, spans in zip(docs, ([(0, 1), (2, 3)], [(1, 2)]), strict=True):
        doc.ents = [Span(doc, start, end, "Symptom") for start, end in spans]
        doc.spans["clinner_brat"] = list(doc.ents)
        marked = [Mention("T1", "Symptom", ((doc.ents[0].start_char, doc.ents[0].end_char - 1),), "")]
        doc.user_data["clinner_brat"] = vars(BratDocument("", "", [vars(mention) for mention in marked]))
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "test.spacy")
    fever, cough, pain = [0, 5, "Symptom"], [10, 15, "Symptom"], [3, 7, "Symptom"]
    predictions(tmp_path / "mixed-0.jsonl", [[fever, cough], [pain]])
    for name in ("mixed-1", "weak"):
        predictions(tmp_path / f"{name}.jsonl", [[fever], []])
    predictions(tmp_path / "nothing.jsonl", [[], []])
    (tmp_path / "tools.toml").write_text(GRID.format(folder=tmp_path.as_posix()))
    return tmp_path


def run(*words):
    result = CliRunner().invoke(clinner_cli, ["grid", *map(str, words)])
    assert result.exit_code == 0, result.output
    return result.output


def test_predictions_of_other_tools(folder):
    run(folder / "tools.toml", "--output", folder / "out")
    (task,) = score_grid(read_grid(folder / "tools.toml"), folder / "out")["tasks"]
    assert list(task["methods"]) == ["weak", "mixed", "nothing"]
    ours = task["methods"]["mixed"]
    assert ours["scores"]["doc.ents"]["strict"]["micro"]["f"] == [1.0, 0.5]
    assert ours["scores"]["doc.ents"]["strict"] == ours["scores"]["all annotations"]["strict"]
    assert ours["scores"]["annotators' offsets"]["strict"]["micro"]["f"] == [0, 0]
    assert ours["against_baseline"]["difference"] == 0.25 and 0 < ours["against_baseline"]["p_value"] <= 1
    assert ours["interval"][0] <= 0.75 <= ours["interval"][1]
    page = (folder / "out" / "tools.md").read_text(encoding="utf8")
    assert "| mixed | 2 |  | 75.0 ± 35.4 |" in page and "| nothing | 2 |  | 0.0 ± 0.0 |" in page
    assert "strict, annotators' offsets" in page and "## Tokens, en → notes" in page
    saved = json.loads((folder / "out" / "tools.json").read_text(encoding="utf8"))
    assert saved["scores"]["tasks"] == json.loads(json.dumps([task]))
    (folder / "out" / "tools.png").unlink()
    draw_experiment(folder / "out" / "tools")
    assert (folder / "out" / "tools.png").exists()


def test_documents_are_the_same_if_their_texts_are(folder):
    """A test file for each seed, and a method with other notes whose positions, for want of ids, are the same."""
    nlp = spacy.blank("en")
    files = {"test-0": ["Fever again."], "test-1": ["No cough.", "Cough."], "more": ["Pain.", "Fever."]}
    for name, texts in files.items():
        docs = [nlp(text) for text in texts]
        for doc in docs:
            doc.set_ents([Span(doc, len(doc) - 2, len(doc) - 1, "Symptom")])
        DocBin(docs=docs).to_disk(folder / f"{name}.spacy")
        predictions(folder / f"{name}.jsonl", [[[0, 4, "Symptom"]]] * len(docs))
    own = '[methods.{name}]\npredictions = "{folder}/{file}.jsonl"\ntest = "{folder}/{file}.spacy"\n'
    more = own.format(name="seeded", folder=folder, file="test-{seed}") + own.format(
        name="more", folder=folder, file="more"
    )
    (folder / "tools.toml").write_text(GRID.format(folder=folder.as_posix()) + more)
    run(folder / "tools.toml", "--output", folder / "out")
    (task,) = score_grid(read_grid(folder / "tools.toml"), folder / "out")["tasks"]
    seeded, more = (task["methods"][name] for name in ("seeded", "more"))
    assert seeded["interval"] is None and "against_baseline" not in seeded
    assert more["interval"] is not None and "against_baseline" not in more
    runs = [run_model(str(folder / f"test-{seed}.jsonl"), Gold.read(folder / f"test-{seed}.spacy")) for seed in (0, 1)]
    with pytest.raises(ValueError, match="CE063"):
        mean_interval([run.evaluation for run in runs])


@pytest.mark.parametrize("other", ["documents", "gold"])
def test_a_method_with_other_documents_or_gold_is_not_paired(folder, other):
    docs = list(DocBin().from_disk(folder / "test.spacy").get_docs(spacy.blank("en").vocab))
    if other == "documents":
        docs = docs[:1]
    else:
        docs[0].set_ents(docs[0].ents[:1])
    DocBin(docs=docs, store_user_data=True).to_disk(folder / "one.spacy")
    predictions(folder / "one.jsonl", [[[0, 5, "Symptom"]]] * len(docs))
    more = f'[methods.one]\npredictions = "{folder}/one.jsonl"\ntest = "{folder}/one.spacy"\n'
    (folder / "tools.toml").write_text(GRID.format(folder=folder.as_posix()) + more)
    run(folder / "tools.toml", "--output", folder / "out")
    (task,) = score_grid(read_grid(folder / "tools.toml"), folder / "out")["tasks"]
    assert "against_baseline" not in task["methods"]["one"] and "against_baseline" in task["methods"]["mixed"]


@pytest.mark.slow
def test_predictions_of_trainings(tmp_path):
    make_room(tmp_path)
    (tmp_path / "grid.toml").write_text(TRAINED.format(folder=tmp_path.as_posix()))
    output = run(tmp_path / "grid.toml", "--output", tmp_path / "out")
    # of the hidden source nothing is shown, so nothing is kept
    assert len(list((tmp_path / "out" / "predictions").iterdir())) == 2
    assert len(list((tmp_path / "out" / "models").iterdir())) == 3
    scores = json.loads((tmp_path / "out" / "grid.json").read_text(encoding="utf8"))
    methods = scores["scores"]["tasks"][0]["methods"]
    found = {run["method"]: run for run in scores["runs"]}
    for name, row in methods.items():
        assert row["scores"]["doc.ents"]["strict"]["micro"]["f"] == [pytest.approx(found[name]["test"]["f"])]
    assert "| long | 1 | 100.0 | 100.0 | 100.0 |" in output and "against" not in output
    assert "95 % interval of strict |" in output
