import csv
import io
from collections import Counter

import pytest

from spacy_clinner.cells import format_tsv, no_formula, printable
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.errors import Errors
from spacy_clinner.reports.markdown import markdown_table
from spacy_clinner.reports.table import format_csv
from spacy_clinner.reports.tables import terminal_table

HOSTILE = "a\tb\r\nc\rd"


def test_a_row_of_tsv_is_a_line(tmp_path):
    content = format_tsv([("id", "n"), (HOSTILE, None), ("x", 3)])
    assert content == "id\tn\na b  c d\t\nx\t3\n"
    audit = ImportAudit()
    audit.add("overlap", "dropped", doc_id=HOSTILE, label="A\rB", start=1)
    audit.write_tsv(tmp_path / "audit.tsv")
    written = (tmp_path / "audit.tsv").read_bytes().decode()
    assert "\r" not in written and written.count("\n") == 2
    assert list(csv.reader(io.StringIO(written), delimiter="\t"))[1] == "a b  c d,,1,,A B,overlap,dropped".split(",")


def test_a_bar_does_not_end_a_cell_of_markdown():
    table = markdown_table(["label", "F1"], [["A|B\nC", "1.0"]])
    assert table.splitlines()[2:] == ["| A\\|B C | 1.0 |"]


def test_labels_do_not_steer_a_terminal():
    audit = ImportAudit(annotations=Counter({"\x1b[2JDRUG\n": 1}))
    table = terminal_table(("Label\x9b", "n"), [("\x1b[2J\r", 1)])
    assert not any(letter in audit.summary() + table for letter in "\x1b\r\x9b")
    assert printable("a\u202e\x07b") == "a  b" and printable(3) == 3


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-800 mg", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n-1", "  @a"])
def test_what_begins_like_a_formula_is_marked(cell):
    assert no_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "a=1", "'=1", "5-10 mg", "aspirin +", -3, -0.5, None, " 5 mg"])
def test_other_cells_stay(cell):
    assert no_formula(cell) == cell


def test_csv_is_exact_unless_it_is_meant_for_a_spreadsheet():
    columns, rows = ("=label", "text"), [{"=label": -1, "text": "=1+1"}, {"=label": 2, "text": "-800 mg"}]
    assert list(csv.reader(io.StringIO(format_csv(columns, rows))))[1:] == [["-1", "=1+1"], ["2", "-800 mg"]]
    safe = list(csv.reader(io.StringIO(format_csv(columns, rows, safe=True))))
    assert safe == [["'=label", "text"], ["-1", "'=1+1"], ["2", "'-800 mg"]]


def test_messages_cut_what_they_quote():
    message = Errors.CE008.format(what="format", value="x" * 2_000_000, known=["y" * 2_000_000])
    assert len(message) < 3000 and message.count(" characters)") == 2
    assert Errors.CE065.format(n=1, docs="a") == str(Errors.CE065).replace("{n}", "1").replace("{docs}", "a").replace(
        "{{", "{"
    ).replace("}}", "}")
