from itertools import pairwise

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.formats import FORMATS
from spacy_clinner.corpora.formats.column_lines import ColumnFormat
from spacy_clinner.corpora.formats.columns import column_record, find_columns, format_columns, read_columns
from spacy_clinner.corpora.formats.options import ReadOptions
from spacy_clinner.corpora.importing import blank_pipeline, import_corpus
from spacy_clinner.corpora.placing.place import place
from spacy_clinner.text.windows import window_bounds

MARKER = "Zebedee"


@pytest.fixture(scope="module")
def tokenizers():
    return {name: blank_pipeline("en", name).tokenizer for name in ("clinical", "file")}


@pytest.fixture
def read(tmp_path, tokenizers):
    def read_file(content, tokenizer="clinical", **layout):
        path = tmp_path / "notes.tsv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        audit = ImportAudit()
        found = list(read_columns(path, ColumnFormat(**layout), audit))
        return [place(column_record(document), tokenizers[tokenizer], audit) for document in found], audit

    return read_file


def words(doc):
    return [token.text for token in doc if not token.is_space]


def rows(audit):
    return [(row.problem, row.doc_id, row.annotation_id, row.label) for row in audit.rows]


def entities(doc):
    return [(entity.text, entity.label_) for entity in doc.ents]


def test_sentences_are_lines_and_tokens_those_of_the_tokenizer(read):
    content = "No\tO\nx-ray/5mg\tB-Test\npain\tI-Test\n\nFever\tB-Symptom\n.\tO\n"
    (doc,), audit = read(content)
    assert doc.text == "No x-ray/5mg pain\nFever ."
    assert words(doc) == ["No", "x", "-", "ray", "/", "5", "mg", "pain", "Fever", "."]
    assert [doc[start:end].text for start, end in window_bounds(doc, unit="lines")] == [
        "No x-ray/5mg pain\n",
        "Fever .",
    ]
    assert entities(doc) == [("x-ray/5mg pain", "Test"), ("Fever", "Symptom")]
    assert doc.user_data[DOC_ID_KEY] == "notes" and not doc.has_unknown_spaces
    assert audit.documents == 1 and audit.entities == {"Test": 1, "Symptom": 1} and not audit.rows
    (kept,), _ = read(content, "file")
    assert kept.text == doc.text and entities(kept) == entities(doc)
    assert words(kept) == ["No", "x-ray/5mg", "pain", "Fever", "."]


def test_an_entity_that_is_no_whole_token_of_the_tokenizer_is_a_row(tmp_path):
    path = tmp_path / "notes.tsv"
    path.write_text("Chest\tB-Symptom\npain\tO\n")
    (document,) = read_columns(path, ColumnFormat(), audit := ImportAudit())
    doc = place(column_record(document), lambda text: Doc(Vocab(), words=[text], spaces=[False]), audit)
    assert entities(doc) == [("Chest pain", "Symptom")]
    assert rows(audit) == [("misaligned", "notes", "line 1", "Symptom")]


@pytest.mark.parametrize(
    "content",
    [
        "chest NN B-Symptom\npain NN I-Symptom\n",
        "chest\tNN\tB-Symptom\r\npain\tNN\tI-Symptom\r\n\r\n\r\n",
        "chest NN B-Symptom\rpain NN I-Symptom\r\r",
        "\n\nchest   x  B-Symptom\npain x I-Symptom",
        "\ufeff-DOCSTART- X O\n\nchest x I-Symptom\npain x I-Symptom",
        "-DOCSTART-\tO\nchest\tb-Symptom\npain\ti-Symptom\n\u00a0 \n",
        "chest\tB-Symptom\t\npain\tI-Symptom\t\t\n",
    ],
)
@pytest.mark.parametrize("tokenizer", ["clinical", "file"])
def test_layouts(read, content, tokenizer):
    (doc,), audit = read(content, tokenizer)
    assert entities(doc) == [("chest pain", "Symptom")] and not audit.rows


def test_columns_and_delimiter_can_be_named(read):
    (doc,), _ = read("O,7,pain\nB-Lab,8,9.5 g\n", token_column=2, tag_column=0, delimiter=",")
    assert entities(doc) == [("9.5 g", "Lab")]


def test_tags_without_a_label_get_the_one_that_is_named(read):
    (doc,), _ = read("chest\tB\npain\tI\n.\tO\n", label="Symptom")
    assert entities(doc) == [("chest pain", "Symptom")]


@pytest.mark.parametrize("tokenizer", ["clinical", "file"])
def test_a_label_may_hold_spaces(read, tokenizer):
    (doc,), audit = read("Fever\tB-a-b c\nand\tO\nchills\tI-a-b c\n", tokenizer)
    assert entities(doc) == [("Fever", "a-b c"), ("chills", "a-b c")]
    assert rows(audit) == [("illegal tag", "notes", "line 3", "a-b c")]


def test_an_empty_token_is_a_row_and_an_entity_goes_on_behind_it(read):
    content = "chest\tB-Symptom\n \tI-Symptom\npain\tI-Symptom\n\tO\n\u00a0\tB-Drug\n"
    (doc,), audit = read(content)
    assert doc.text == "chest pain" and entities(doc) == [("chest pain", "Symptom")]
    empty = [("line 2", "Symptom"), ("line 4", ""), ("line 5", "Drug")]
    assert rows(audit) == [("empty token", "notes", line, label) for line, label in empty]
    assert audit.annotations == {"Symptom": 1, "Drug": 1} and audit.entities == {"Symptom": 1}


@pytest.mark.parametrize("tokenizer", ["clinical", "file"])
@pytest.mark.parametrize("space", [" ", "\u00a0", "\u2028", "\x0c"])
def test_white_space_in_a_token_survives_and_is_a_row(read, tokenizer, space):
    (doc,), audit = read(f"New{space}York\tB-Place\n.\tO\n", tokenizer)
    assert doc.text == f"New{space}York ." and words(doc) == ["New", "York", "."]
    assert entities(doc) == [(f"New{space}York", "Place")]
    assert rows(audit) == [("space in token", "notes", "line 1", "Place")]


def test_no_break_spaces_part_no_columns(read):
    (doc,), audit = read("10\u00a0mg B-Dose\n")
    assert entities(doc) == [("10\u00a0mg", "Dose")] and audit.problems == {"space in token": 1}


def test_documents_start_at_docstart_or_after_n_sentences(read):
    content = "-DOCSTART- O\n\na O\n\nb O\n\nc O\n\n-DOCSTART- O\nd O\n"
    assert [doc.text for doc in read(content)[0]] == ["a\nb\nc", "d"]
    docs, audit = read(content, n_sents=2)
    assert [doc.text for doc in docs] == ["a\nb", "c", "d"]
    assert [doc.user_data[DOC_ID_KEY] for doc in docs] == ["notes-1", "notes-2", "notes-3"]
    assert audit.documents == 3


@pytest.mark.parametrize(
    "mark",
    [
        "-DOCSTART- ( case 7 )",
        "-DOCSTART-\t(case 7)\tO",
        "-DOCSTART- -X- O\n# doc: case",
        "# newdoc id = case",
        "# newdoc id = case 7",
        "#doc case",
        "# doc_id=case",
        "###MEDLINE:case",
        "# newdoc id = case\n\n-DOCSTART- O",
    ],
)
def test_marks_name_documents(read, mark):
    docs, audit = read(f"{mark}\na\tB-X\n\nb\tO\n\nc\tO\n# newdoc\nd\tO\n")
    name = "case 7" if "7" in mark else "case"
    assert [doc.user_data[DOC_ID_KEY] for doc in docs] == [name, "notes-2"]
    assert [doc.text for doc in docs] == ["a\nb\nc", "d"] and not audit.rows
    docs, _ = read(f"{mark}\na\tB-X\n\nb\tO\n\nc\tO\n# newdoc\nd\tO\n", n_sents=2)
    assert [doc.user_data[DOC_ID_KEY] for doc in docs] == [f"{name}-1", f"{name}-2", "notes-3"]


@pytest.mark.parametrize("delimiter", ["\t", " "])
def test_comments_are_counted_and_tokens_with_a_hash_are_none(read, delimiter):
    content = f"# of vitamin B-12\n#{delimiter}O\n#BTV{delimiter}B-X\n# text = a\n#doc{delimiter}O\n"
    (doc,), audit = read(content, "file")
    expected = ["#", "#BTV", "#doc"]
    assert words(doc) == (expected if delimiter == "\t" else ["#", *expected])
    assert audit.problems == {"comment": 1} and audit.rows[0].doc_id == "notes.tsv"
    assert "a" not in audit.rows[0].action.split()
    assert (": 2, the first is line 1;" if delimiter == "\t" else ": 1, the first is line 4;") in audit.rows[0].action


@pytest.mark.parametrize("content", ["", "\n \n\t\r\n", "-DOCSTART- O\n\n", "\tO\n"])
def test_files_without_tokens_have_no_documents_and_a_row(read, content):
    docs, audit = read(content)
    assert docs == [] and audit.rows[-1].problem == "no token" and audit.rows[-1].doc_id == "notes.tsv"


def test_a_document_longer_than_spacy_takes_is_whole_and_warned_of(read):
    content = f"{'a' * 600_000} O\n\n{'b' * 600_000} O\n"
    with pytest.warns(UserWarning, match="CW311.*'notes' holds 2 sentences with 1200001 characters.*--n-sents"):
        (doc,), _ = read(content, "file")
    assert len(doc.text) == 1_200_001
    assert len(read(content, "file", n_sents=1)[0]) == 2


def test_entities_that_begin_with_i_are_legal_in_iob1_and_repaired_in_iob2(read):
    content = "chest\tI-Symptom\npain\tI-Symptom\n"
    assert not read(content)[1].rows
    (doc,), audit = read(content, scheme="iob2")
    assert entities(doc) == [("chest pain", "Symptom")]
    assert rows(audit) == [("illegal tag", "notes", "line 1", "Symptom")]
    assert audit.rows[0].action == "read as an entity; Symptom begins with I"


@pytest.mark.parametrize(
    "line, layout, code",
    [
        (f"{MARKER}", {}, "CE006"),
        (f"{MARKER}\tO", {"tag_column": 3}, "CE006"),
        (f"{MARKER}\tO", {"token_column": -3}, "CE006"),
        (f"{MARKER}\t", {}, "CE006"),
        (f"pain\t{MARKER}", {}, "CE007.*on this line: none"),
        (f"1\t{MARKER}\tB-Symptom\t0.93", {}, "CE007.*on this line: 2"),
        (f"{MARKER}\tE-Drug", {"scheme": "iob2"}, "CE007"),
        (f"{MARKER}\tB", {}, "CE311.*--label"),
        (f"token\t{MARKER}\n{MARKER}\tO", {}, "CE310.*--token-column"),
    ],
)
def test_unknown_columns_are_errors_with_their_line(read, line, layout, code):
    with pytest.raises(ValueError, match=code) as error:
        read(f"\n\n{line}\n", **layout)
    assert "notes.tsv, line 3" in str(error.value) and MARKER not in str(error.value)


def test_invalid_utf8_is_an_error_with_its_byte(read):
    with pytest.raises(ValueError, match="CE001.*byte 4"):
        read(b"a O\n\xff O\n")


@pytest.mark.parametrize("content", ["", "# a remark\n\n"])
def test_files_without_a_token_are_an_error(tmp_path, content):
    (tmp_path / "a.tsv").write_text(content)
    with pytest.raises(ValueError, match="CE005.*token"):
        list(FORMATS["iob"].read(tmp_path, ImportAudit(), ReadOptions()))


def test_a_folder_without_column_files_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="CE005"):
        find_columns(tmp_path, ImportAudit())
    (tmp_path / "a.doc").touch()
    with pytest.raises(ValueError, match="CE005"):
        find_columns(tmp_path, ImportAudit())


def test_folders_are_read_whole_and_other_files_named(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "x.tsv").mkdir()
    for name, n_sents in {"b.TSV": 1, "train/b.conll": 2, "train/c.iob": 1}.items():
        (tmp_path / name).write_text("No O\nfever B-X\n\n" * n_sents)
    for name in ("README.md", "._b.TSV", "train/notes.csv"):
        (tmp_path / name).touch()
    docs = list(import_corpus(tmp_path, "iob", spacy.blank("en"), ColumnFormat(n_sents=1), audit := ImportAudit()))
    assert [doc.user_data[DOC_ID_KEY] for doc in docs] == ["b", "train/b-1", "train/b-2", "train/c"]
    assert audit.problems == {"file left out": 3}
    assert list(find_columns(tmp_path / "README.md", audit)) == ["README.md"]


WORDS = st.lists(st.sampled_from(["pain", "é\u0301", "🙂", ".", "9.5", "O"]), min_size=1, max_size=8)


@pytest.mark.parametrize("scheme", ["iob1", "iob2", "bioes"])
@given(data=st.data())
@settings(deadline=None)
def test_documents_survive_as_columns(scheme, data, tokenizers, tmp_path_factory):
    tokens = data.draw(WORDS)
    size = len(tokens)
    chosen = data.draw(st.lists(st.sampled_from(["O", "B-A", "B-B", "I-A"]), min_size=size, max_size=size))
    tags = [tag if tag != "I-A" or before.endswith("A") else "B-A" for before, tag in pairwise(["O", *chosen])]
    starts = [i == 0 or (tag[0] != "I" and data.draw(st.booleans())) for i, tag in enumerate(tags)]
    doc = Doc(Vocab(), words=tokens, sent_starts=starts, ents=tags)
    path = tmp_path_factory.mktemp("columns") / "notes.tsv"
    path.write_text(format_columns(doc, scheme), encoding="utf8")
    (document,) = read_columns(path, ColumnFormat(scheme), audit := ImportAudit())
    back = place(column_record(document), tokenizers["file"], audit)
    assert words(back) == tokens
    assert [line.split() for line in back.text.split("\n")] == [sent.text.split() for sent in doc.sents]
    assert entities(back) == [(entity.text.replace(" \n", "\n"), entity.label_) for entity in doc.ents]
    assert not audit.rows
    assert format_columns(back, scheme) == path.read_text(encoding="utf8")


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
def test_public_column_files(data_dir, tokenizers, name, entities, sentences):
    documents = list(read_columns(data_dir / name, ColumnFormat(n_sents=50), audit := ImportAudit()))
    docs = [place(column_record(document), tokenizers["clinical"], audit) for document in documents]
    assert audit.entities == entities and not audit.rows
    assert len(docs) == -(-sentences // 50) and sum(doc.text.count("\n") + 1 for doc in docs) == sentences


def test_a_comment_whose_last_word_looks_like_a_tag(read):
    content = "# text = Blood group O\nO O\n# B-TYPE\n# sent about L-dopa\nlevodopa B-DRUG\n\nnext O\n"
    (doc,), audit = read(content)
    assert words(doc) == ["O", "#", "levodopa", "next"] and entities(doc) == [("#", "TYPE"), ("levodopa", "DRUG")]
    assert {problem for problem, *_ in rows(audit)} == {"comment"}


def test_each_line_has_its_own_entities():
    """Also where one goes on behind a line's end."""
    words = ["pain", "\n", "chest", "\n", "pain", "now", "\n", "end"]
    doc = Doc(Vocab(), words=words, ents=["B-P", "O", "B-P", "I-P", "I-P", "O", "O", "B-P"])
    assert format_columns(doc, "iob2") == "pain\tB-P\n\nchest\tB-P\npain\tI-P\nnow\tO\n\nend\tB-P\n\n"
