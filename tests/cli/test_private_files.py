"""Whatever command writes text of notes: nobody but its owner may read it."""

import csv
import os

import pytest
import spacy
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.experiments.shares import write_shares

NOTE = "Given =HYPERLINK(1) aspirin."


@pytest.fixture(autouse=True)
def open_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def room(tmp_path, monkeypatch):
    nlp = spacy.blank("en")
    patterns = [{"label": "Drug", "pattern": "aspirin"}, {"label": "Link", "pattern": "=HYPERLINK(1"}]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text(NOTE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    result = CliRunner().invoke(clinner_cli, list(words))
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    "words",
    [
        "predict model notes out/p.jsonl",
        "predict model notes out/p.csv",
        "predict model notes out/p.spacy",
        "predict model notes out/folder",
        "predict model notes out/folder --to prodigy",
        "table notes out/t.csv --model model",
        "table notes out/t.parquet --model model",
        "annotate model notes/a.txt --html out/page.html",
    ],
)
def test_files_of_notes(room, words):
    run(*words.split())
    written = [path for path in (room / "out").rglob("*") if path.is_file()]
    assert written and {path.stat().st_mode & 0o777 for path in written} == {0o600}


def test_corpora_are_private_and_reports_of_them_are_not(room):
    run("predict", "model", "notes", "brat")
    run("convert", "brat", "out/c.spacy", "--format", "brat", "--audit", "report/audit.tsv")
    run("convert", "out/c.spacy", "out/columns", "--to", "iob2")
    write_shares(room / "out" / "c.spacy", [50], 100, 0, room / "out" / "shares")
    written = [path for path in (room / "out").rglob("*") if path.is_file()]
    assert len(written) == 3 and {path.stat().st_mode & 0o777 for path in written} == {0o600}
    assert (room / "report" / "audit.tsv").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("command", ["predict model notes t.csv", "table notes t.csv --model model"])
def test_cells_for_spreadsheets(room, command):
    found = {}
    for option in ([], ["--spreadsheet-safe"]):
        run(*command.split(), *option)
        with open("t.csv", encoding="utf8", newline="") as file:
            found[bool(option)] = [row["text"] for row in csv.DictReader(file)]
    assert found == {False: ["=HYPERLINK(1", "aspirin"], True: ["'=HYPERLINK(1", "aspirin"]}
