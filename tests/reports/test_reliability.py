"""How sure a model is, as tables and as a diagram."""

import re

import numpy as np
import pytest

from spacy_clinner.reports.reliability import plot_reliability, short_names
from spacy_clinner.reports.sureness import UNKNOWN, sureness_comparison, sureness_sections
from spacy_clinner.scoring.calibration import JudgedSpans, measure_calibration
from spacy_clinner.scoring.evaluation import Bootstrap
from spacy_clinner.scoring.review import review_least_sure
from spacy_clinner.scoring.sureness import Group, Groups, Sureness


def sureness(seed=0, n=200, right=None, resamples=20, others=True):
    rng = np.random.default_rng(seed)
    probability = rng.uniform(size=n)
    so = rng.uniform(size=n) < probability if right is None else np.full(n, right)
    spans = JudgedSpans(probability, so, rng.integers(9, size=n), np.array(["A"] * n), np.array([""] * n))
    settings = Bootstrap(resamples=resamples)
    calibration = measure_calibration(spans, settings)
    groups = Groups(Group(calibration, review_least_sure(spans, settings)), {}, {})
    return Sureness(groups, Groups(Group(calibration, None), {}, {}) if others else None, 0)


def texts(path):
    return [re.sub(r"\s+", " ", text) for text in re.findall(r">([^<>]*\S[^<>]*)</text>", path.read_text("utf8"))]


def draw(path, *models):
    plot_reliability(path, models, title="T", note="n")
    return texts(path.with_name(f"{path.name}.svg"))


def test_the_diagram_says_what_it_shows(tmp_path):
    one, other = sureness(), sureness(1, others=False)
    found = draw(tmp_path / "plot", ("runs/a/model-best", one), ("runs/b/model-best", other))
    assert {"T", "n", "share right, %", "probability, %", "wrong entities found, %"} <= set(found)
    ece = one.predicted.all.calibration.values["ece"]
    row, review = one.predicted.all.review.at(0.2), one.predicted.all.review
    assert f"a/model-best: predicted, ECE {ece:.1%}" in found
    assert f"a/model-best: {row.found:.0%} of {review.wrong} in 20%" in found
    hollow = [text for text in found if "not predicted" in text]
    assert len(hollow) == 1 and hollow[0].startswith("a/model-best")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_the_points_are_the_bins(tmp_path):
    found = sureness(others=False)
    draw(tmp_path / "plot", ("m", found))
    svg = (tmp_path / "plot.svg").read_text("utf8")
    bins = found.predicted.all.calibration.bins
    assert len(bins) == 10
    paths = [re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path) for path in re.findall(r'<path d="([^"]*)"', svg)]
    (line,) = [path for path in paths if len(path) == 10 and len(set(path)) == 10]
    places = [tuple(map(float, pair)) for pair in line]
    for axis, values in enumerate(([one.probability for one in bins], [one.right for one in bins])):
        at = [place[axis] for place in places]
        slope = (at[-1] - at[0]) / (values[-1] - values[0])
        assert at == pytest.approx([at[0] + slope * (value - values[0]) for value in values], abs=0.01)


def test_it_is_drawn_alike_each_time_and_of_anything(tmp_path):
    contents = []
    for _ in range(2):
        draw(tmp_path / "plot", ("m", sureness()))
        contents.append([(tmp_path / f"plot.{ending}").read_bytes() for ending in ("png", "svg")])
    assert contents[0] == contents[1]
    # nothing wrong, no intervals, one entity
    found = draw(tmp_path / "plot", ("m", sureness(right=True)), ("n", sureness(n=1, right=False, resamples=0)))
    assert any("n: 20% of 1 in 20%" in text for text in found) and not any(text.startswith("m: 2") for text in found)
    assert draw(tmp_path / "plot", ("m", sureness(right=True, others=False)))


@pytest.mark.parametrize(
    "models, names",
    [
        (["a/b/model-best", "a/c/model-best"], ["b/model-best", "c/model-best"]),
        (["training/model-best"], ["model-best"]),
        (["m", "m"], ["m", "m"]),
        (["a", "a/b"], ["a", "b"]),
        (["x" * 40], ["…" + "x" * 23]),
    ],
)
def test_short_names(models, names):
    assert short_names(models) == names


def test_tables():
    found = sureness()
    sections = dict(sureness_sections(found, "doc.ents"))
    assert len(sections) == 3
    (row,) = [line.split() for line in sections["How sure: predicted entities, against doc.ents"].splitlines()[3:4]]
    calibration = found.predicted.all.calibration
    assert row[:5] == [
        "all",
        "200",
        *(f"{100 * calibration.values[name]:.2f}" for name in ("probability", "right", "ece")),
    ]
    bins = sections["How sure: spans of 0.05 and more that were not predicted, against doc.ents"].splitlines()
    assert len([line for line in bins if re.match(r"0\.\d", line)]) == 10
    review = sections["Reviewing the least sure entities"]
    assert review.endswith(f"of the {found.predicted.all.review.wrong} wrong ones.") and "50%" in review
    left_out = Sureness(found.predicted, None, 3)
    assert next(sureness_sections(left_out, "x"))[1].endswith("3 entities without a probability were left out.")


def test_words_where_there_is_nothing_to_say():
    assert list(sureness_sections(None, "doc.ents")) == [("How sure", UNKNOWN)]
    right = sureness(right=True, resamples=0)
    assert "None of 200 predicted entities is wrong." in list(sureness_sections(right, "doc.ents"))[-1][1]
    both = sureness_comparison([("one", right), ("other", None)])
    assert "one: None of 200" in both and re.search(r"^other *$", both, flags=re.MULTILINE)
