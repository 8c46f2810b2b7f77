"""The table of formats: whatever lists formats reads it, and a row adds one."""

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.corpora import exporting, importing
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.exporting import export_file
from spacy_clinner.corpora.formats import FORMATS, READ, READ_BY_CHARACTERS, WRITTEN, Format
from spacy_clinner.corpora.formats.options import ReadOptions, WriteOptions
from spacy_clinner.corpora.importing import import_files
from spacy_clinner.corpora.placing.record import Record

DOCS = Path(__file__).parents[3] / "docs"


def test_the_table_imports_no_format():
    code = "import sys; import spacy_clinner.corpora.formats; print(*(m for m in sys.modules if m.startswith('spacy')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert found == ["spacy_clinner", "spacy_clinner.corpora", "spacy_clinner.corpora.formats"]


@pytest.mark.parametrize("name", READ)
def test_every_reader_is_there(name, tmp_path):
    with pytest.raises(ValueError, match="CE005"):
        list(FORMATS[name].read(tmp_path, ImportAudit(), ReadOptions()))


@pytest.mark.parametrize("name", WRITTEN)
def test_every_writer_is_there(name):
    written = list(FORMATS[name].write([], WriteOptions(stem="notes")))
    assert [list(files)[0].startswith("notes.json") for files in written] == [True] * FORMATS[name].one_file


def test_formats_of_characters():
    assert set(READ) - set(READ_BY_CHARACTERS) == {"iob", "iob1", "iob2", "bioes"}


@pytest.mark.parametrize(
    "arguments, names", [(["convert", "--help"], FORMATS), (["evaluate", "--help"], READ_BY_CHARACTERS)]
)
def test_commands_name_them(arguments, names):
    help = CliRunner().invoke(clinner_cli, arguments, env={"COLUMNS": "400"}).output
    assert all(re.search(rf"\b{name}\b", help) for name in names)


def test_the_docs_name_them():
    rows = [line for line in (DOCS / "guide" / "corpora.md").read_text().splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    assert set(FORMATS) <= named


def test_a_row_adds_a_format(monkeypatch, tmp_path):
    toy = ModuleType("spacy_clinner.corpora.formats.toy")
    toy.read = lambda path, audit, options, ending: iter([Record(path.name.removesuffix(ending), path.read_text())])
    toy.write = lambda docs, options, ending: ({f"{options.stem}{ending}": doc.text} for doc in docs)
    row = Format("toy", "a text", "toy:read", "toy:write", one_file=True, settings={"ending": ".x"})
    monkeypatch.setitem(sys.modules, toy.__name__, toy)
    monkeypatch.setitem(FORMATS, "toy", row)
    monkeypatch.setattr(importing, "READ", ("toy",))
    monkeypatch.setattr(exporting, "WRITTEN", ("toy",))
    (tmp_path / "a.x").write_text("Pain.")
    import_files(tmp_path / "a.x", tmp_path / "b.spacy", "toy")
    assert export_file(tmp_path / "b.spacy", tmp_path / "out", "toy") == (1, [])
    assert (tmp_path / "out" / "b.x").read_text() == "Pain."
