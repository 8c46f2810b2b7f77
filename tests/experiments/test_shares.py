import pytest
from spacy.tokens import DocBin

from spacy_clinner.annotations.documents import document_ids, read_docs
from spacy_clinner.experiments.shares import write_shares

from ..toys.room import make_room


def test_shares_are_nested_and_seeded(tmp_path):
    room = make_room(tmp_path)
    paths = write_shares(room / "train.spacy", [1, 20, 40, 60], 60, 0, tmp_path / "shares")
    ids = {share: set(document_ids(read_docs(path))) for share, path in paths.items()}
    assert [len(names) for names in ids.values()] == [1, 1, 3, 4]
    assert ids[1] <= ids[20] <= ids[40] <= ids[60]
    content = paths[40].read_bytes()
    before = paths[40].stat().st_mtime_ns
    again = write_shares(room / "train.spacy", [40], 60, 0, tmp_path / "shares")[40]
    assert again.read_bytes() == content and again.stat().st_mtime_ns == before
    drawn = {tuple(sorted(document_ids(read_docs(write_shares(room / "train.spacy", [40], 60, seed, tmp_path)[40]))))
             for seed in range(6)}  # fmt: skip
    assert len(drawn) > 1


@pytest.mark.parametrize("share", [0, -5, 61])
def test_impossible_shares(tmp_path, share):
    room = make_room(tmp_path)
    with pytest.raises(ValueError, match="CE082"):
        write_shares(room / "train.spacy", [5, share], 60, 0, tmp_path)


def test_files_of_another_corpus_stay(tmp_path):
    """An experiment that is planned, or refused, must not change what another one reads."""
    room = make_room(tmp_path)
    (one,) = write_shares(room / "train.spacy", [60], 60, 0, tmp_path / "shares").values()
    content = one.read_bytes()
    DocBin(docs=read_docs(room / "train.spacy")[:2], store_user_data=True).to_disk(room / "less.spacy")
    (other,) = write_shares(room / "less.spacy", [60], 60, 0, tmp_path / "shares").values()
    assert other != one and one.read_bytes() == content
