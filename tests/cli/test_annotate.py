import re

import pytest
import spacy
from spacy.language import Language
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.reports.run_page import RunSummary, run_page

from ..toys.pages import TEXTS, train_pipeline

NOTE = "Chest pain since yesterday.\r\nGiven <aspirin> & water."
RUN = RunSummary("en_toy 1.0.0", "out", "csv", "2024-05-03", "2024-05-03", 1, 8, 2, {}, {}, {}, 1, 0, {}, 0, 2, 1.0)


@pytest.fixture
def room(tmp_path):
    nlp = spacy.blank("en")
    patterns = [{"label": "Problem", "pattern": "Chest pain"}, {"label": "Drug", "pattern": "aspirin"}]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "note.txt").write_text(NOTE, encoding="utf8", newline="")
    return tmp_path


def annotate(*args):
    return CliRunner().invoke(clinner_cli, ["annotate", *map(str, args)])


def test_table_of_entities(room):
    result = annotate(room / "model", room / "note.txt")
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.output.splitlines()]
    assert ["Chest", "pain", "Problem", "0", "10"] in rows
    # the carriage return is a character
    assert ["aspirin", "Drug", "36", "43"] in rows


def test_page(room):
    result = annotate(room / "model", room / "note.txt", "--html", room / "pages" / "page.html")
    assert result.exit_code == 0, result.output
    page = (room / "pages" / "page.html").read_text(encoding="utf8")
    assert "&lt;" in page and "<aspirin>" not in page
    assert '<html lang="en">' in page and "<title>note.txt</title>" in page


def test_a_note_without_entities(room):
    (room / "note.txt").write_text("")
    result = annotate(room / "model", room / "note.txt", "--html", room / "page.html")
    assert result.exit_code == 0, result.output
    assert "no entities" in (room / "page.html").read_text()


def test_a_note_that_is_not_utf8_ends_with_its_code(room):
    (room / "note.txt").write_bytes("Fièvre".encode("latin-1"))
    result = annotate(room / "model", room / "note.txt")
    assert result.exit_code == 1
    assert "CE001" in result.output


def test_what_a_component_says_of_the_note_is_not_shown(room):
    """Its message may quote it, and the end of a command is often kept in a log."""

    @Language.component("quotes_the_note")
    def quotes_the_note(doc):
        raise RuntimeError(doc.text)

    nlp = spacy.load(room / "model")
    nlp.add_pipe("quotes_the_note")
    nlp.to_disk(room / "quoting")
    result = annotate(room / "quoting", room / "note.txt")
    assert result.exit_code == 1 and "aspirin" not in result.output
    assert "CE342" in result.output and "'quotes_the_note'" in result.output and "RuntimeError" in result.output


def test_a_page_draws_what_to_check_from_the_calibration(tmp_path):
    """Of the tagger that wrote what is shown, and of the extractor."""
    nlp = train_pipeline()
    (tmp_path / "note.txt").write_text(TEXTS[0], encoding="utf8")

    def bounds():
        nlp.to_disk(tmp_path / "model")
        result = annotate(tmp_path / "model", tmp_path / "note.txt", "--html", tmp_path / "page.html")
        assert result.exit_code == 0, result.output
        page = (tmp_path / "page.html").read_text(encoding="utf8").partition("</style>")[2]
        return re.findall(r"dashed: check[^<]*? below ([\d.]+)", page), len(
            re.findall('class="unsure" data-ends', page)
        )

    assert bounds() == ([], 0)
    nlp.meta["clinner_calibration"] = {"ner": {"check_below": 1.0}, "relations": {"check_below": 1.0}}
    assert bounds() == (["1.000", "1.000"], 1)
    nlp.meta["clinner_calibration"] = {"ner": {"check_below": None}, "relations": {"check_below": None}}
    assert bounds() == ([], 0)


def test_the_page_takes_no_note_s_place(room):
    result = annotate(room / "model", room / "note.txt", "--html", room / "note.txt")
    assert result.exit_code == 1 and "CE344" in result.output
    assert (room / "note.txt").read_text(encoding="utf8").startswith("Chest pain")


@pytest.mark.parametrize("content", ["No pain.", run_page(RUN)])
def test_the_page_replaces_one_of_a_note_alone(room, content):
    """Another note keeps its place, and so does the page of a run."""
    (room / "other").write_text(content, encoding="utf8")
    result = annotate(room / "model", room / "note.txt", "--html", room / "other")
    assert result.exit_code == 1 and "CE344" in result.output
    assert (room / "other").read_text(encoding="utf8") == content
    for _ in range(2):
        assert annotate(room / "model", room / "note.txt", "--html", room / "page.html").exit_code == 0


def test_a_group_that_is_not_there(room):
    result = annotate(room / "model", room / "note.txt", "--spans-key", "typo", "--html", room / "page.html")
    assert result.exit_code == 1 and "CE348" in result.output and not (room / "page.html").exists()
