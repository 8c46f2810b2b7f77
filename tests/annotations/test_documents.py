import pytest
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_clinner.annotations.documents import document_ids, entities_of, read_docs
from spacy_clinner.annotations.entity import Entity
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.scoring.documents import pair_documents

WORDS = ["no", "chest", "pain", "\n", "today"]
PAIN = Entity(3, 13, "Problem")


def make_doc(name=None, **kwargs):
    doc = Doc(Vocab(), words=WORDS)
    doc.set_ents([Span(doc, 1, 3, "Problem")], **kwargs)
    if name:
        doc.user_data[DOC_ID_KEY] = name
    return doc


def test_entities_are_character_offsets():
    assert entities_of(make_doc()) == {PAIN}
    assert entities_of(make_doc(), "absent") == set()


def test_ids_are_user_data_or_positions():
    assert document_ids([make_doc("a"), make_doc()]) == ["a", "#1"]


def test_pairing():
    (document,) = pair_documents([make_doc("a")], {"a": frozenset()})
    assert (document.id, document.gold, document.predicted) == ("a", {PAIN}, frozenset())
    # the line break counts as a character, but not as a token
    assert document.tokens.tolist() == [[0, 2], [3, 8], [9, 13], [16, 21]]


def test_documents_without_gold_are_left_out():
    unannotated = Doc(Vocab(), words=WORDS, user_data={DOC_ID_KEY: "b"})
    predictions = {"a": frozenset(), "b": frozenset({PAIN})}
    assert [document.id for document in pair_documents([make_doc("a"), unannotated], predictions)] == ["a"]


def test_tokens_without_gold_are_left_out():
    doc = make_doc("a", default="missing")
    (document,) = pair_documents([doc], {"a": frozenset({PAIN, Entity(16, 21, "Date"), Entity(9, 21, "Date")})})
    assert document.tokens.tolist() == [[3, 8], [9, 13]]
    assert document.predicted == {PAIN, Entity(9, 21, "Date")}


def test_gold_in_a_span_group():
    doc = Doc(Vocab(), words=WORDS)
    doc.spans["head"] = [Span(doc, 1, 3, "Problem")]
    (document,) = pair_documents([doc], {"#0": frozenset()}, "head")
    assert document.gold == {PAIN}
    assert len(document.tokens) == 4


@pytest.mark.parametrize(
    "code, predictions",
    [
        ("CE065", {}),
        ("CE066", {"a": frozenset(), "b": frozenset()}),
        ("CE067", {"a": frozenset({Entity(20, 23, "Date")})}),
    ],
)
def test_predictions_that_do_not_fit_are_refused(code, predictions):
    with pytest.raises(ValueError, match=code):
        pair_documents([make_doc("a")], predictions)


def test_repeated_ids_are_refused():
    with pytest.raises(ValueError, match="CE064"):
        document_ids([make_doc("a"), make_doc("a")])


def test_data_without_any_gold_is_refused():
    with pytest.raises(ValueError, match="CE069"):
        pair_documents([make_doc("a")], {"a": frozenset()}, "head")


def test_reading_a_docbin(tmp_path):
    DocBin(docs=[make_doc("a")], store_user_data=True).to_disk(tmp_path / "a.spacy")
    (doc,) = read_docs(tmp_path / "a.spacy")
    assert entities_of(doc) == {PAIN}
    assert document_ids([doc]) == ["a"]


def test_empty_docbin_is_refused(tmp_path):
    DocBin().to_disk(tmp_path / "empty.spacy")
    with pytest.raises(ValueError, match="CE062"):
        read_docs(tmp_path / "empty.spacy")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "note.txt").write_text("no chest pain")
    with pytest.raises(ValueError, match="CE070"):
        read_docs(tmp_path / "note.txt")
