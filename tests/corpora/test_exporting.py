import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_clinner.constants import DOC_ID_KEY
from spacy_clinner.corpora.exporting import export_docs, export_file
from spacy_clinner.corpora.importing import import_files, write_docbin

from .test_brat import ANN, TEXT


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


@pytest.mark.parametrize("doc_ids", ["aa", ["a", "../b"], ["a", ""]])
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
