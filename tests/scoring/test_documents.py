import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.scoring.documents import pair_documents

from ..toys.documents import PAIN, WORDS, make_doc


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
    unjudged = [Entity(16, 21, "Date"), Entity(0, 3, "Date"), Entity(13, 16, "Date")]
    (document,) = pair_documents([doc], {"a": frozenset({PAIN, *unjudged, Entity(9, 21, "Date")})})
    assert document.tokens.tolist() == [[3, 8], [9, 13]]
    assert document.predicted == {PAIN, Entity(9, 21, "Date")}


def test_gold_in_a_span_group():
    doc = Doc(Vocab(), words=WORDS)
    doc.spans["head"] = [Span(doc, 1, 3, "Problem")]
    # what ends with the text; of doc.ents nothing is known
    last = frozenset({Entity(16, len(doc.text), "Date")})
    (document,) = pair_documents([doc], {"#0": last}, "head")
    assert (document.gold, document.predicted) == ({PAIN}, last)
    assert len(document.tokens) == 4


@pytest.mark.parametrize(
    "message, predictions",
    [
        (r"CE065. 1 documents .* \['a'\]", {}),
        (r"CE066. 1 predictions .* \['b'\]", {"a": frozenset(), "b": frozenset()}),
        ("CE067. Document 'a': .* 20-23 .* 22 characters", {"a": frozenset({PAIN, Entity(20, 23, "Date")})}),
    ],
)
def test_predictions_that_do_not_fit_are_refused(message, predictions):
    with pytest.raises(ValueError, match=message):
        pair_documents([make_doc("a")], predictions)


def test_data_without_any_gold_is_refused():
    doc = make_doc("a")
    doc.spans["other"] = [doc[:1]]
    with pytest.raises(ValueError, match=r"CE069.* 1 documents .* \['other'\]"):
        pair_documents([doc], {"a": frozenset()}, "head")
