"""The summary of a run: what it says, what of it comes from outside, and how a browser shows it."""

import re
import shutil
from html.parser import HTMLParser

import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from scripts.take_page_picture import BROWSERS, show_page
from spacy_clinner.errors import Errors, first_sentence
from spacy_clinner.reports.histogram import HEIGHT, WIDTH, draw_histogram, percent
from spacy_clinner.reports.run_page import RunSummary, run_page, show_duration, show_figure

EVIL = "<script>\"'&amp;\u202e{{ 1 }}"
RUN = RunSummary(
    system="en_clinical 1.2.0",
    folder="/data/out",
    format="parquet",
    began="2024-05-03",
    written="2024-05-06 04:12 UTC",
    notes=2000,
    characters=4_000_000,
    tokens=800_000,
    errors={
        ("CE342", "IndexError"): 1,
        ("CE342", "RuntimeError"): 5,
        ("CE349", "Killed"): 2,
        ("E088", "ValueError"): 1,
    },
    entities={"DRUG": [0, 0, 0, 0, 0, 10, 0, 0, 20, 1470, 0], "DOSE": [0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 1]},
    relations={"GIVEN": [0, 0, 0, 0, 0, 0, 0, 0, 0, 30, 0]},
    n_files=3,
    n_left_out=1,
    left_out={"does not end in .txt": "scan.pdf"},
    notes_before=1009,
    tokens_since=400_000,
    seconds=100.0,
)
EMPTY = RUN._replace(
    notes=0, characters=0, tokens=0, errors={("CE349", "Killed"): 1}, entities={}, relations={}, notes_before=0
)


class Page(HTMLParser):
    """What stands in a page; checks that its elements nest, and that none of them loads or runs anything."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tables, self.rects, self.text, self.described = [], [], [], "", []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "img", "iframe", "a")
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)
        if tag == "meta":
            return
        self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "rect":
            self.rects.append(dict(attrs))
        elif tag == "desc":
            self.described.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        if "desc" in self.open:
            self.described[-1] += data
        elif "svg" not in self.open:
            self.text += data
            if {"td", "th"} & set(self.open):
                self.tables[-1][-1][-1] += data.strip("\n")

    @property
    def bars(self):
        return [rect for rect in self.rects if rect["class"] == "bar"]

    def fact(self, name):
        (found,) = re.findall(rf"^{name}(.+)$", self.text, re.MULTILINE)
        return found


def test_all_counts_are_there():
    page = Page(run_page(RUN))
    errors, entities, relations = page.tables
    assert [row[:5] for row in entities] == [
        ["Label", "Found", "In 1,000 notes", "No probability", "Probabilities00.51"],
        ["all labels", "1,504", "752", "< 1 %", ""],
        ["DRUG", "1,500", "750", "", ""],
        ["DOSE", "4", "2.00", "25 %", ""],
    ]
    # one label is all of them, and all of these have a probability
    assert [row[:3] for row in relations[1:]] == [["GIVEN", "30", "15.0"]] and len(relations[0]) == 4
    assert "Notes2,009= 2,000 annotated + 9 errors" in page.text and "Complete, with 9 errors" in page.text
    assert "Tokens800,000400 a note" in page.text and "Relations300.0150 a note" in page.text
    assert "read 2 of 3; left out 1:" in page.text and "scan.pdf (does not end in .txt)" in page.text
    assert page.fact("Last run") == (
        "1,000 notes in 1 min 40 s: 10.0 notes and 4,000 tokens a second; 1,009 notes were done before"
    )
    assert page.fact("Began") == "2024-05-03" and page.fact("Folder") == "/data/out"


def test_errors_say_what_they_mean_and_where_their_rows_are():
    page = Page(run_page(RUN))
    ours = "Component component fails on this note: error."
    assert page.tables[0][1:] == [
        ["CE342", ours, "RuntimeError", "5"],
        ["IndexError", "1"],
        ["CE349", first_sentence(vars(Errors)["CE349"]), "Killed", "2"],
        ["E088", "Text of length length exceeds maximum of max_length.", "ValueError", "1"],
    ]
    assert "FROM 'errors/*.parquet'\n" in page.text
    assert "FROM read_csv('errors/*.csv', all_varchar = true)\n" in Page(run_page(RUN._replace(format="csv"))).text


def test_a_code_that_nobody_knows_has_no_meaning():
    (errors, *_) = Page(run_page(RUN._replace(errors={("CE9", "Odd"): 1, ("__doc__", "Odd"): 1}))).tables
    assert errors[1:] == [["CE9", "", "Odd", "1"], ["__doc__", "", "Odd", "1"]]


def test_histograms_are_drawn_and_described():
    page = Page(run_page(RUN))
    all_labels, drug, dose, given = page.described
    assert drug == "0.5 to 0.6: 10 (< 1 %); 0.8 to 0.9: 20 (1 %); 0.9 to 1: 1,470 (98 %)"
    assert dose == "0.1 to 0.2: 1 (33 %); 0.9 to 1: 2 (67 %)" and given == "0.9 to 1: 30 (100 %)"
    assert len(page.bars) == 4 + 3 + 2 + 1 and len(page.rects) - len(page.bars) == 10 * 4
    for bar in page.bars:
        assert float(bar["y"]) + float(bar["height"]) == HEIGHT and float(bar["height"]) >= 1


def test_the_highest_bar_fills_the_height_and_what_occurs_is_seen():
    bars = draw_histogram([0, 1, 500, 1000])
    assert [bar.height for bar in bars] == [0, 1, HEIGHT / 2, HEIGHT]
    assert all(0 <= bar.x and bar.x + bar.width <= WIDTH for bar in bars)
    assert all(left.x + left.width < right.x for left, right in zip(bars, bars[1:], strict=False))
    assert draw_histogram([0] * 10) == draw_histogram([]) == []


def test_what_no_component_was_sure_of_has_no_histogram():
    page = Page(run_page(RUN._replace(entities={"RULE": [0] * 10 + [7]}, relations={}, errors={})))
    assert page.tables[0][1] == ["RULE", "7", "3.50", "100 %", "not known"] and not page.rects


def test_a_run_without_errors():
    page = Page(run_page(RUN._replace(errors={}, notes_before=0)))
    assert "\nComplete\n" in page.text and "None: every note is annotated." in page.text
    assert "Notes2,000= 2,000 annotated + 0 errors" in page.text and "DuckDB" not in page.text
    assert "done before" not in page.text and page.fact("Last run").startswith("2,000 notes in ")


def test_a_run_of_which_no_note_is_left():
    page = Page(run_page(EMPTY))
    assert "Notes1= 0 annotated + 1 error\n" in page.text and "Complete, with 1 error\n" in page.text
    assert "a note\n" not in page.text and len(page.tables) == 1
    assert "None were found." in page.text and "None were found, or the pipeline looks for none." in page.text


def test_a_run_that_had_nothing_to_do():
    page = Page(run_page(RUN._replace(notes_before=2009, tokens_since=0, seconds=0.0)))
    assert page.fact("Last run") == "had nothing to do: all 2,009 notes were done before"


def test_what_comes_from_outside_is_escaped():
    counts = [0] * 9 + [2, 1]
    summary = RUN._replace(
        system=EVIL,
        folder=EVIL,
        errors={("CE342", EVIL): 1, (EVIL, EVIL): 1},
        entities={EVIL: counts, "A": counts},
        relations={EVIL: counts},
        left_out={EVIL: "caf\udce9.pdf"},
    )
    page = run_page(summary)
    parsed = Page(page)
    assert parsed.tables[1][2][0] == parsed.tables[2][1][0] == EVIL
    assert parsed.text.count(EVIL) == 8
    # the writing direction that it sets ends with it, and its code is shown
    assert page.count('data-code="U+202E">\u202e</bdi>') == 8 == page.count("\u202e")
    assert 'data-code="U+DCE9"' in page and page.encode("utf8")


def test_nothing_may_be_loaded_or_run():
    policies = re.findall(r'<meta http-equiv="Content-Security-Policy" content="(.+)">', run_page(RUN))
    assert [policy.replace("&#39;", "'") for policy in policies] == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert "url(" not in run_page(RUN) and "@import" not in run_page(RUN)


def test_cells_and_drawings_have_names():
    page = run_page(RUN)
    assert "<th>" not in page and page.count('scope="') == len(re.findall("<th ", page))
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert {name for names in re.findall(r'labelledby="([^"]+)"', page) for name in names.split()} <= set(ids)
    assert page.count("<svg") == page.count('role="img" aria-labelledby=') == page.count("<desc") == 4


@pytest.mark.parametrize(
    "value, shown",
    [
        (0, "0"),
        (0.0004, "< 0.001"),
        (0.0123, "0.0123"),
        (1, "1.00"),
        (99.94, "99.9"),
        (99.96, "100"),
        (1e6, "1,000,000"),
    ],
)
def test_figures(value, shown):
    assert show_figure(value) == shown


@pytest.mark.parametrize(
    "seconds, shown",
    [(0, "0.0 s"), (9.96, "10 s"), (59.6, "1 min"), (3600, "1 h"), (3725, "1 h 2 min"), (190000, "2 d 4 h")],
)
def test_durations(seconds, shown):
    assert show_duration(seconds) == shown


def test_percents():
    assert [percent(n, 1000) for n in (0, 1, 10, 555, 999, 1000)] == ["0 %", "< 1 %", "1 %", "56 %", "> 99 %", "100 %"]


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no browser is installed")
@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_shows_it(tmp_path, dark):
    page = run_page(RUN)
    (tmp_path / "summary.html").write_text(page, encoding="utf8")
    picture = tmp_path / "page.png"
    printed = show_page(
        tmp_path / "summary.html",
        "--dump-dom",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
        "--window-size=1000,1400",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        f"--screenshot={picture}",
    )
    shown, written = Page(printed), Page(page)
    assert shown.tables == written.tables and shown.described == written.described and shown.bars == written.bars
    # a colour of the style is there as often as the bars have pixels, so each has its place and its size
    colours = {
        name: to_rgb(found) for name, found in re.findall(r"--(\w+): (#\w+);", page.split("@media")[1 if dark else 0])
    }
    pixels = imread(picture)[..., :3]
    assert abs(pixels[5, 5] - colours["paper"]).max() < 0.01
    bars = abs(pixels - colours["bar"]).max(axis=2) < 0.01
    area = sum(float(bar["width"]) * float(bar["height"]) for bar in written.bars)
    assert 0.8 * area < bars.sum() <= area * 1.05
