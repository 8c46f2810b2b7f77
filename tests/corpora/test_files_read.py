"""Of the files of a corpus, each is read, or named with the reason why it is not."""

import os
import sys

import pytest
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.discovery import find_files
from spacy_clinner.corpora.formats import READ
from spacy_clinner.corpora.importing import DEFAULT_LAYOUT, blank_pipeline, import_corpus

from .mutations import SEEDS

# named as a text that has entries or is one for the others
OTHERS = {"brat": "z.csv", "i2b2-2009": "z.csv", "pubtator": "z.txt", "iob": "z.csv", "bioes": "z.csv"}
CORPORA = [format for format in SEEDS if format in READ]


def write_corpus(folder, format):
    for name, data in SEEDS[format].items():
        (folder / "sub").mkdir(parents=True, exist_ok=True)
        (folder / "sub" / name).write_bytes(data)
    (folder / ".git").mkdir()
    (folder / ".git" / "a.txt").touch()
    (folder / OTHERS.get(format, "z.txt")).touch()
    (folder / "link").symlink_to(folder / "sub")
    return folder


@pytest.mark.parametrize("format", CORPORA)
def test_every_reader_names_what_it_leaves_out(tmp_path, format):
    audit, n_files = ImportAudit(), len(SEEDS[format])
    folder = write_corpus(tmp_path / "c", format)
    assert list(import_corpus(folder, format, blank_pipeline("en", "clinical"), DEFAULT_LAYOUT, audit))
    assert sorted(name for name, _ in audit.left_out) == [".git", "link", OTHERS.get(format, "z.txt")]
    line = audit.files_read()
    assert line.startswith(f"Read {n_files} of {n_files + 3} files, left out 3: ") and ".git (hidden" in line
    assert audit.summary().startswith(line)


def test_links_that_lead_nowhere_are_left_out(tmp_path):
    folder = write_corpus(tmp_path / "c", "brat")
    (folder / "self").symlink_to("self")
    (folder / "broken.txt").symlink_to("nowhere.txt")
    audit = ImportAudit()
    assert list(import_corpus(folder, "brat", blank_pipeline("en", "clinical"), DEFAULT_LAYOUT, audit))
    assert {"self", "broken.txt"} <= {name for name, _ in audit.left_out}


def test_folders_may_lie_deeper_than_functions_may(tmp_path):
    folders = [f"{tmp_path}{'/d' * depth}" for depth in range(1, sys.getrecursionlimit() + 100)]
    for folder in folders:
        os.mkdir(folder)
    (tmp_path / "e.txt").touch()
    deepest = f"{folders[-1]}/a.txt"
    open(deepest, "w").close()
    try:
        assert list(find_files(tmp_path, ImportAudit())) == [deepest.removeprefix(f"{tmp_path}/"), "e.txt"]
    finally:
        os.unlink(deepest)
        for folder in reversed(folders):
            os.rmdir(folder)


@pytest.mark.parametrize("format", ["phee", "pubtator", "prodigy", "doccano", "label-studio"])
def test_a_file_without_a_record_is_not_read(tmp_path, format):
    write_corpus(tmp_path / "c", format)
    (empty := tmp_path / "c" / "pubtator.json").write_text("[]\n" if format == "label-studio" else "\n")
    audit = ImportAudit()
    list(import_corpus(tmp_path / "c", format, blank_pipeline("en", "clinical"), DEFAULT_LAYOUT, audit))
    assert any(name == empty.name and reason.startswith("holds no") for name, reason in audit.left_out)
    assert audit.files_read().startswith("Read 1 of 5 files")
    with pytest.raises(ValueError, match="CE005"):
        list(import_corpus(empty, format, blank_pipeline("en", "clinical"), DEFAULT_LAYOUT, ImportAudit()))


def test_many_files_are_counted_and_the_first_are_named():
    audit = ImportAudit(files=[f"{n}.csv" for n in range(9)] + ["a.txt", ".b"])
    for name in audit.files[:9]:
        audit.add("file left out", "no text", doc_id=name)
    audit.add("file left out", "hidden", doc_id=".b")
    wanted = "Read 1 of 11 files, left out 10: 0.csv, 1.csv, 2.csv, 3.csv, 4.csv and 4 more (no text); .b (hidden)"
    assert audit.files_read() == wanted


@pytest.mark.parametrize("command", [["audit"], ["convert", "--format", "brat"]])
def test_names_that_are_no_text_can_be_shown_and_written(tmp_path, command):
    folder = write_corpus(tmp_path / "c", "brat")
    (folder / os.fsdecode(b".\xff\n\x1b[2J")).touch()
    out = {"audit": ["--out", tmp_path / "a.tsv"], "convert": [tmp_path / "c.spacy", "--audit", tmp_path / "a.tsv"]}
    arguments = [command[0], folder, *command[1:], *out[command[0]]]
    result = CliRunner().invoke(clinner_cli, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    assert r".\udcff\n\x1b[2J" in result.output
    assert r".\udcff\n\x1b[2J" in (tmp_path / "a.tsv").read_text()
