import pytest
from spacy.training import Corpus

from spacy_clinner.constants import DOC_ID_KEY
from spacy_clinner.corpora.columns import ColumnFormat
from spacy_clinner.corpora.importing import audit_corpus, blank_pipeline, detect_format, import_files
from spacy_clinner.scoring.documents import read_docs

from .test_brat import ANN, TEXT


@pytest.fixture
def brat(tmp_path):
    folder = tmp_path / "brat"
    folder.mkdir()
    for doc_id in "abc":
        (folder / f"{doc_id}.txt").write_bytes(TEXT.encode())
        (folder / f"{doc_id}.ann").write_bytes(ANN.encode())
    return folder


def test_one_file(brat, tmp_path):
    audit, sizes = import_files(brat, tmp_path / "out" / "all.spacy", "brat")
    assert sizes == {tmp_path / "out" / "all.spacy": 3}
    assert audit.documents == 3 and audit.annotations.total() == 9
    assert [doc.user_data[DOC_ID_KEY] for doc in read_docs(tmp_path / "out" / "all.spacy")] == ["a", "b", "c"]


def test_spacy_train_reads_the_same_tokens(brat, tmp_path):
    import_files(brat, tmp_path / "all.spacy", "brat")
    for example in Corpus(tmp_path / "all.spacy")(blank_pipeline("en", "clinical")):
        assert [token.text for token in example.predicted] == [token.text for token in example.reference]
        assert [entity.label_ for entity in example.reference.ents] == ["Symptom", "Symptom"]


def test_splits_and_audit(brat, tmp_path):
    splits = tmp_path / "splits"
    splits.mkdir()
    (splits / "train.txt").write_text("c\n")
    (splits / "test.txt").write_text("a\n")
    audit, sizes = import_files(brat, tmp_path / "out", "brat", splits=splits, audit_path=tmp_path / "audit.tsv")
    assert sizes == {tmp_path / "out" / "train.spacy": 1, tmp_path / "out" / "test.spacy": 1}
    assert audit.problems == {"discontinuous": 3, "relation": 3, "in no split": 1}
    assert len((tmp_path / "audit.tsv").read_text().splitlines()) == 8


def test_output_stays_as_it_was_if_the_source_is_wrong(brat, tmp_path):
    out = tmp_path / "all.spacy"
    out.write_bytes(b"before")
    (brat / "c.ann").write_text("nonsense")
    with pytest.raises(ValueError, match="CE002"):
        import_files(brat, out, "brat")
    assert out.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.spacy", "brat"]
    (brat / "c.ann").write_text("")
    import_files(brat, out, "brat")
    assert len(read_docs(out)) == 3


def test_columns(tmp_path):
    path = tmp_path / "notes.tsv"
    path.write_text("pain X B-Symptom\nnow X O\n")
    (tmp_path / "out.spacy").touch()
    import_files(path, tmp_path / "out.spacy", "iob2", layout=ColumnFormat(tag_column=2))
    (doc,) = read_docs(tmp_path / "out.spacy")
    assert [entity.text for entity in doc.ents] == ["pain"]


def test_the_audit_tells_the_format(brat, tmp_path):
    assert detect_format(brat) == "brat"
    assert audit_corpus(brat).problems == {"discontinuous": 3, "relation": 3}
    (tmp_path / "notes.tsv").write_text("pain B-Symptom\n")
    assert detect_format(tmp_path / "notes.tsv") == detect_format(tmp_path) == "iob"
    assert audit_corpus(tmp_path / "notes.tsv").entities == {"Symptom": 1}


@pytest.mark.parametrize(
    "format, lang, tokenizer", [("x", "en", "spacy"), ("brat", "zzz", "spacy"), ("brat", "en", "x")]
)
def test_unknown_names_are_errors(brat, tmp_path, format, lang, tokenizer):
    with pytest.raises(ValueError, match="CE008"):
        import_files(brat, tmp_path / "all.spacy", format, lang=lang, tokenizer=tokenizer)


def test_a_file_and_a_folder_are_not_confused(brat, tmp_path):
    with pytest.raises(ValueError, match="CE014.*is a folder"):
        import_files(brat, tmp_path, "brat")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="CE014.*is a file"):
        import_files(brat, tmp_path / "file", "brat", splits=brat)
