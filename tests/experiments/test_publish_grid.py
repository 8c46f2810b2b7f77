"""Published results hold every run of the grid, or nothing is published."""

import json
from types import SimpleNamespace

import pytest
import typer

from scripts import publish_grid
from spacy_clinner.experiments.runner import append_result


@pytest.fixture
def folder(tmp_path, monkeypatch):
    cells = []
    for n, method in enumerate(("old", "new")):
        keys = {"source": "a", "target": "b", "method": method, "seed": 0}
        cells.append(SimpleNamespace(identity=f"id{n}", keys=keys))
        scores = {"p": 0.5, "r": 0.5, "f": 0.5 + n / 10, "documents": {"d": [1, 2, 2]}}
        decided = {"dev": 0.5, "best_step": 60, "seconds": {}, "date": "today", "versions": {}}
        append_result(tmp_path / "results.jsonl", {"identity": f"id{n}", "test": scores, **decided})
    grid = SimpleNamespace(cells=cells, baseline="old")
    monkeypatch.setattr(publish_grid, "read_grid", lambda spec: grid)
    return tmp_path


def test_every_run_is_a_line_beside_table_and_plot(folder):
    publish_grid.main(folder / "grid.toml", folder, folder / "out")
    published = json.loads((folder / "out.json").read_text(encoding="utf8"))
    assert [run["test"] for run in published["runs"]] == [{"p": 0.5, "r": 0.5, "f": f} for f in (0.5, 0.6)]
    assert "| new | +10.00 |" in (folder / "out.md").read_text(encoding="utf8")
    assert (folder / "out.png").exists() and not (folder / "out.svg").exists()


def test_an_unfinished_grid_is_not_published(folder):
    (folder / "results.jsonl").write_bytes((folder / "results.jsonl").read_bytes().splitlines(keepends=True)[0])
    with pytest.raises((SystemExit, typer.Exit)):
        publish_grid.main(folder / "grid.toml", folder, folder / "out")
    assert not (folder / "out.json").exists()
