import warnings

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import ASSERTIONS_KEY, DOC_ID_KEY, LABELS_KEY, RELATIONS_KEY
from spacy_clinner.corpora.exporting import export_docs, export_file
from spacy_clinner.corpora.formats import FORMATS, WRITTEN
from spacy_clinner.corpora.importing import blank_pipeline, import_files, write_docbin

from .formats.test_brat import ANN, TEXT


def doc(doc_id=None, ents=("B-Symptom", "O")):
    user_data = {} if doc_id is None else {DOC_ID_KEY: doc_id}
    return Doc(Vocab(), words=["pain", "now"], ents=list(ents) or None, user_data=user_data)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_brat_comes_back_as_it_was(tmp_path):
    folder = tmp_path / "brat"
    folder.mkdir()
    (folder / "a.txt").write_bytes(TEXT.encode())
    (folder / "a.ann").write_bytes(ANN.encode())
    import_files(folder, tmp_path / "all.spacy", "brat")
    assert export_file(tmp_path / "all.spacy", tmp_path / "back", "brat") == (1, [])
    for name in ("a.txt", "a.ann"):
        assert (tmp_path / "back" / name).read_bytes() == (folder / name).read_bytes()


def test_columns_are_a_file_a_document(tmp_path):
    assert export_docs([doc("a"), doc()], tmp_path, "bioes", stem="test") == []
    assert names(tmp_path) == ["a.tsv", "test-2.tsv"]
    assert (tmp_path / "a.tsv").read_text() == "pain\tS-Symptom\nnow\tO\n\n"


def test_documents_without_annotation_have_no_tags(tmp_path):
    assert export_docs([doc("a"), doc("b", ents=())], tmp_path / "iob2", "iob2") == ["b"]
    assert names(tmp_path / "iob2") == ["a.tsv"]
    assert export_docs([doc("a"), doc("b", ents=())], tmp_path / "brat", "brat") == []
    assert names(tmp_path / "brat") == ["a.ann", "a.txt", "b.txt"]


@pytest.mark.parametrize("doc_ids", ["aa", ["a", "../b"], ["a", ""], ["a", 1, "1"], ["a", "a.txt/b"]])
def test_ids_must_name_files_of_their_own(tmp_path, doc_ids):
    with pytest.raises(ValueError, match="CE012"):
        export_docs([doc(doc_id) for doc_id in doc_ids], tmp_path / "out", "brat")
    assert not (tmp_path / "out").exists()


def test_unknown_formats_are_errors(tmp_path):
    with pytest.raises(ValueError, match="CE008"):
        export_docs([doc("a")], tmp_path, "iob")


def test_a_file_is_no_folder(tmp_path):
    write_docbin([doc("a")], tmp_path / "a.spacy")
    with pytest.raises(ValueError, match="CE014"):
        export_file(tmp_path / "a.spacy", tmp_path / "a.spacy", "brat")


def test_ids_may_name_folders_and_be_numbers(tmp_path):
    assert export_docs([doc("train/a"), doc(7)], tmp_path, "brat") == []
    assert (tmp_path / "train" / "a.ann").read_text() == (tmp_path / "7.ann").read_text() == "T1\tSymptom 0 4\tpain\n"


@pytest.mark.parametrize("format", ["brat", "pubtator", "i2b2-2009", "iob1", "iob2", "bioes"])
@pytest.mark.parametrize(
    "bad, code",
    [
        ({"ents": ["B-a\tb", "O"]}, "CE023|CE330"),
        ({"words": ["pain", " \n"], "ents": ["O", "B-A"]}, "CE331"),
        ({"words": ["pain", "\0"]}, "CE334"),
    ],
)
def test_nothing_is_written_unless_all_documents_can_be(tmp_path, format, bad, code):
    """i2b2 2009 writes no label, so it has no wrong one."""
    if format == "i2b2-2009" and "CE330" in code:
        return
    user_data = {DOC_ID_KEY: "b"}
    wrong = Doc(Vocab(), **{"words": ["pain", "now"], "ents": ["B-A", "O"], "user_data": user_data} | bad)
    with pytest.raises(ValueError, match=code), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        export_docs([doc("a"), wrong], tmp_path / "out", format)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("token", ["-DOCSTART-", "a\tb", "a\rb", "\ufeffa"])
def test_tokens_that_columns_cannot_hold_are_not_written(tmp_path, token):
    wrong = Doc(Vocab(), words=["pain", token], ents=["O", "O"], user_data={DOC_ID_KEY: "b"})
    with pytest.raises(ValueError, match="CE013.*'b'.*token 1"):
        export_docs([doc("a"), wrong], tmp_path / "out", "iob2")
    assert not (tmp_path / "out").exists()


def test_what_is_in_the_way_is_an_error(tmp_path):
    export_docs([doc("a")], tmp_path, "brat")
    with pytest.raises(ValueError, match="CE332.*'a'.*a.ann"):
        export_docs([doc("a", ents=())], tmp_path, "brat")
    (tmp_path / "b.txt").mkdir()
    with pytest.raises(ValueError, match="CE014.*b.txt is a folder"):
        export_docs([doc("a"), doc("b")], tmp_path, "brat")
    assert (tmp_path / "a.ann").read_text() == "T1\tSymptom 0 4\tpain\n"


def test_an_entity_over_line_ends_is_written_line_by_line(tmp_path):
    note = blank_pipeline("en", "clinical")("Pain in left \r\n  knee since May.")
    note.user_data[DOC_ID_KEY] = "a"
    note.set_ents([note.char_span(0, 21, label="PROBLEM")], default="outside")
    export_docs([note], tmp_path, "brat")
    assert (tmp_path / "a.ann").read_text() == "T1\tPROBLEM 0 12;17 21\tPain in left knee\n"


def test_what_nobody_looked_at_is_told_or_written_as_unknown(tmp_path):
    partly = Doc(Vocab(), words=["pain", "now", "here"], user_data={DOC_ID_KEY: "a"})
    partly.set_ents([Span(partly, 0, 1, "Symptom")], default="missing")
    for format in ("bioes", "brat", "doccano"):
        with pytest.warns(UserWarning, match=f"CW003.*1 of 2 documents.*'a'.*{format}"):
            export_docs([partly, doc("b")], tmp_path / format, format)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export_docs([partly, doc("b")], tmp_path / "prodigy", "prodigy")
    import_files(tmp_path / "prodigy", tmp_path / "back.spacy", "prodigy")
    back = read_docs(tmp_path / "back.spacy")
    assert [[token.ent_iob_ for token in one] for one in back] == [["B", "", ""], ["B", "O"]]


def test_that_tasks_say_nothing_of_single_tokens_is_told(tmp_path):
    partly = Doc(Vocab(), words=["pain", "now", "here"], ents=["B-Symptom", "O", "O"])
    partly.set_ents([], missing=[partly[2:3]], default="unmodified")
    with pytest.warns(UserWarning, match="CW003.*1 of 1.*prodigy.* not annotated"):
        export_docs([partly], tmp_path, "prodigy")


@pytest.mark.parametrize("format", [name for name in WRITTEN if FORMATS[name].lacks])
def test_what_a_format_has_no_place_for_is_told(tmp_path, format):
    one = doc("a")
    said = {"relations": (RELATIONS_KEY, {"head": [0, 4], "child": [0, 4], "label": "R"}),
            "assertions": (ASSERTIONS_KEY, [0, 4, "negated"])}  # fmt: skip
    for what in FORMATS[format].lacks:
        key, fact = said[what]
        one.user_data[key] = [fact]
        with pytest.warns(UserWarning, match=f"CW005.*1 of 2 documents have {what}, 'a' .*{format}"):
            write_docbin([doc("b"), one], tmp_path / "all.spacy")
            export_file(tmp_path / "all.spacy", tmp_path / what, format)
        del one.user_data[key]


def test_labels_that_nobody_looked_for_are_told(tmp_path):
    some = doc("a")
    some.user_data[LABELS_KEY] = ["Symptom"]
    with pytest.warns(UserWarning, match="CW003.*prodigy"):
        export_docs([some], tmp_path, "prodigy")
