"""What comes with an extra is missed in one line, before work that needs it."""

import subprocess
import sys
from configparser import ConfigParser
from importlib.util import find_spec
from pathlib import Path

import pytest
import spacy
from spacy.util import registry
from typer.testing import CliRunner

from spacy_clinner import extras
from spacy_clinner.cli import clinner_cli
from spacy_clinner.cli._coded import coded_errors
from spacy_clinner.extras import EXTRAS, require

ROOT = Path(__file__).parents[1]


def test_extras_are_those_of_setup():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    declared = dict(setup["options.extras_require"])
    assert set(EXTRAS) == set(declared) - {"dev"}
    for name, modules in EXTRAS.items():
        for module in modules:
            assert module.replace("_", "-") in declared[name] and find_spec(module)


@pytest.mark.parametrize("extra, module", [(extra, module) for extra in EXTRAS for module in EXTRAS[extra]])
def test_what_is_missing_is_named(extra, module, monkeypatch):
    require(module, "It")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"CE358.*It needs.*{module}.*spacy_clinner\[{extra}\]"):
        require(module, "It")


def test_workflows_check_first():
    command = [sys.executable, "-m", "spacy_clinner.extras"]
    assert subprocess.run([*command, "vectors", "report"], capture_output=True).returncode == 0
    code = (
        "import sys; sys.modules['floret'] = None; from spacy_clinner.extras import main; main(['report', 'vectors'])"
    )
    done = subprocess.run([sys.executable, "-c", code, "report", "vectors"], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("[CE358]") and done.stderr.count("\n") == 1


def add_unregistered():
    # registered only when medspaCy is imported
    spacy.blank("en").add_pipe("medspacy_unheard_of")


def resolve_unregistered():
    registry.get("architectures", "spacy-transformers.UnheardOf.v9")


@pytest.mark.parametrize("fail, extra", [(add_unregistered, "medspacy"), (resolve_unregistered, "transformers")])
def test_what_is_not_registered_is_named(fail, extra, capsys, monkeypatch):
    with pytest.raises(ValueError, match="E002|E893"), coded_errors():
        fail()
    # not by sys.modules: catalogue would load what the installed package has registered
    monkeypatch.setattr(extras, "find_spec", lambda module: None)
    with pytest.raises(SystemExit) as caught, coded_errors():
        fail()
    said = capsys.readouterr()
    assert caught.value.code == 1
    assert "CE359" in said.out + said.err and f"spacy_clinner[{extra}]" in said.out + said.err


def test_other_names_are_not_explained():
    with pytest.raises(ValueError, match="E002.*unheard_of"), coded_errors():
        spacy.blank("en").add_pipe("unheard_of")


def test_command_ends_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "note.txt").write_text("No fever.")
    spacy.blank("en").to_disk(tmp_path / "model")
    words = ["table", str(tmp_path / "model"), str(tmp_path / "note.txt"), str(tmp_path / "out.parquet")]
    result = CliRunner().invoke(clinner_cli, words)
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert "CE358" in result.output and "Traceback" not in result.output
