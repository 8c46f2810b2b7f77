import pytest
from spacy.training import Corpus

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.corpora.exporting import export_file
from spacy_clinner.corpora.formats.columns import ColumnFormat
from spacy_clinner.corpora.importing import audit_corpus, blank_pipeline, detect_format, import_files
from spacy_clinner.corpora.splits import Draw

from .formats.test_brat import ANN, TEXT


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
    assert detect_format(tmp_path) == "brat"
    columns = tmp_path / "columns"
    columns.mkdir()
    (columns / "notes.tsv").write_text("pain B-Symptom\n")
    assert detect_format(columns / "notes.tsv") == detect_format(columns) == "iob"
    assert audit_corpus(columns / "notes.tsv").entities == {"Symptom": 1}


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
    # as when --split was forgotten
    with pytest.raises(ValueError, match=r"CE014.*does not end in \.spacy"):
        import_files(brat, tmp_path / "corpus", "brat")


def ids(path):
    return [doc.user_data[DOC_ID_KEY] for doc in read_docs(path)]


def test_folders_there_and_back(brat, tmp_path):
    for part, doc_id in (("train", "c"), ("test/old", "a")):
        (brat / part).mkdir(parents=True)
        for end in ("txt", "ann"):
            (brat / f"{doc_id}.{end}").rename(brat / part / f"{doc_id}.{end}")
    (tmp_path / "test.txt").write_text("test/old/a\n")
    (tmp_path / "train.txt").write_text("b\r\ntrain/c\r\n")
    import_files(brat, tmp_path / "out", "brat", splits=tmp_path)
    assert ids(tmp_path / "out" / "train.spacy") == ["b", "train/c"]
    assert ids(tmp_path / "out" / "test.spacy") == ["test/old/a"]
    for format in ("brat", "bioes", "pubtator"):
        export_file(tmp_path / "out" / "train.spacy", tmp_path / "back" / format, format)
    assert (tmp_path / "back" / "brat" / "train" / "c.ann").read_bytes() == (brat / "train" / "c.ann").read_bytes()
    assert (tmp_path / "back" / "bioes" / "train" / "c.tsv").is_file()
    import_files(tmp_path / "back" / "brat", tmp_path / "again.spacy", "brat")
    assert ids(tmp_path / "again.spacy") == ["b", "train/c"]


@pytest.mark.parametrize("content", ["b c\n", "bb\n", "b\u200b\n"])
def test_a_document_to_leave_out_must_be_there(brat, tmp_path, content):
    (tmp_path / "list.txt").write_text(content, encoding="utf8")
    with pytest.raises(ValueError, match="CE009.*list.txt names 1 documents"):
        import_files(brat, tmp_path / "all.spacy", "brat", leave_out=tmp_path / "list.txt")
    assert not (tmp_path / "all.spacy").exists()


def test_documents_are_left_out_whatever_their_name(brat, tmp_path):
    for end in ("txt", "ann"):
        (brat / f"b.{end}").rename(brat / f"note 1.{end}")
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbfnote 1 \ra\r")
    audit, _ = import_files(brat, tmp_path / "all.spacy", "brat", leave_out=tmp_path / "list.txt")
    assert ids(tmp_path / "all.spacy") == ["c"] and audit.problems["left out"] == 2
    # lists of splits may name what is left out
    (tmp_path / "train.txt").write_text("a\nnote 1\nc\n")
    import_files(brat, tmp_path / "out", "brat", splits=tmp_path, leave_out=tmp_path / "list.txt")
    assert ids(tmp_path / "out" / "train.spacy") == ["c"]


def test_two_column_files_of_one_document_are_an_error(tmp_path):
    for name in ("a.tsv", "a.iob"):
        (tmp_path / name).write_text("pain B-Symptom\n")
    with pytest.raises(ValueError, match="CE301.*'a' is in a.iob and again in a.tsv"):
        audit_corpus(tmp_path)


def test_drawn_splits_can_be_used_again(brat, tmp_path):
    (brat / "note 1.txt").write_bytes((brat / "a.txt").read_bytes())
    (brat / "note 1.ann").write_bytes((brat / "a.ann").read_bytes())
    (brat / "later.txt").write_text("Not annotated yet.")
    draw = Draw({"train": 50, "dev": 25, "test": 25}, seed=1)
    audit, sizes = import_files(brat, tmp_path / "one", "brat", splits=draw)
    assert list(sizes.values()) == [2, 1, 1]
    assert [row.doc_id for row in audit.rows if row.problem == "in no split"] == ["later"]
    import_files(brat, tmp_path / "two", "brat", splits=tmp_path / "one")
    for split in ("train", "dev", "test"):
        assert ids(tmp_path / "one" / f"{split}.spacy") == ids(tmp_path / "two" / f"{split}.spacy")
        assert (tmp_path / "one" / f"{split}.txt").read_text().splitlines() == ids(tmp_path / "one" / f"{split}.spacy")


@pytest.mark.parametrize("left", ["dev.spacy", "dev.txt"])
def test_no_split_stays_beside_others_that_hold_its_documents(brat, tmp_path, left):
    out = tmp_path / "out"
    import_files(brat, out, "brat", splits=Draw({"train": 34, "dev": 33, "test": 33}))
    others = Draw({"train": 67, "test": 33}, seed=1)
    (out / {"dev.spacy": "dev.txt", "dev.txt": "dev.spacy"}[left]).unlink()
    before = {path: path.read_bytes() for path in out.iterdir()}
    for splits in (others, import_lists(brat, tmp_path / "lists", others)):
        with pytest.raises(ValueError, match=f"CE326.*{left}.* 1 documents"):
            import_files(brat, out, "brat", splits=splits)
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def import_lists(brat, folder, draw):
    import_files(brat, folder, "brat", splits=draw)
    return folder


def test_a_split_of_other_documents_stays(brat, tmp_path):
    for end in ("txt", "ann"):
        (tmp_path / "test").mkdir(exist_ok=True)
        (brat / f"c.{end}").rename(tmp_path / "test" / f"c.{end}")
    for _ in range(2):
        import_files(brat, tmp_path / "out", "brat", splits=Draw({"train": 50, "dev": 50}))
        import_files(tmp_path / "test", tmp_path / "out" / "test.spacy", "brat")
    assert ids(tmp_path / "out" / "test.spacy") == ["c"]
    (tmp_path / "c.txt").write_text("c\n")
    import_files(tmp_path / "test", tmp_path / "out" / "test.spacy", "brat", leave_out=tmp_path / "c.txt")
    import_files(brat, tmp_path / "out", "brat", splits=Draw({"train": 50, "dev": 50}))
