import pytest
from spacy.tokens import DocBin, Span

from spacy_clinner.annotations.documents import document_ids, entities_of, read_docs
from spacy_clinner.pipeline.gold_settings import GoldSettings

from ..toys.documents import PAIN, make_doc


def test_entities_are_character_offsets():
    assert entities_of(make_doc()) == {PAIN}
    assert entities_of(make_doc(), "absent") == set()


def test_ids_are_user_data_or_positions():
    assert document_ids([make_doc("a"), make_doc()]) == ["a", "#1"]


def test_repeated_ids_are_refused():
    with pytest.raises(ValueError, match="CE064"):
        document_ids([make_doc("a"), make_doc("a")])


def test_reading_a_docbin(tmp_path):
    DocBin(docs=[make_doc("a")], store_user_data=True).to_disk(tmp_path / "a.spacy")
    (doc,) = read_docs(tmp_path / "a.spacy")
    assert entities_of(doc) == {PAIN}
    assert document_ids([doc]) == ["a"]


def test_documents_that_were_read_tell_white_space(tmp_path):
    doc = make_doc()
    doc.set_ents([Span(doc, 1, 4, "Problem")])
    DocBin(docs=[doc]).to_disk(tmp_path / "a.spacy")
    (read,) = read_docs(tmp_path / "a.spacy")
    assert GoldSettings().entities(read) == {PAIN}


def test_empty_docbin_is_refused(tmp_path):
    DocBin().to_disk(tmp_path / "empty.spacy")
    with pytest.raises(ValueError, match="CE062"):
        read_docs(tmp_path / "empty.spacy")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "note.txt").write_text("no chest pain")
    with pytest.raises(ValueError, match="CE070"):
        read_docs(tmp_path / "note.txt")
