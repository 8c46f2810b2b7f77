"""Notes of tables: rows of CSV and Parquet files, and keys of lines of JSON."""

import csv
import datetime
import gzip
import io
import json
import pickle
import sys
import tracemalloc
import warnings
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from spacy_clinner.bulk.columns import BY_DEFAULT, Columns
from spacy_clinner.bulk.notes import find_notes, iter_notes
from spacy_clinner.corpora.audit import ImportAudit

ALSO = Columns("note_id", "note", ("patient", "date"))


def notes(*paths, columns=BY_DEFAULT):
    return find_notes(paths, ImportAudit(), columns)


def read(*paths, columns=BY_DEFAULT):
    return [(note.id, note.read(), *note.also) for note in notes(*paths, columns=columns)]


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes) else content.encode("utf8")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def write_parquet(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), path)
    return path


def failure(note):
    with pytest.raises(ValueError) as caught:
        note.read()
    return str(caught.value)


# any text that a file of UTF-8 holds
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ROWS = st.lists(st.tuples(TEXT.filter(bool), TEXT, TEXT), unique_by=lambda row: row[0])


@pytest.mark.parametrize("name", ["n.csv", "n.csv.gz", "n.TSV", "n.tsv.gz"])
@given(rows=ROWS, end=st.sampled_from(["\r\n", "\n"]), mark=st.sampled_from(["", "\ufeff"]))
@settings(max_examples=50, deadline=None)
def test_rows_of_the_csv_module_come_back(tmp_path_factory, name, rows, end, mark):
    file = io.StringIO()
    delimiter = "\t" if "tsv" in name.lower() else ","
    quoting = csv.QUOTE_ALL if end == "\n" else csv.QUOTE_MINIMAL
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([("text", "more", "id"), *((text, more, note_id) for note_id, text, more in rows)])
    path = write(tmp_path_factory.mktemp("tables") / name, mark + file.getvalue())
    found = read(path, columns=Columns(also=("more",)))
    assert found == [(note_id, text, more or None) for note_id, text, more in rows]


@given(rows=ROWS, size=st.integers(1, 3))
@settings(max_examples=50, deadline=None)
def test_rows_of_pyarrow_come_back(tmp_path_factory, rows, size):
    path = tmp_path_factory.mktemp("tables") / "n.parquet"
    schema = pa.schema([(name, pa.string()) for name in ("id", "text", "more")])
    table = pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)
    parquet.write_table(table, path, row_group_size=size)
    found = read(path, columns=Columns(also=("more",)))
    assert found == [(note_id, text, more or None) for note_id, text, more in rows]


def test_columns_are_named(tmp_path):
    rows = 'patient,note,x,note_id,date\nP1,"Fever,\r\nand ""chills""",,7,2020-01-02\n\n,Cough,x,b,\n'
    lines = [
        {"note_id": 7, "note": "Fever", "patient": 12, "date": None},
        {"note": "Cough", "note_id": "b", "date": "", "patient": ["P1", True]},
    ]
    assert read(write(tmp_path / "n.csv", rows), columns=ALSO) == [
        ("7", 'Fever,\r\nand "chills"', "P1", "2020-01-02"),
        ("b", "Cough", None, None),
    ]
    for ending in ("", ".gz"):
        path = write(tmp_path / f"n.jsonl{ending}", "\n".join(map(json.dumps, lines)))
        assert read(path, columns=ALSO) == [("7", "Fever", "12", None), ("b", "Cough", '["P1", true]', None)]
    text = write(tmp_path / "n.txt", "Pain")
    bad = write(tmp_path / "bad.jsonl", '{"id": 1, "text": "x"}')
    *_, note, bad = notes(tmp_path / "n.jsonl", text, bad, columns=ALSO)
    assert (note.id, note.read(), *note.also) == ("n", "Pain", None, None)
    assert bad.also == (None, None) and "without 'note_id'" in failure(bad)


def test_what_no_note_says_anything_of(tmp_path):
    """As of a key that is misspelt; one part of a table may lack what is rare."""
    one = write(tmp_path / "one.jsonl", '{"id": 1, "text": "x", "date": null}\n{"id": 2, "text": "y", "patient": 0}')
    other = write(tmp_path / "other.jsonl", '{"id": 3, "text": "z"}')
    with pytest.warns(UserWarning, match=r"CW436.* of 'date' "):
        notes(one, other, columns=Columns(also=("patient", "date")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notes(one, other, columns=Columns(also=("patient",)))


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (pa.array([datetime.date(2020, 1, 2), None]), "2020-01-02"),
        (pa.array([10**18 + 1, None], pa.timestamp("ns")), "2001-09-09T01:46:40"),
        (pa.array([10**15, None], pa.timestamp("us", "UTC")), "2001-09-09T01:46:40+00:00"),
        (pa.array([3661 * 10**9 + 1, None], pa.time64("ns")), "01:01:01"),
        (pa.array([10**9 + 1, None], pa.duration("ns")), "0:00:01"),
        (pa.array([Decimal("1.50"), None]), "1.50"),
        (pa.array([True, None]), "true"),
        (pa.array([1.5, None]), "1.5"),
        (pa.array([5, None], pa.uint8()), "5"),
        (pa.array(["P1", ""]).dictionary_encode(), "P1"),
        (pa.array(["P1", None], pa.large_string()), "P1"),
    ],
)
def test_values_that_travel_along_are_strings(tmp_path, values, wanted):
    path = write_parquet(tmp_path / "n.parquet", id=[1, 2], text=["a", "b"], also=values)
    assert read(path, columns=Columns(also=("also",))) == [("1", "a", wanted), ("2", "b", None)]


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([7, 8], pa.int8()),
        pa.array([Decimal(7), Decimal(8)], pa.decimal128(38, 0)),
        pa.array(["7", "8"]).dictionary_encode(),
        pa.array(["7", "8"], pa.string_view()),
    ],
)
def test_ids_of_parquet(tmp_path, ids):
    text = pa.array(["a", "b"], pa.large_string())
    assert read(write_parquet(tmp_path / "n.parquet", id=ids, text=text)) == [("7", "a"), ("8", "b")]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("id", [1.0, 2.0]),
        ("id", [True, False]),
        ("id", [Decimal("1.5"), Decimal("2.5")]),
        ("text", [1, 2]),
        ("text", [b"x", b"y"]),
        ("text", [["x"], ["y"]]),
        ("more", [[1], [2]]),
        ("more", [b"x", b"y"]),
    ],
)
def test_a_column_of_another_type_is_told_before_the_first_note(tmp_path, column, values):
    good = {"id": ["a", "b"], "text": ["x", "y"], "more": ["", "z"]}
    write_parquet(tmp_path / "d" / "1.parquet", **good)
    write_parquet(tmp_path / "d" / "2.parquet", **good | {column: values})
    with pytest.raises(ValueError, match=rf"CE411.*'{column}' of 2\.parquet"):
        next(iter_notes([tmp_path / "d"], ImportAudit(), Columns(also=("more",))))


def test_a_column_may_have_another_type_in_each_file(tmp_path):
    write_parquet(tmp_path / "1.parquet", id=[1], text=["x"])
    write_parquet(tmp_path / "2.parquet", text=pa.array(["y"], pa.large_string()), id=["2"])
    write_parquet(tmp_path / "3.parquet", id=["3"], text=pa.nulls(1))
    one, two, three = notes(tmp_path)
    assert [(one.id, one.read()), (two.id, two.read())] == [("1", "x"), ("2", "y")]
    assert three.id == "3.parquet, row 1" and "CE410" in failure(three)


@pytest.mark.parametrize("name", ["2.csv", "2.csv.gz", "2.tsv", "2.parquet"])
def test_a_column_that_is_missing_is_told_before_the_first_note(tmp_path, name):
    write(tmp_path / "d" / "1.csv", "id,text\na,x\n")
    path = tmp_path / "d" / name
    if name.endswith("parquet"):
        write_parquet(path, note_id=["b"], text=["y"])
    else:
        write(path, "note_id,text\nb,y\n".replace(",", "\t" if "tsv" in name else ","))
    with pytest.raises(ValueError, match=rf"CE409.* {name} must have one column 'id', and has none.*'note_id', 'text'"):
        next(iter_notes([tmp_path / "d"], ImportAudit()))
    with pytest.raises(ValueError, match=rf"CE409.* {name} must have one column 'day'"):
        next(iter_notes([path], ImportAudit(), Columns("note_id", also=("day",))))


def test_a_column_that_is_there_twice(tmp_path):
    with pytest.raises(ValueError, match="CE409.*one column 'text', and has 2"):
        notes(write(tmp_path / "n.csv", "id,text,text\na,x,y\n"))


@pytest.mark.parametrize("first", ['17,"Fever"', "Fever.,Cough.", f"Smith,{'x' * 50}"])
def test_a_note_in_place_of_names_is_not_shown(tmp_path, first):
    with pytest.raises(ValueError, match="CE409.*2, not shown") as caught:
        notes(write(tmp_path / "n.csv", f"{first}\n"))
    assert not any(word in str(caught.value) for word in ("Fever", "Smith"))


BAD_ROWS = {
    "b": "1 cells",
    "b,Mr. Smith,more": "3 cells",
    ",Mr. Smith": "'id' is empty",
    "b,Mr.\0Smith": "NUL",
    "b,Mr. \rSmith": "carriage return",
    '""': "1 cells",
}


@pytest.mark.parametrize(("row", "problem"), BAD_ROWS.items())
def test_a_row_that_is_no_note_fails_alone(tmp_path, row, problem):
    path = write(tmp_path / "n.csv", f'id,text\na,"Fever\nand"\n{row}\nc,Cough\n')
    first, bad, last = pickle.loads(pickle.dumps(notes(path)))
    assert (first.id, first.read(), last.id, last.read()) == ("a", "Fever\nand", "c", "Cough")
    message = failure(bad)
    assert bad.id == "n.csv, row 2" and message.startswith("[CE410] n.csv, row 2 ") and problem in message
    assert "Smith" not in message


def not_utf8(values):
    """Text as another program might write it: pyarrow itself sees to UTF-8."""
    return pa.Array.from_buffers(pa.string(), len(values), pa.array(values, pa.binary()).buffers())


def test_a_row_of_parquet_that_is_no_note_fails_alone(tmp_path):
    path = write_parquet(
        tmp_path / "n.parquet",
        id=["a", None, "", "d", "e", "f"],
        text=not_utf8([b"x", b"Smith", b"Smith", None, b"Smith\xff", b""]),
        day=pa.array([1, 1, 1, 1, 1, 10**9], pa.date32()),
    )
    found = notes(path, columns=Columns(also=("day",)))
    assert (found[0].id, found[0].read(), found[0].also) == ("a", "x", ("1970-01-02",))
    assert [note.id for note in found[1:]] == [f"n.parquet, row {n}" for n in range(2, 7)]
    messages = [failure(note) for note in found[1:]]
    assert all("CE410" in message and "Smith" not in message for message in messages)
    problems = ("without 'id'", "'id' is empty", "without 'text'", "cannot be read", "cannot be read")
    assert all(problem in message for problem, message in zip(problems, messages, strict=True))


def test_notes_of_benchmarks_are_known(tmp_path):
    path = write(tmp_path / "n.csv", "id,benchmark,text\na,true,x\nb,,y\n")
    assert [note.benchmark for note in notes(path)] == [True, False]
    path = write_parquet(tmp_path / "n.parquet", id=[1, 2], text=["x", "y"], benchmark=[True, None])
    assert [note.benchmark for note in notes(path)] == [True, False]


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ('id,text\na,Fever\nb,"x\nMr. Año"\n'.encode("cp1252"), "CE001.*n.csv, line 4, .*byte 26 .*WINDOWS-1252"),
        ("id,text\na,Año\n".encode("utf-16"), "CE001.*line 1, .*UTF-16"),
        ("id,text\na,Año\n".encode("utf-16-le"), "CE001.*line 1, .*UTF-16LE"),
        ("id,text\na,Año\n".encode("utf-16-be"), "CE001.*line 1, .*UTF-16BE"),
        (b"PK\x03\x04\0\0\xff\xff\n", "CE300.*line 1"),
    ],
)
def test_another_encoding_is_named(tmp_path, data, wanted):
    with pytest.raises(ValueError, match=wanted) as caught:
        notes(write(tmp_path / "n.csv", data))
    assert "Mr" not in str(caught.value) and caught.value.__cause__ is None


QUOTES = [('b,"x" y\n"Mr", "Smith"\nc,z\n', 3), ('b,"Mr. Smith\nc,z\n', 3), ('b,"Mr. ""Smith"\nc,"z\n', 4)]


@pytest.mark.parametrize(("rows", "line"), QUOTES)
def test_quotes_that_do_not_match_end_the_file(tmp_path, rows, line):
    """What follows could be taken for rows, and text for ids."""
    found = iter_notes([write(tmp_path / "n.csv", f"id,text\na,x\n{rows}")], ImportAudit())
    assert next(found)[1].id == "a"
    with pytest.raises(ValueError, match=f"CE412.*n.csv.*line {line} ") as caught:
        list(found)
    assert "Smith" not in str(caught.value)
    with pytest.raises(ValueError, match="CE412.*line 1 "):
        notes(write(tmp_path / "n.csv", 'id,"text\na,x\n'))


def test_a_long_note(tmp_path):
    limit = csv.field_size_limit()
    text = "Fever. " * 15_000_000
    path = write(tmp_path / "n.csv", f"id,text\na,{text}\nb,x\n")
    found = iter_notes([path], ImportAudit())
    assert next(found)[1].read() == text and csv.field_size_limit() == limit
    assert next(found)[1].id == "b" and csv.field_size_limit() == limit


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-9], lambda data: b"PAR1", lambda data: b"", lambda data: data[:8] + b"x" * 40 + data[48:]],
)
def test_a_damaged_parquet_file(tmp_path, damage):
    path = write_parquet(tmp_path / "n.parquet", id=["a"] * 9, text=["Fever."] * 9)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"CE413.*n\.parquet"):
        notes(path)


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"id,text\n", lambda data: data[:15]])
def test_a_damaged_gzip_file(tmp_path, damage):
    path = write(tmp_path / "n.csv.gz", "id,text\na,x\n")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"CE420.*n\.csv\.gz"):
        notes(path)


def test_parquet_needs_pyarrow(tmp_path, monkeypatch):
    path = write_parquet(tmp_path / "n.parquet", id=["a"], text=["x"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="CE358.*Parquet"):
        notes(path)


def test_a_folder_of_what_spark_writes(tmp_path):
    folder = tmp_path / "notes.parquet"
    write_parquet(folder / "part-00001-0c.snappy.parquet", id=["b"], text=["y"])
    write_parquet(folder / "part-00000-0c.snappy.parquet", id=["a"], text=["x"])
    write_parquet(folder / "part-00002-0c.snappy.parquet", id=pa.array([], pa.string()), text=pa.array([], pa.string()))
    write_parquet(folder / "_temporary" / "0" / "part-00003.parquet", id=["b"], text=["y"])
    write(folder / "_SUCCESS", "")
    write(folder / ".part-00000-0c.snappy.parquet.crc", "crc")
    audit = ImportAudit()
    found = find_notes([folder], audit)
    assert [(note.id, note.read()) for note in found] == [("a", "x"), ("b", "y")]
    left_out = {name: reason.split()[0] for name, reason in audit.left_out}
    assert left_out == {
        ".part-00000-0c.snappy.parquet.crc": "hidden:",
        "_SUCCESS": "its",
        "_temporary/0/part-00003.parquet": "its",
        "part-00002-0c.snappy.parquet": "holds",
    }
    assert len(audit.files) == 6


def test_a_folder_of_several_kinds_is_read_in_the_order_of_names(tmp_path):
    write_parquet(tmp_path / "b" / "1.parquet", id=["2"], text=["x"])
    write(tmp_path / "a.JSONL", '{"id": 1, "text": "y"}')
    write(tmp_path / "c.csv.gz", "id,text\n3,z\n,\n")
    assert [note.id for note in notes(tmp_path)] == ["1", "2", "3", "c.csv.gz, row 2"]
    write(tmp_path / "b" / "n.txt", "Fever")
    audit = ImportAudit()
    assert [note.id for note in find_notes([tmp_path], audit)] == ["b/n"]
    assert {name for name, _ in audit.left_out} == {"a.JSONL", "b/1.parquet", "c.csv.gz"}


@pytest.mark.parametrize("other", ["meta.json", "b/notes.docx", "_SUCCESS"])
def test_a_folder_of_tables_and_something_else(tmp_path, other):
    """A pipeline's folder has .jsonl files, too."""
    write(tmp_path / other, "")
    if other != "_SUCCESS":
        write(tmp_path / "patterns.jsonl", '{"id": "a", "text": "x"}')
    with pytest.raises(ValueError, match=r"CE005.*\.parquet"):
        notes(tmp_path)


def test_empty_tables_hold_no_note(tmp_path):
    audit = ImportAudit()
    assert not find_notes([write(tmp_path / "a.csv", ""), write(tmp_path / "b.csv", "id,text\n")], audit)
    assert audit.left_out == [("a.csv", "holds no note"), ("b.csv", "holds no note")]


def test_rows_are_read_one_after_the_other(tmp_path):
    rows = [f"{n},{str(n) * 2000}" for n in range(2000)]
    paths = [write(tmp_path / f"n.csv{ending}", "\n".join(["id,text", *rows])) for ending in ("", ".gz")]
    texts = [str(n) * 2000 for n in range(2000)]
    # a row group as large as its texts
    paths.append(tmp_path / "n.parquet")
    table = pa.table({"id": list(range(2000)), "text": texts})
    # pages are read as they were written
    parquet.write_table(table, paths[-1], compression="none", use_dictionary=False, write_batch_size=64)
    for path in paths:
        # what is imported at first use is not of the notes
        next(iter_notes([path], ImportAudit()))
        tracemalloc.start()
        assert sum(len(note.read()) for _, note in iter_notes([path], ImportAudit())) == sum(map(len, texts))
        assert tracemalloc.get_traced_memory()[1] < sum(map(len, texts)) / 3, path
        tracemalloc.stop()
