import csv
import io
import sys

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Span, SpanGroup

from spacy_clinner.annotations.keys import ASSERTIONS_KEY, DOC_ID_KEY, RELATIONS_KEY, SPANS_KEY
from spacy_clinner.reports.annotations import read_note
from spacy_clinner.reports.entity_table import ENTITY_COLUMNS
from spacy_clinner.reports.relation_table import HEAD_COLUMNS, Known, note_table, relation_table
from spacy_clinner.reports.table import Table, write_table

NLP = spacy.blank("en")


@pytest.fixture
def doc():
    doc = NLP("No aspirin 5 mg, 10 mg daily; water for pain.")
    found = [
        (1, 2, "DRUG"),
        (2, 4, "DOSAGE"),
        (5, 7, "DOSAGE"),
        (7, 8, "FREQUENCY"),
        (9, 10, "DRUG"),
        (11, 12, "PROBLEM"),
    ]
    doc.set_ents([Span(doc, start, end, label) for start, end, label in found])
    doc.spans[SPANS_KEY] = SpanGroup(doc, name=SPANS_KEY, spans=list(doc.ents), attrs={"scores": [0.5] * 6})
    offsets = [[entity.start_char, entity.end_char] for entity in doc.ents]
    doc.user_data[DOC_ID_KEY] = "a"
    doc.user_data[ASSERTIONS_KEY] = [[*offsets[0], "negated"], [*offsets[5], "family"]]
    doc.user_data[RELATIONS_KEY] = [
        {"head": offsets[0], "child": offsets[n], "label": doc.ents[n].label_, "probability": p}
        for n, p in ((2, 0.25), (1, 0.75), (3, 1.0))
    ]
    return doc


def test_a_row_for_each_head_with_its_fields(doc):
    table = note_table([read_note("a", doc)])
    assert list(table.columns) == [
        *HEAD_COLUMNS, "DOSAGE", "DOSAGE_offsets", "DOSAGE_probability",
        "FREQUENCY", "FREQUENCY_offsets", "FREQUENCY_probability",
    ]  # fmt: skip
    aspirin, water = table.rows
    assert aspirin == {
        "doc_id": "a", "head_text": "aspirin", "head_start": 3, "head_end": 10, "head_label": "DRUG",
        "head_probability": 0.5, "head_assertion": "negated", "DOSAGE": "5 mg; 10 mg", "DOSAGE_offsets": "11-15; 17-22",
        "DOSAGE_probability": "0.750; 0.250", "FREQUENCY": "daily", "FREQUENCY_offsets": "23-28",
        "FREQUENCY_probability": "1.000",
    }  # fmt: skip
    # a head's label elsewhere: a drug without fields
    assert water["head_text"] == "water" and water["DOSAGE"] is None and water["head_assertion"] is None


def test_a_probability_stands_where_its_child_does(doc):
    # of 10 mg, 5 mg and daily, in this order
    del doc.user_data[RELATIONS_KEY][1]["probability"], doc.user_data[RELATIONS_KEY][2]["probability"]
    row = relation_table([read_note("a", doc)]).rows[0]
    assert row["DOSAGE"] == "5 mg; 10 mg" and row["DOSAGE_probability"] == "; 0.250"
    assert row["FREQUENCY"] == "daily" and row["FREQUENCY_probability"] is None


def test_other_heads_and_spans(doc):
    assert [row["head_text"] for row in relation_table([read_note("a", doc)], ["PROBLEM"]).rows] == ["pain"]
    doc.spans["mine"] = [Span(doc, 1, 2, "MINE")]
    (row,) = relation_table([read_note("a", doc, "mine")]).rows
    assert row["head_label"] == "MINE" and row["head_probability"] is None and row["FREQUENCY"] == "daily"


def test_a_pipeline_knows_its_columns_whatever_the_notes_hold(doc):
    doc.user_data[RELATIONS_KEY] = []
    table = note_table([read_note("a", doc)], known=Known(["DRUG"], ["DURATION", "DOSAGE"]))
    assert [row["head_text"] for row in table.rows] == ["aspirin", "water"]
    assert list(table.columns)[len(HEAD_COLUMNS) :: 3] == ["DOSAGE", "DURATION"]


def test_no_relations_among_notes_say_nothing_of_heads(doc):
    doc.user_data[RELATIONS_KEY] = []
    assert len(note_table([read_note("a", doc)]).rows) == 6


def test_without_relations_all_entities_have_rows(doc):
    del doc.user_data[RELATIONS_KEY]
    notes = [read_note("a", doc), read_note("b", NLP("No aspirin."))]
    table = note_table(notes)
    assert table.columns == ENTITY_COLUMNS and len(table.rows) == 6
    assert table.rows[0] == {
        "id": "a", "start": 3, "end": 10, "label": "DRUG", "text": "aspirin",
        "probability": 0.5, "assertions": "negated",
    }  # fmt: skip
    assert [row["text"] for row in note_table(notes, ["DRUG"]).rows] == ["aspirin", "water"]
    assert note_table([]) == Table(ENTITY_COLUMNS, [])


def test_a_head_that_has_grown_keeps_its_fields(doc):
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2], attrs={"ENT_TYPE": "DRUG", "ENT_IOB": 3})
    row = relation_table([read_note("a", doc)], ["DRUG"]).rows[0]
    assert row["head_text"] == "No aspirin" and row["FREQUENCY"] == "daily"


CELLS = st.none() | st.text(st.sampled_from('a,;"é🙂= \t\n\r'), min_size=1)
NUMBERS = st.none() | st.floats(0, 1)


@given(st.lists(st.fixed_dictionaries({"text": CELLS, "start": st.integers(0, 10**9), "p": NUMBERS})))
@settings(max_examples=50, deadline=None)
def test_files_hold_what_the_table_does(tmp_path_factory, rows):
    from pyarrow import parquet

    folder = tmp_path_factory.mktemp("tables")
    table = Table({"text": "string", "start": "int64", "p": "float64"}, rows)
    write_table(folder / "new" / "t.parquet", table)
    assert parquet.read_table(folder / "new" / "t.parquet").to_pylist() == rows
    write_table(folder / "t.csv", table)
    content = (folder / "t.csv").read_bytes().decode("utf8")
    read = list(csv.DictReader(io.StringIO(content, newline="")))
    shown = ({**row, "p": None if row["p"] is None else f"{row['p']:.3f}"} for row in rows)
    assert read == [{key: "" if value is None else str(value) for key, value in row.items()} for row in shown]
    assert [path.name for path in (folder / "new").iterdir()] == ["t.parquet"]


def test_unknown_kinds_of_tables(tmp_path):
    with pytest.raises(ValueError, match="CE086"):
        write_table(tmp_path / "t.xlsx", Table({}, []))


def test_parquet_needs_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"CE358.*Parquet.*spacy_clinner\[report\]"):
        write_table(tmp_path / "t.parquet", Table({}, []))
    write_table(tmp_path / "t.csv", Table({}, []))


@pytest.mark.parametrize("label", ["head", "doc_id", "head_text"])
def test_a_relation_takes_no_column_of_the_head(doc, label):
    for relation in doc.user_data[RELATIONS_KEY]:
        relation["label"] = label if relation["label"] == "DOSAGE" else f"relation_{label}"
    table = note_table([read_note("a", doc)])
    plain = dict.fromkeys((f"relation_{label}", f"relation_relation_{label}"))
    assert list(table.columns)[: len(HEAD_COLUMNS)] == list(HEAD_COLUMNS) and plain.keys() <= table.columns.keys()
    row = table.rows[0]
    assert row["doc_id"] == "a" and row["head_text"] == "aspirin" and row["head_probability"] == 0.5
    assert row[f"relation_{label}"] == "5 mg; 10 mg" and row[f"relation_relation_{label}"] == "daily"
