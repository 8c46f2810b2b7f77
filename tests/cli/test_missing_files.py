"""A misspelt file or model ends a command with one line about it, not with a traceback."""

import pytest
import spacy
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.cli._coded import coded_errors

DATA = ["--train", "nowhere.spacy", "--dev", "nowhere.spacy", "--test", "nowhere.spacy", "--output", "out"]
COMMANDS = [
    ["table", "nowhere.spacy", "out.csv"],
    ["table", "note.txt", "out.csv", "--model", "nowhere"],
    ["grid", "nowhere.toml", "--output", "out"],
    ["curve", "nowhere.cfg", "--source", "model", *DATA],
    ["combine", "nowhere", "nowhere", "out"],
    ["ensemble", "nowhere", "nowhere", "out"],
    ["strip", "nowhere", "out", "--drop", "ner"],
    ["export", "nowhere", "out"],
    ["annotate", "nowhere", "note.txt"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=[" ".join(words[:2]) for words in COMMANDS])
def test_what_is_missing_is_named(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.txt").write_text("No fever.")
    result = CliRunner().invoke(clinner_cli, command)
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert "nowhere" in result.output and "Traceback" not in result.output


@pytest.mark.parametrize(
    "command",
    [
        ["table", "folder.spacy", "out.csv"],
        ["grid", "folder.toml", "--output", "out"],
        ["convert", "corpus", "out.spacy", "--format", "brat", "--leave-out", "folder.toml"],
        ["convert", "corpus", "note.txt/out.spacy", "--format", "brat"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_read_or_written_is_named(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("folder.spacy", "folder.toml", "corpus"):
        (tmp_path / name).mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("No fever.")
    (tmp_path / "note.txt").write_text("No fever.")
    result = CliRunner().invoke(clinner_cli, command)
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert "Errno" in result.output and ("folder" in result.output or "note.txt" in result.output)
    assert "Traceback" not in result.output


@pytest.mark.parametrize("content", ["# Fièvre".encode("latin-1"), b"", b"[nlp]\n", b'{"a": 1}', b"[nlp]\n[nlp]\n"])
@pytest.mark.parametrize("command", ["curve", "debug"])
def test_a_file_that_is_no_config_is_told(command, content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.cfg").write_bytes(content)
    more = ["--source", "model", *DATA] if command == "curve" else []
    result = CliRunner().invoke(clinner_cli, [command, "a.cfg", *more])
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert "CE320" in result.output or "Config validation error" in result.output


@pytest.mark.parametrize("text, code", [("word " * 250_000, "[E088]"), (None, "[E1041]")])
def test_a_text_that_spacy_refuses_ends_a_command_with_one_line(text, code, capsys):
    with pytest.raises(SystemExit), coded_errors():
        spacy.blank("en")(text)
    output = "".join(capsys.readouterr())
    assert f"✘ {code}" in output and "word" not in output
