from itertools import pairwise

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_clinner.constants import DOC_ID_KEY
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.columns import ColumnFormat, column_paths, format_columns, read_columns

MARKER = "Zebedee"


def read(tmp_path, content, **layout):
    path = tmp_path / "notes.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    docs = list(read_columns(path, Vocab(), ColumnFormat(**layout), audit := ImportAudit()))
    return docs, audit


def entities(doc):
    return [(entity.text, entity.label_) for entity in doc.ents]


def test_tokens_tags_and_sentences(tmp_path):
    (doc,), audit = read(tmp_path, "No\tO\nchest\tB-Symptom\npain\tI-Symptom\n\nFever\tB-Symptom\n")
    assert doc.text == "No chest pain Fever "
    assert [sent.text for sent in doc.sents] == ["No chest pain", "Fever"]
    assert entities(doc) == [("chest pain", "Symptom"), ("Fever", "Symptom")]
    assert doc.user_data[DOC_ID_KEY] == "notes"
    assert audit.documents == 1 and audit.entities == {"Symptom": 2} and not audit.rows


@pytest.mark.parametrize(
    "content",
    [
        "chest NN B-Symptom\npain NN I-Symptom\n",
        "chest\tNN\tB-Symptom\r\npain\tNN\tI-Symptom\r\n\r\n\r\n",
        "\n\nchest   x  B-Symptom\npain x I-Symptom",
        "\ufeff-DOCSTART- X O\n\nchest x I-Symptom\npain x I-Symptom",
    ],
)
def test_layouts(tmp_path, content):
    (doc,), audit = read(tmp_path, content)
    assert entities(doc) == [("chest pain", "Symptom")] and not audit.rows


def test_columns_and_delimiter_can_be_named(tmp_path):
    (doc,), _ = read(tmp_path, "O,7,pain\nB-Lab,8,9.5 g\n", token_column=2, tag_column=0, delimiter=",")
    assert entities(doc) == [("9.5 g", "Lab")]


def test_documents_start_at_docstart_or_after_n_sentences(tmp_path):
    content = "-DOCSTART- O\n\na O\n\nb O\n\nc O\n\n-DOCSTART- O\nd O\n"
    assert [doc.text.split() for doc in read(tmp_path, content)[0]] == [["a", "b", "c"], ["d"]]
    docs, audit = read(tmp_path, content, n_sents=2)
    assert [doc.text.split() for doc in docs] == [["a", "b"], ["c"], ["d"]]
    assert [doc.user_data[DOC_ID_KEY] for doc in docs] == ["notes-1", "notes-2", "notes-3"]
    assert audit.documents == 3


@pytest.mark.parametrize("content", ["", "\n \n\t\r\n", "-DOCSTART- O\n\n"])
def test_files_without_tokens_have_no_documents(tmp_path, content):
    assert read(tmp_path, content)[0] == []


def test_entities_that_begin_with_i_are_legal_in_iob1_and_repaired_in_iob2(tmp_path):
    content = "chest\tI-Symptom\npain\tI-Symptom\n"
    assert not read(tmp_path, content)[1].rows
    (doc,), audit = read(tmp_path, content, scheme="iob2")
    assert entities(doc) == [("chest pain", "Symptom")]
    (row,) = audit.rows
    assert (row.start, row.end, row.label, row.problem) == (0, 10, "Symptom", "illegal tag")
    assert row.action == "read as an entity; Symptom begins with I (line 1)"


@pytest.mark.parametrize(
    "line, layout, code",
    [
        (f"{MARKER}", {}, "CE006"),
        (f"{MARKER}\tO", {"tag_column": 3}, "CE006"),
        (f"{MARKER}\tO", {"token_column": -3}, "CE006"),
        (f"\tO\t{MARKER}", {"tag_column": 1}, "CE006"),
        (f"pain\t{MARKER}", {}, "CE007"),
        (f"{MARKER}\tB", {}, "CE007"),
        (f"{MARKER}\tE-Drug", {"scheme": "iob2"}, "CE007"),
    ],
)
def test_unknown_columns_are_errors_with_their_line(tmp_path, line, layout, code):
    with pytest.raises(ValueError, match=rf"{code}.*notes.tsv, line 3") as error:
        read(tmp_path, f"\n\n{line}\n", **layout)
    assert MARKER not in str(error.value)


def test_invalid_utf8_is_an_error_with_its_byte(tmp_path):
    with pytest.raises(ValueError, match="CE001.*byte 4"):
        read(tmp_path, b"a O\n\xff O\n")


def test_a_folder_without_column_files_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="CE005"):
        column_paths(tmp_path)
    (tmp_path / "b.tsv").touch()
    (tmp_path / "a.conll").touch()
    assert [path.name for path in column_paths(tmp_path)] == ["a.conll", "b.tsv"]
    assert column_paths(tmp_path / "b.tsv") == [tmp_path / "b.tsv"]


WORDS = st.lists(st.sampled_from(["pain", "é\u0301", "🙂", ".", "9.5", "O"]), min_size=1, max_size=8)


@pytest.mark.parametrize("scheme", ["iob1", "iob2", "bioes"])
@given(data=st.data())
@settings(deadline=None)
def test_documents_survive_as_columns(scheme, data, tmp_path_factory):
    words = data.draw(WORDS)
    size = len(words)
    chosen = data.draw(st.lists(st.sampled_from(["O", "B-A", "B-B", "I-A"]), min_size=size, max_size=size))
    tags = [tag if tag != "I-A" or before.endswith("A") else "B-A" for before, tag in pairwise(["O", *chosen])]
    starts = [i == 0 or (tag[0] != "I" and data.draw(st.booleans())) for i, tag in enumerate(tags)]
    doc = Doc(Vocab(), words=words, sent_starts=starts, ents=tags)
    (back,), audit = read(tmp_path_factory.mktemp("columns"), format_columns(doc, scheme), scheme=scheme)
    assert [token.text for token in back] == words
    assert [token.is_sent_start for token in back] == starts
    assert [(e.start, e.end, e.label_) for e in back.ents] == [(e.start, e.end, e.label_) for e in doc.ents]
    assert not audit.rows


def test_white_space_is_left_out_and_lines_are_sentences():
    doc = spacy.blank("en").make_doc("Chest\npain. \n\n Fever\r\n")
    doc.set_ents([doc.char_span(0, 10, label="Symptom")], default="outside")
    assert format_columns(doc, "bioes") == "Chest\tB-Symptom\npain\tE-Symptom\n.\tO\n\nFever\tO\n\n"


def test_a_token_that_would_break_the_columns_is_an_error():
    doc = Doc(Vocab(), words=["a\tb"], user_data={DOC_ID_KEY: "notes"})
    with pytest.raises(ValueError, match="CE013.*'notes'.*token 0"):
        format_columns(doc, "iob2")


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name, entities, sentences",
    [
        ("mtl-bioner/BC5CDR-IOB/test.tsv", {"Chemical": 5385, "Disease": 4424}, 4797),
        ("mtl-bioner/NCBI-disease-IOB/devel.tsv", {"Disease": 787}, 923),
        ("multicardioner/track1_es_ENFERMEDAD/dev.txt", {"ENFERMEDAD": 10175}, 19405),
    ],
)
def test_public_column_files(data_dir, name, entities, sentences):
    docs = list(read_columns(data_dir / name, Vocab(), ColumnFormat(n_sents=50), audit := ImportAudit()))
    assert audit.entities == entities and not audit.rows
    assert sum(len(list(doc.sents)) for doc in docs) == sentences
