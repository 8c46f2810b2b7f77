from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.splits import (
    Draw,
    draw_splits,
    parse_shares,
    read_groups,
    read_splits,
    split_docs,
    write_splits,
)

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
    with pytest.raises(ValueError, match="CE009.*dev.txt names 2 documents.*'x', 'y'"):
        split_docs(DOCS, {"train": ["a"], "dev": ["x", "b", "y"]}, ImportAudit())


def test_an_id_is_a_line(tmp_path):
    (tmp_path / "train.txt").write_bytes("\ufeffnote 1\r\nb\rtrain/c \u2028 d\n\n e \n".encode())
    assert read_splits(tmp_path) == {"train": ["note 1", "b", "train/c \u2028 d", "e"]}
    write_splits({"train": ["note 1", "a/b"], "dev": ["c"]}, tmp_path / "new")
    assert read_splits(tmp_path / "new") == {"train": ["note 1", "a/b"], "dev": ["c"]}


@pytest.mark.parametrize("doc_id", ["", " a", "a\rb", "\ufeffa", "a\0b", "a\ud800"])
def test_an_id_that_is_no_line_is_not_written(tmp_path, doc_id):
    with pytest.raises(ValueError, match="CE306"):
        write_splits({"train": ["b"], "dev": [doc_id]}, tmp_path / "new")
    assert not (tmp_path / "new").exists()


SHARES = {"train": 60.0, "dev": 20.0, "test": 20.0}


def sizes(splits):
    return {split: len(doc_ids) for split, doc_ids in splits.items()}


def test_draws_have_the_shares_and_can_be_repeated():
    doc_ids = [f"note-{n}" for n in range(50)]
    drawn = draw_splits(doc_ids, Draw(SHARES))
    assert sizes(drawn) == {"train": 30, "dev": 10, "test": 10}
    assert sorted(id for part in drawn.values() for id in part) == sorted(doc_ids)
    assert draw_splits(reversed(doc_ids), Draw(SHARES)) == drawn != draw_splits(doc_ids, Draw(SHARES, seed=1))
    # written down, so that no change goes unseen: published seeds must go on giving the same lists
    assert drawn["dev"][:3] == ["note-11", "note-21", "note-37"]


def test_every_document_goes_everywhere_as_often_as_its_share_says():
    draws = [draw_splits("abcde", Draw(SHARES, seed)) for seed in range(300)]
    found = Counter(split for draw in draws for split, doc_ids in draw.items() if "c" in doc_ids)
    assert 150 < found["train"] < 210 and 40 < found["dev"] < 80 and 40 < found["test"] < 80


@given(st.lists(st.integers(0, 7), min_size=1, max_size=40), st.integers(0, 3))
def test_a_group_stays_in_one_split_and_none_is_empty(patients, seed):
    groups = {f"note-{n}": f"patient-{patient}" for n, patient in enumerate(patients)}
    draw = Draw(SHARES, seed, groups | {"elsewhere": "patient-0"})
    if len(set(patients)) < 3:
        with pytest.raises(ValueError, match="CE305"):
            draw_splits(groups, draw)
        return
    drawn = draw_splits(groups, draw)
    assert all(drawn.values()) and sorted(id for part in drawn.values() for id in part) == sorted(groups)
    homes = {(groups[doc_id], split) for split, doc_ids in drawn.items() for doc_id in doc_ids}
    assert len(homes) == len(set(patients))


def test_groups_meet_the_shares_where_they_can():
    sizes_of = [6, 1, 1, 1, 1, 5, 5, 1, 1, 1, 7, 6, 4]
    groups = {f"{n}-{i}": str(n) for n, size in enumerate(sizes_of) for i in range(size)}
    for seed in range(20):
        assert sizes(draw_splits(groups, Draw(SHARES, seed, groups))) == {"train": 24, "dev": 8, "test": 8}
    three = {"a": "1", "b": "2", "c": "2", "d": "3", "e": "3"}
    assert sizes(draw_splits(three, Draw(SHARES, groups=three)))["train"] == 2


def test_documents_without_a_group_are_named():
    with pytest.raises(ValueError, match="CE305.*2 documents have no group.*'b', 'd'"):
        draw_splits("abcd", Draw(SHARES, groups={"a": "1", "c": "1"}))


def test_shares():
    assert parse_shares("60,20,20") == SHARES and parse_shares("80, 20") == {"train": 80, "dev": 20}
    assert parse_shares("70,0,30") == {"train": 70, "test": 30}


@pytest.mark.parametrize("text", ["", "60", "60,20", "60,20,20,0", "a,b,c", "120,-20", "nan,50,50", "0.6,0.2,0.2"])
def test_shares_must_add_up_to_100(text):
    with pytest.raises(ValueError, match="CE303"):
        parse_shares(text)


def test_groups_are_read(tmp_path):
    path = tmp_path / "patients.tsv"
    path.write_bytes(b"\xef\xbb\xbfnote 1\tp 1\r\n\r\ntrain/b\tp2\rnote 1\tp 1\n")
    assert read_groups(path) == {"note 1": "p 1", "train/b": "p2"}


@pytest.mark.parametrize("line", ["a", "a p", "a\t", "a\tp\tq", "b\tp2"])
def test_groups_need_an_id_and_a_group(tmp_path, line):
    (tmp_path / "patients.tsv").write_text(f"b\tp\n{line}\n")
    with pytest.raises(ValueError, match="CE304.*line 2"):
        read_groups(tmp_path / "patients.tsv")
