"""How commands end: what may quote a note is shown by nobody who was not asked to."""

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from typer import BadParameter, Exit
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.cli._coded import SHOWS_ALL, coded_errors

NOTE = "Given aspirin to Mr. Invented"


def fail(message=NOTE):
    raise RuntimeError(message)


# the second begins as an error with a code does, but has none
@pytest.mark.parametrize("message", [NOTE, "[Esther Invented]"])
def test_of_an_unforeseen_error_kind_and_place_are_told(message, capsys):
    with pytest.raises(SystemExit) as caught, coded_errors():
        fail(message)
    said = " ".join("".join(capsys.readouterr()).split())
    assert caught.value.code == 1
    assert "CE365" in said and "RuntimeError in test_coded.py, line " in said and "Invented" not in said


def test_all_is_shown_where_notes_may_be_seen(monkeypatch):
    monkeypatch.setenv(SHOWS_ALL, "1")
    with pytest.raises(RuntimeError, match="Invented"), coded_errors():
        fail()


@pytest.mark.parametrize(
    "error", [Exit(3), BadParameter("a number"), ValueError("[E024] of spaCy"), ImportError("x"), KeyboardInterrupt()]
)
def test_what_ends_commands_otherwise_passes(error):
    with pytest.raises(type(error)), coded_errors():
        raise error


def test_a_component_that_quotes_notes_while_a_model_is_scored(tmp_path):
    @Language.component("quotes_notes")
    def quotes_notes(doc):
        raise RuntimeError(doc.text)

    nlp = spacy.blank("en")
    gold = nlp.make_doc(NOTE)
    gold.set_ents([], default="outside")
    DocBin(docs=[gold]).to_disk(tmp_path / "gold.spacy")
    nlp.add_pipe("quotes_notes")
    nlp.to_disk(tmp_path / "model")
    result = CliRunner().invoke(clinner_cli, ["evaluate", str(tmp_path / "model"), str(tmp_path / "gold.spacy")])
    assert result.exit_code == 1
    assert "CE365" in result.output and "Invented" not in result.output


@pytest.mark.parametrize("command", ["debug", "curve", "train"])
def test_a_misspelt_option_is_named(command, tmp_path):
    (tmp_path / "a.cfg").write_text("[paths]\n[nlp]\n[training]\n[initialize]\n")
    needed = {"curve": [*(part for name in ("source", "train", "dev", "test") for part in (f"--{name}", tmp_path)),
                        "--output", tmp_path / "o"], "train": ["--output", tmp_path / "o"], "debug": []}  # fmt: skip
    arguments = [command, tmp_path / "a.cfg", *needed[command], "--mispelt"]
    result = CliRunner().invoke(clinner_cli, [*map(str, arguments)])
    assert result.exit_code == 1 and "--mispelt" in result.output and "CE365" not in result.output
