import time
import unicodedata

import pytest
import spacy

from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.corpora.fingerprints import sentence_bounds_of, take_fingerprints
from spacy_clinner.corpora.leaks import find_leaks

NLP = spacy.blank("en")
COUGH = "A man of 60 years came with cough that had started two days before."
PAIN = "She had never felt pain in her chest until this winter began."
FEVER = "High fever was measured in the evening by his wife at home."
GIVEN = "Both were given aspirin at once."


def make_doc(text, doc_id, *entities):
    doc = NLP(text)
    doc.user_data[DOC_ID_KEY] = doc_id
    doc.set_ents([doc.char_span(text.index(word), text.index(word) + len(word), label="X") for word in entities])
    return doc


def leaks(docs, others, **settings):
    return find_leaks(take_fingerprints(docs), take_fingerprints(others), "other", **settings)


def found(docs, others, **settings):
    return [(one.doc_id, one.what, one.evidence, one.other_id) for one in leaks(docs, others, **settings).found]


def test_the_same_text_in_other_dress():
    other = make_doc(COUGH.upper().replace(" ", "\n").replace("60", "( 60 )"), "b")
    assert found([make_doc(COUGH, "a"), make_doc(PAIN, "c")], [other]) == [("a", "document", "text", "b")]


def test_the_same_text_in_another_form_of_unicode():
    text = "La señora de 54 años acudió a urgencias por dolor torácico."
    assert found([make_doc(text, "a")], [make_doc(unicodedata.normalize("NFD", text), "b")]) == [
        ("a", "document", "text", "b")
    ]


def test_white_space_inside_of_words():
    assert found([make_doc("It can not be so bad.", "a")], [make_doc("It cannot be so bad", "b")])


def test_a_sentence_of_a_document():
    doc = make_doc(f"{FEVER} {PAIN} {COUGH}", "a", "fever", "pain")
    result = leaks([doc], [make_doc(f"Reason. {PAIN}", "b")])
    (one,) = result.found
    assert doc[one.start : one.end].text == PAIN and (one.what, one.evidence) == ("sentence", "text")
    assert result.counts == {"documents": 0, "sentences": 1, "tokens": len(NLP(PAIN)), "entities": 1}
    assert (result.other_found, result.other_sentences) == (1, 1)


def test_few_words_are_no_evidence():
    docs, others = [make_doc("No known drug allergies.", "a")], [make_doc("No known drug allergies.", "b")]
    assert found(docs, others) == []
    docs, others = [make_doc("He has no known drug allergies.", "a")], [make_doc("He has no known drug allergies", "b")]
    assert found(docs, others) == [("a", "document", "text", "b")]


def test_sentences_that_differ_in_a_word():
    doc, other = make_doc(f"{FEVER} {GIVEN} {COUGH}", "a"), make_doc(COUGH.replace("before", "ago"), "b")
    assert found([doc], [other]) == [("a", "sentence", "sequences", "b")]
    assert found([doc], [other], share=0.95) == []
    ((share, evidence),) = [(one.share, one.evidence) for one in leaks([doc], [other]).found]
    assert share == pytest.approx(6 / 7) and evidence == "sequences"


def test_sentences_that_are_cut_otherwise():
    """One of the other corpus is a part of a longer one, or two of them."""
    rest = " and ".join(f"word{i} thing{i}" for i in range(20))
    whole = COUGH[:-1] + " and " + rest
    assert found([make_doc(f"{whole}. {FEVER}", "a")], [make_doc(COUGH, "b")]) == [("a", "sentence", "sequences", "b")]
    parts = make_doc(f"{GIVEN} {FEVER} A man of 60 years came.\nWith cough that had started two days before.", "a")
    ranges = [parts[one.start : one.end].text for one in leaks([parts], [make_doc(COUGH, "b")]).found]
    assert [text.split()[0] for text in ranges] == ["A", "With"]


def test_mostly_the_same_document():
    other = make_doc(f"{COUGH} {PAIN} {GIVEN}", "b")
    doc = make_doc(f"{COUGH} {PAIN} {FEVER}", "a", "cough", "fever")
    assert found([doc], [other]) == [("a", "document", "sequences", "b")]
    assert leaks([doc], [other]).counts["entities"] == 2
    assert [what for _, what, *_ in found([doc], [other], share=0.8)] == ["sentence", "sentence"]


def test_short_sentences_in_another_order():
    short = ["He has no fever today.", "She was seen at home.", "Both went there by car."]
    doc, other = make_doc(" ".join(short), "a"), make_doc(" ".join(reversed(short)), "b")
    assert found([doc], [other]) == [("a", "document", "sequences", "b")]


def test_ids_count_where_texts_agree_in_part():
    whole = make_doc(f"{COUGH} {PAIN} {FEVER}", "77")
    part = make_doc(COUGH, "77_3")
    assert found([whole], [part]) == [("77", "document", "id", "77_3")]
    assert found([part], [whole]) == [("77_3", "document", "id", "77")]
    assert [what for _, what, *_ in found([whole], [make_doc(COUGH, "78_3")])] == ["sentence"]
    # by accident: nothing in common
    assert found([make_doc(FEVER, "1")], [make_doc(COUGH, "1")]) == []
    assert found([make_doc(FEVER, "1_2")], [make_doc(COUGH, "1")]) == []


def test_a_place_in_the_file_is_no_id():
    docs = NLP(f"{COUGH} {PAIN} {FEVER}"), NLP(COUGH)
    assert found(docs[:1], docs[1:]) == [("#0", "sentence", "text", "#0")]


def test_sentences_without_marks_are_lines_and_marks_are_used():
    doc = NLP("No fever\nPain since today. None now")
    assert [doc[start:end].text.strip() for start, end in sentence_bounds_of(doc)] == [
        "No fever",
        "Pain since today.",
        "None now",
    ]
    assert not doc.has_annotation("SENT_START")
    for token in doc:
        token.is_sent_start = token.i == 0
    assert sentence_bounds_of(doc) == [(0, len(doc))]


def test_nothing_to_compare():
    empty = make_doc("", "e")
    assert found([empty], [empty]) == [] and found([make_doc(COUGH, "a")], [empty]) == []
    assert found([empty], [make_doc(COUGH, "a")]) == [] and found([make_doc("...", "p")], [make_doc("...", "q")]) == []
    assert leaks([], []).counts["documents"] == 0


def test_a_phrase_of_all_notes_is_not_compared_pair_by_pair():
    """20,000 documents that share a sentence: the time is that of each document, not of each pair."""
    phrase = "The patient was seen and examined by me on the ward at number"
    docs = [make_doc(f"{phrase} {i}.", f"a{i}") for i in range(4000)]
    corpus = take_fingerprints(docs)
    start = time.process_time()
    assert len(find_leaks(corpus, corpus, "itself").found) == 4000
    assert time.process_time() - start < 4
