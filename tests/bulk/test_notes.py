import gzip
import json
import pickle

import pytest
import spacy

from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.bulk.notes import find_notes
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.importing import write_docbin


def read(*paths):
    return {note.id: note.read() for note in find_notes(paths, ImportAudit())}


def write(path, text="Fever."):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf8", newline="")
    return path


def test_folders_are_read_with_their_sub_folders(tmp_path):
    write(tmp_path / "b.TXT", "one\r\n")
    write(tmp_path / "ward" / "a.txt", "two")
    write(tmp_path / "ward" / "._a.txt")
    write(tmp_path / ".git" / "a.txt")
    write(tmp_path / "table.csv")
    audit = ImportAudit()
    notes = find_notes([tmp_path], audit)
    assert {note.id: note.read() for note in notes} == {"b": "one\r\n", "ward/a": "two"}
    assert sorted(row.doc_id for row in audit.rows) == [".git", "table.csv", "ward/._a.txt"]


def test_named_files_are_read_whatever_their_names(tmp_path):
    assert read(write(tmp_path / "a.note", "x"), write(tmp_path / "b.txt", "y")) == {"a.note": "x", "b": "y"}


def test_lines_of_json(tmp_path):
    lines = [{"id": "é1", "text": "Fever \u2028\n"}, {"text": "No", "id": 7, "more": [1]}]
    content = "\ufeff" + json.dumps(lines[0], ensure_ascii=False) + "\r\n\n" + json.dumps(lines[1])
    assert read(write(tmp_path / "n.jsonl", content)) == {"é1": "Fever \u2028\n", "7": "No"}


BAD = [
    b'{"id": "b"}',
    b'{"id": null, "text": "x"}',
    b'{"id": true, "text": "x"}',
    b'{"id": "b", "text": 5}',
    b"[1]",
    b"{",
    b'{"id": "b", "text": "\xff"}',
    b'{"id": "b", "text": "\\ud800"}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("line", BAD)
def test_a_line_that_is_no_note_is_told_when_it_is_read(tmp_path, line):
    path = tmp_path / "n.jsonl"
    path.write_bytes(b'{"id": "a", "text": "Fever"}\n' + line + b'\n{"id": "c", "text": "Cough"}\n')
    first, bad, last = find_notes([path], ImportAudit())
    assert (first.id, first.read(), last.id, last.read()) == ("a", "Fever", "c", "Cough")
    with pytest.raises(ValueError, match=r"CE341.*n\.jsonl, line 2"):
        bad.read()


def test_a_line_that_has_changed_since_gives_no_note_the_text_of_another(tmp_path):
    path = tmp_path / "n.jsonl"
    lines = ['{"id": "a", "text": "Fever"}\n', '{"id": "b", "text": "Cough"}\n', '{"id": "c", "text": "Chill"}\n']
    path.write_text("".join(lines))
    a, b, c = find_notes([path], ImportAudit())
    path.write_text("".join([lines[0], lines[2], lines[1]]))
    assert a.read() == "Fever"
    for note in (b, c):
        with pytest.raises(ValueError, match=r"CE435.*n\.jsonl, line [23]") as error:
            note.read()
        assert "Cough" not in str(error.value) and "Chill" not in str(error.value)


def test_documents_of_a_docbin(tmp_path):
    nlp = spacy.blank("en")
    docs = [nlp("Fever."), nlp("Cough  today")]
    docs[0].user_data[DOC_ID_KEY] = "a/1"
    write_docbin(docs, tmp_path / "d.spacy")
    assert read(tmp_path / "d.spacy") == {"a/1": "Fever.", "#1": "Cough  today"}


def test_an_id_that_two_notes_have(tmp_path):
    one, other = write(tmp_path / "x" / "a.txt"), write(tmp_path / "y" / "a.txt")
    with pytest.raises(ValueError, match="CE301.*'a'"):
        read(one, other)
    with pytest.raises(ValueError, match="CE301"):
        read(one, write(tmp_path / "n.jsonl", '{"id": "a", "text": "x"}'))
    assert list(read(tmp_path)) == ["x/a", "y/a"]


def test_folders_without_notes(tmp_path):
    write(tmp_path / "a.pdf")
    with pytest.raises(ValueError, match="CE005"):
        read(tmp_path)


def test_files_are_counted_and_one_without_notes_is_told(tmp_path):
    write(tmp_path / "empty.jsonl", "\n")
    write(tmp_path / "n.jsonl", '{"id": "x", "text": "y"}')
    write(tmp_path / "ward" / "a.txt")
    write(tmp_path / "ward" / "b.csv")
    audit = ImportAudit()
    assert len(find_notes([tmp_path / "empty.jsonl", tmp_path / "n.jsonl", tmp_path / "ward"], audit)) == 2
    wanted = "Read 2 of 4 files, left out 2: empty.jsonl (holds no note); b.csv (does not end in .txt)"
    assert audit.files_read() == wanted


def test_compressed_lines_are_read_in_any_order_and_by_another_process(tmp_path):
    path = tmp_path / "n.jsonl.gz"
    lines = [b'{"id": "a", "text": "Fever", "benchmark": true}', b"", b'{"id": "b", "text": "Tos \xc3\xa9"}', b"{"]
    path.write_bytes(gzip.compress(b"\n".join(lines)))
    audit = ImportAudit()
    a, b, bad = pickle.loads(pickle.dumps(find_notes([path], audit)))
    path.unlink()
    assert (b.id, b.read(), b.benchmark, a.id, a.read(), a.benchmark) == ("b", "Tos é", False, "a", "Fever", True)
    with pytest.raises(ValueError, match=r"CE341.*n\.jsonl\.gz, line 4"):
        bad.read()
    assert audit.files == ["n.jsonl.gz"]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: b"no gzip", lambda data: data[:15] + b"x" * 99]
)
def test_a_damaged_gzip_file(tmp_path, damage):
    path = tmp_path / "n.jsonl.gz"
    path.write_bytes(damage(gzip.compress(b'{"id": "a", "text": "Fever"}\n')))
    with pytest.raises(ValueError, match=r"CE420.*n\.jsonl\.gz"):
        find_notes([path], ImportAudit())


def test_a_line_in_another_encoding_names_it(tmp_path):
    path = tmp_path / "n.jsonl"
    path.write_bytes('{"id": "a", "text": "fiebre y tos, año"}'.encode("cp1252"))
    (note,) = find_notes([path], ImportAudit())
    with pytest.raises(ValueError, match="CE341.*likely in Latin-1"):
        note.read()
