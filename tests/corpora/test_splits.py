import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_clinner.constants import DOC_ID_KEY
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.splits import read_splits, split_docs

DOCS = [Doc(Vocab(), words=["pain"], user_data={DOC_ID_KEY: doc_id}) for doc_id in "abcd"]


def write(folder, **splits):
    for split, content in splits.items():
        (folder / f"{split}.txt").write_text(content)
    return folder


def test_documents_go_to_their_split(tmp_path):
    splits = read_splits(write(tmp_path, train="c\r\na\n\n", test="b"))
    assert splits == {"train": ["c", "a"], "test": ["b"]}
    found = split_docs(DOCS, splits, audit := ImportAudit())
    assert {split: [doc.user_data[DOC_ID_KEY] for doc in docs] for split, docs in found.items()} == {
        "train": ["a", "c"],
        "test": ["b"],
    }
    assert [(row.doc_id, row.problem, row.action) for row in audit.rows] == [("d", "in no split", "not written")]


def test_a_folder_without_splits_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="CE011"):
        read_splits(tmp_path)


@pytest.mark.parametrize("splits", [{"train": "a\nb", "dev": "b"}, {"train": "b\na\nb"}])
def test_a_document_in_two_splits_is_an_error(tmp_path, splits):
    with pytest.raises(ValueError, match="CE010.*'b'.*'train'"):
        read_splits(write(tmp_path, **splits))
    with pytest.raises(ValueError, match="CE010"):
        split_docs(DOCS, {split: ids.split() for split, ids in splits.items()}, ImportAudit())


def test_ids_without_document_are_an_error():
    with pytest.raises(ValueError, match="CE009.*'dev'.*2 documents.*'x', 'y'"):
        split_docs(DOCS, {"train": ["a"], "dev": ["x", "b", "y"]}, ImportAudit())
