import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_clinner.text.windows import make_window_spans, window_bounds

NLP = spacy.blank("en")
TEXTS = st.text(alphabet="ab .\n\r\u00e9\U0001f600\t", max_size=200)


@given(TEXTS, st.sampled_from(["auto", "lines", "strides"]), st.integers(0, 20), st.integers(1, 30))
def test_windows_cover_the_document_within_the_bound(text, unit, min_tokens, max_tokens):
    doc = NLP.make_doc(text)
    bounds = window_bounds(doc, unit=unit, min_tokens=min_tokens, max_tokens=max_tokens)
    assert [i for start, end in bounds for i in range(start, end)] == list(range(len(doc)))
    assert all(0 < end - start <= max_tokens for start, end in bounds)


def test_a_line_ends_with_its_break():
    doc = NLP.make_doc("No fever.\nCough\n\nDyspnea")
    assert [doc[start:end].text for start, end in window_bounds(doc)] == ["No fever.\n", "Cough\n\n", "Dyspnea"]


def test_lines_are_found_without_the_flags_of_a_vocabulary():
    # a document read with a bare vocabulary does not know which tokens are white space
    doc = Doc(Vocab()).from_bytes(NLP.make_doc("No fever.\nCough\n\nDyspnea").to_bytes())
    assert [doc[start:end].text for start, end in window_bounds(doc)] == ["No fever.\n", "Cough\n\n", "Dyspnea"]


def test_auto_prefers_sentences():
    doc = NLP.make_doc("No fever. Some cough\nand dyspnea.")
    doc[3].is_sent_start = True
    assert [doc[start:end].text for start, end in window_bounds(doc)] == ["No fever.", "Some cough\nand dyspnea."]
    assert len(window_bounds(doc, unit="lines")) == 2


def test_long_units_fall_into_even_pieces_and_short_ones_join():
    doc = NLP.make_doc("a " * 25)
    assert [end - start for start, end in window_bounds(doc, max_tokens=10)] == [8, 8, 9]
    lines = NLP.make_doc("a b\n" * 6)
    assert [end - start for start, end in window_bounds(lines, min_tokens=5)] == [6, 6, 6]


def test_sentences_must_be_there_if_asked_for():
    with pytest.raises(ValueError, match="CE120"):
        window_bounds(NLP.make_doc("No fever. Cough."), unit="sentences")


def test_span_getter_gives_the_same_windows():
    docs = [NLP.make_doc("No fever.\nCough"), NLP.make_doc("")]
    spans = make_window_spans(unit="lines", max_tokens=3)(iter(docs))
    assert [[span.text for span in row] for row in spans] == [["No fever", ".\n", "Cough"], []]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_all_systems(end):
    doc = NLP.make_doc(end.join(["BP 120", "HR 80", "RR 12"]))
    assert window_bounds(doc) == [(0, 3), (3, 6), (6, 8)]


@pytest.mark.parametrize("max_tokens", [0, -1])
def test_a_window_holds_a_token(max_tokens):
    with pytest.raises(ValueError, match="CE135.*max_tokens"):
        window_bounds(NLP.make_doc("No fever"), max_tokens=max_tokens)
