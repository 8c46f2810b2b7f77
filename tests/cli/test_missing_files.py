"""A misspelt file or model ends a command with one line about it, not with a traceback."""

import pytest
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli

DATA = ["--train", "nowhere.spacy", "--dev", "nowhere.spacy", "--test", "nowhere.spacy", "--output", "out"]
COMMANDS = [
    ["table", "nowhere.spacy", "out.csv"],
    ["table", "nowhere", "note.txt", "out.csv"],
    ["grid", "nowhere.toml", "--output", "out"],
    ["curve", "nowhere.cfg", "--source", "model", *DATA],
    ["combine", "nowhere", "nowhere", "out"],
    ["strip", "nowhere", "out", "--drop", "ner"],
    ["annotate", "nowhere", "note.txt"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=[" ".join(words[:2]) for words in COMMANDS])
def test_what_is_missing_is_named(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.txt").write_text("No fever.")
    result = CliRunner().invoke(clinner_cli, command)
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert "nowhere" in result.output and "Traceback" not in result.output
