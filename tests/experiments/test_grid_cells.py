import importlib
import json
import sys

import pytest
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.experiments.grid_cells import read_grid

from ..toys.room import make_room

GRID = """
config = "config.cfg"
test = "{target}/test.spacy"
seeds = [3, 4]
baseline = "fine-tuning"

[overrides]
"paths.train" = "{target}/train-{seed}.spacy"

[tasks]
sources = ["a", "b"]
targets = ["a", "b"]
pairs = [["a+b", "c"]]

[methods.source]
hidden = true
test = "{source}/test.spacy"
overrides = { "paths.train" = "{source}/train.spacy" }

[methods."source only"]
start = "source"
train = false

[methods.fine-tuning]
start = "source"
config = "other.cfg"
unset = ["training.logger"]
overrides = { "paths.model" = "{model}", "corpora.dev" = { path = "{target}/dev.spacy", limit = 9 } }
"""


def write(tmp_path, text):
    path = tmp_path / "grid.toml"
    path.write_text(text)
    return path


def test_grid_is_tasks_by_seeds_by_methods(tmp_path):
    grid = read_grid(write(tmp_path, GRID))
    assert grid.tasks == [("a", "b"), ("b", "a"), ("a+b", "c")]
    assert grid.methods == ["source only", "fine-tuning"] and grid.baseline == "fine-tuning"
    assert len(grid.cells) == 3 * 2 * 2
    cell = grid.cells[-1]
    assert cell.keys == {"source": "a+b", "target": "c", "method": "fine-tuning", "seed": 4}
    assert str(cell.config) == "other.cfg" and str(cell.test) == "c/test.spacy"
    paths = {"paths.train": "c/train-4.spacy", "paths.model": "{model}"}
    dev = {"path": "c/dev.spacy", "limit": 9}
    assert cell.overrides == {**paths, "corpora.dev": dev, "training.logger": None, "system.seed": 4}
    assert cell.start.overrides["paths.train"] == "a+b/train.spacy" and str(cell.start.test) == "a+b/test.spacy"
    assert not grid.cells[-2].train and grid.cells[-2].start.overrides == cell.start.overrides


@pytest.fixture(params=["pydantic", "pydantic.v1"], name="read_grid")
def read_grid_by(request, monkeypatch):
    """The reader with the newest pydantic, and with the one of old, both of which spaCy allows."""
    monkeypatch.setitem(sys.modules, "pydantic", importlib.import_module(request.param))
    for name in ("toml_file", "experiments.grid_cells"):
        monkeypatch.delitem(sys.modules, f"spacy_clinner.{name}", raising=False)
    return importlib.import_module("spacy_clinner.experiments.grid_cells").read_grid


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("seeds", "sseeds"), "sseeds is no setting .known are baseline, config, keep_models"),
        (('config = "config.cfg"', ""), "config is missing"),
        (("[3, 4]", '[3, "4"]'), "seeds.1: .*int"),
        (("[3, 4]", "[]"), "seeds: there are none"),
        (('["a", "b"]\ntargets', '"a"\ntargets'), "tasks.sources: .*list"),
        (("train = false", 'train = "no"'), "methods.source only.train: .*bool"),
        (("train = false", ""), r"methods.source only.start: no override has \{model\}"),
        (('"paths.model" = "{model}", ', ""), "methods.fine-tuning.start: no override has"),
        (('"paths.train" = "{target}', 'paths.train = "{target}'), "overrides.paths: no dotted .* in quotes"),
        (('"paths.model"', "paths.model"), "methods.fine-tuning.overrides.paths: no dotted"),
        (('["training.logger"]', '["training"]'), "methods.fine-tuning.unset.training: no dotted"),
        (('"paths.model"', '"system.seed" = 7, "paths.model"'), "methods.fine-tuning.overrides.system.seed: .* sets"),
        (("[3, 4]", "[3, 4, 3]"), "seeds: 3 is there twice"),
        (('["a+b", "c"]', '["a", "b"]'), r"tasks: \('a', 'b'\) is there twice"),
        (('start = "source"\ntrain', "train"), "methods.source only.train: .* needs a start"),
        (('start = "source"', 'start = "nothing"'), "methods.source only.start: 'nothing'"),
        (("hidden = true", 'start = "fine-tuning"'), "start: .* before it"),
        (("hidden = true", "hiden = true"), "methods.source.hiden is no setting .*hidden"),
        (('baseline = "fine-tuning"', 'baseline = "source"'), "baseline: 'source'"),
        (("hidden = true", 'predictions = "p.jsonl"'), "methods.source.predictions: .*overrides.*start: 'source'"),
        (("[tasks]", "[tasks"), "no TOML"),
    ],
)
def test_mistakes_are_named(tmp_path, read_grid, change, problem):
    path = write(tmp_path, GRID.replace(*change))
    if problem is None:
        assert len(read_grid(path).cells) == 12
        return
    with pytest.raises(ValueError, match=rf"(?s)CE084.*grid.toml: .*{problem}"):
        read_grid(path)


def test_all_mistakes_are_named_at_once_and_no_value_is_printed(tmp_path):
    text = GRID.replace("seeds", "sseeds").replace("hidden = true", 'hidden = "secret"').replace("[3, 4]", "[]")
    with pytest.raises(ValueError, match="sseeds.*") as error:
        read_grid(write(tmp_path, text))
    assert "methods.source.hidden" in str(error.value) and "secret" not in str(error.value)
    assert error.value.__context__ is None


def test_a_grid_that_shows_nothing(tmp_path):
    text = GRID.split("[methods.")[0].replace('baseline = "fine-tuning"', "") + "[methods.source]\nhidden = true\n"
    with pytest.raises(ValueError, match="CE084.*methods: .*shown"):
        read_grid(write(tmp_path, text))


def test_a_grid_of_another_system(tmp_path):
    path = write(tmp_path, GRID)
    grid = read_grid(path)
    path.write_bytes(GRID.replace("\n", "\r\n").encode("utf-8-sig"))
    assert read_grid(path) == grid
    path.write_text(GRID, encoding="utf-16")
    with pytest.raises(ValueError, match="CE001"):
        read_grid(path)


SMALL = """
config = "{room}/config.cfg"
test = "{room}/test.spacy"
seeds = [0]
baseline = "short"
probabilities = true
overrides = {{ "paths.train" = "{room}/train.spacy", "paths.dev" = "{room}/dev.spacy" }}

[tasks]
sources = []
targets = []
pairs = [["a", "b"]]

[methods.short]
overrides = {{ "training.max_steps" = 2 }}

[methods.long]
"""


@pytest.mark.slow
def test_the_command_names_its_files_after_the_grid(tmp_path):
    spec = tmp_path / "lengths.toml"
    spec.write_text(SMALL.format(room=make_room(tmp_path).as_posix()))
    result = CliRunner().invoke(clinner_cli, ["grid", str(spec), "--output", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "out" / "lengths.md").read_text(encoding="utf8")
    assert "| a → b | " in page and "F1 against short" in page and page.strip() in result.output
    assert "## Probabilities, a → b" in page
    told = json.loads((tmp_path / "out" / "lengths.json").read_text(encoding="utf8"))
    runs = told["runs"]
    assert [one["keys"]["method"] for one in told["scores"]["probabilities"]] == ["short", "long"]
    assert [(run["method"], run["best_step"] <= 4) for run in runs] == [("short", True), ("long", True)]
    assert {path.suffix for path in (tmp_path / "out").glob("lengths.*")} == {".md", ".json", ".png", ".svg"}
