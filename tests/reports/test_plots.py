"""Plots: what is drawn, how large, and that the published ones are those of their runs."""

import json
import re
import struct
import sys
from importlib import import_module

import numpy as np
import pytest
from matplotlib.image import imread

from spacy_clinner.reports import plots
from spacy_clinner.reports.experiment import draw_experiment, write_experiment
from spacy_clinner.reports.grid import plot_grid
from spacy_clinner.reports.transfer import plot_curve, plot_layers

from ..paths import ROOT
from ..toys.runs import curve, grid, record

RESULTS = ROOT / "benchmarks" / "results"
PUBLISHED = sorted(path.stem for path in RESULTS.glob("*.png"))


def texts(path):
    return [re.sub(r"\s+", " ", text) for text in re.findall(r">([^<>]*\S[^<>]*)</text>", path.read_text("utf8"))]


def width(path):
    return struct.unpack(">I", path.read_bytes()[16:20])[0]


def layers():
    kinds = ("none", "token_embeddings", "crf")
    return [
        record(0.4 + 0.1 * number + share / 100 + 0.01 * seed, share=share, transfer=kind, seed=seed)
        for share in (5, 10)
        for number, kind in enumerate(kinds)
        for seed in (0, 1)
    ]


def test_a_curve_says_what_it_shows(tmp_path):
    plot_curve(curve(), tmp_path / "curve", "From A to B")
    found = texts(tmp_path / "curve.svg")
    assert {"From A to B", "no transfer", "transfer", "5", "10", "20", "40", "strict F1, %"} <= set(found)
    assert "Scored on 2 documents, 100 entities; mean ± sample standard deviation of 3 seeds" in found


def test_layers_are_places_and_shares_are_lines(tmp_path):
    plot_layers(layers(), tmp_path / "layers", "Layers of A")
    found = texts(tmp_path / "layers.svg")
    assert {"nothing", "embeddings", "crf", "5 % of labels", "10 % of labels", "transferred up to"} <= set(found)


def test_a_grid_names_each_method_once_and_each_task(tmp_path):
    plot_grid(grid(), tmp_path / "grid", "Methods")
    found = texts(tmp_path / "grid.svg")
    assert [found.count(method) for method in ("base", "better", "mixed")] == [1, 1, 1]
    assert "mean over 3 tasks" in found and "53.2 ± 0.1" in found
    assert "to b (2 documents, 100 entities), from" in found and "to a (2 documents, 100 entities), from" in found


def test_of_one_task_and_one_seed_there_is_one_panel(tmp_path):
    runs = [run for run in grid() if run["keys"]["target"] == "b" and run["keys"]["seed"] == 0]
    plot_grid(runs, tmp_path / "grid", "Methods")
    found = texts(tmp_path / "grid.svg")
    assert "a → b" in found and "53.0" in found and "Scored on 2 documents, 100 entities; one seed" in found
    assert not any(text.startswith("to b") for text in found)


def test_many_methods_are_told_apart():
    styles = [plots.marker_style(number) for number in range(14)]
    looks = {(style["color"], style["marker"], "markerfacecolor" in style) for style in styles}
    assert len(looks) == 14


def test_names_of_lines_keep_apart_and_near(tmp_path):
    ends = {"alone": 0.0, "third": 2.1, "far": 9.0, "first": 2.0, "second": 2.0}
    lines = [plots.Line(name, [5.0, end], [0.0, 0.0]) for name, end in ends.items()]
    plots.line_plot(tmp_path / "ends", ["a", "b"], lines, title="T", note="n", x_label="x", y_label="y")
    found = re.findall(r'<text [^>]*\by="([-\d.]+)"[^>]*>(\w+)</text>', (tmp_path / "ends.svg").read_text("utf8"))
    height = {name: float(y) for y, name in found if name in ends}
    # in points, from above; those that nothing is near to stand where their lines end
    points = (height["alone"] - height["far"]) / 9
    meant = {name: height["alone"] - end * points for name, end in ends.items()}
    stack = ["first", "second", "third"]
    gaps = -np.diff([height[name] for name in stack])
    # a line of their type is ten points high
    assert gaps == pytest.approx([gaps[0]] * 2, abs=0.01) and gaps[0] > 10 > 0.1 * points
    # moved together as little as possible
    assert sum(height[name] for name in stack) == pytest.approx(sum(meant[name] for name in stack), abs=0.1)


def test_plots_are_drawn_alike_each_time(tmp_path):
    names = [f"{name}.{ending}" for name in ("curve", "layers", "grid") for ending in ("png", "svg")]
    contents = []
    for _ in range(2):
        plot_curve(curve(), tmp_path / "curve", "Curve")
        plot_layers(layers(), tmp_path / "layers", "Layers")
        plot_grid(grid(), tmp_path / "grid", "Grid")
        contents.append({name: (tmp_path / name).read_bytes() for name in names})
    assert contents[0] == contents[1]
    assert contents[0]["curve.png"].startswith(b"\x89PNG")


def test_an_experiment_is_drawn_again_from_its_file(tmp_path):
    runs = [{**run, **dict.fromkeys(("identity", "best_step", "seconds", "date", "versions"))} for run in grid()]
    for run in runs:
        run["test"] |= {"p": 0.5, "r": 0.5}
    write_experiment(tmp_path / "grid", "grid", "Methods", runs, ["| a |"])
    first = (tmp_path / "grid.png").read_bytes()
    draw_experiment(tmp_path / "grid", tmp_path / "again")
    assert (tmp_path / "again.png").read_bytes() == first
    content = json.loads((tmp_path / "grid.json").read_text("utf8"))
    assert content["title"] == "Methods" and content["runs"][0]["test"]["n_entities"] == 100


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_plots_are_those_of_their_runs(name, tmp_path, monkeypatch):
    content = json.loads((RESULTS / f"{name}.json").read_text("utf8"))
    if "kind" in content:
        draw_experiment(RESULTS / name, tmp_path / name)
    else:
        monkeypatch.syspath_prepend(ROOT / "benchmarks")
        import_module(name).draw(content, tmp_path / name)
    assert width(RESULTS / f"{name}.png") <= 1600
    drawn, published = imread(tmp_path / f"{name}.png"), imread(RESULTS / f"{name}.png")
    # other versions of the font library set letters a little otherwise
    assert drawn.shape == published.shape and np.abs(drawn - published).mean() < 0.01


def test_plots_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"CE358.*A plot.*spacy_clinner\[report\]"):
        plots.check_plots()
