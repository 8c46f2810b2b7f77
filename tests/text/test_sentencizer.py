import time

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_clinner.text.sentencizer import CLOSERS, ENDS, Sentencizer


def make_nlp(**config):
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy_clinner.ClinicalTokenizer.v1"}}})
    nlp.add_pipe("clinner_sentencizer", config=config)
    return nlp


def sentences(text, **config):
    return [sent.text.strip() for sent in make_nlp(**config)(text).sents]


def test_full_stops_and_line_ends_end_sentences():
    assert sentences("No fever. Cough\nPMH:\n\n \n- asthma\r\n(mild.) None.") == [
        "No fever.",
        "Cough",
        "PMH:",
        "- asthma",
        "(mild.)",
        "None.",
    ]


def test_numbers_of_a_list_and_question_marks_before_a_word_end_none():
    assert sentences("1. No fever\n2. ?PE tomorrow CT\nPE? No.") == ["1. No fever", "2. ?PE tomorrow CT", "PE?", "No."]


def test_wrapped_notes_end_sentences_at_paragraphs():
    text = "No fever,\nno cough\n\nChest clear"
    assert sentences(text, break_at="paragraphs") == text.split("\n\n")


def test_a_saved_sentencizer_keeps_its_setting(tmp_path):
    make_nlp(break_at="paragraphs").to_disk(tmp_path)
    assert len(list(spacy.load(tmp_path)("a\nb\n\nc").sents)) == 2


@given(st.text(alphabet="ab1. ?!\n\r\t)-", max_size=40))
def test_every_document_has_sentences_that_cover_it(text):
    doc = NLP(text)
    assert "".join(sent.text_with_ws for sent in doc.sents) == doc.text if len(doc) > 1 else True
    # no sentence reaches over the end of its line
    assert all("\n" not in sent.text.rstrip() for sent in doc.sents) if len(doc) > 1 else True


def starts_by_rereading(doc, line_ends):
    """The rule as it reads: at each mark, look at its whole sentence."""
    starts, stopped, broken = [], False, False
    for token in doc:
        closes = token.text in CLOSERS and not broken
        starts.append(token.i == 0 or ((stopped or broken) and not (token.is_space or closes)))
        if starts[-1]:
            first, stopped, broken = token.i, False, False
        if token.text in ENDS:
            words = [word for word in doc[first : token.i] if not word.is_space]
            listed = not words or (len(words) == 1 and words[0].like_num)
            glued = token.text == "?" and not token.whitespace_ and doc[token.i + 1 : token.i + 2].text.isalpha()
            stopped = stopped or not (listed or glued)
        breaks = token.text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
        broken = broken or (token.is_space and breaks >= line_ends)
    return starts


PIECES = st.sampled_from(["a", "PE", "12", "1", ".", ". ", "?", "! ", " ", "\n", "\r\n", "\n\n", "\t", ")"])


@given(st.lists(PIECES, max_size=30).map("".join), st.sampled_from(["lines", "paragraphs"]))
def test_starts_are_those_of_the_rule_and_all_else_stays(text, break_at):
    doc, other = NLP.make_doc(text), NLP.make_doc(text)
    for each in (doc, other):
        each.ents = [Span(each, token.i, token.i + 1, "NUMBER") for token in each if token.like_num]
        each.user_data["kept"] = [1]
    for token, starts in zip(other, starts_by_rereading(other, 1 if break_at == "lines" else 2), strict=True):
        token.is_sent_start = starts
    assert Sentencizer(break_at=break_at)(doc).to_bytes() == other.to_bytes()


def test_what_was_set_before_is_replaced_but_no_parse():
    doc = NLP.make_doc("No fever. Cough")
    doc[1].is_sent_start = True
    assert [sent.text for sent in NLP.get_pipe("clinner_sentencizer")(doc).sents] == ["No fever.", "Cough"]
    parsed = Doc(NLP.vocab, words=["No", "fever"], heads=[1, 1], deps=["det", "ROOT"])
    with pytest.raises(ValueError, match="E043"):
        NLP.get_pipe("clinner_sentencizer")(parsed)


@pytest.mark.parametrize("unit", ["No fever\n", "No fever ", "1 . ", ". "])
def test_time_grows_as_the_text_does(unit):
    def seconds(doc):
        start = time.process_time()
        Sentencizer()(doc)
        return time.process_time() - start

    short, long = NLP.make_doc(unit * 500), NLP.make_doc(unit * 16_000)
    ratio = min(seconds(long) for _ in range(3)) / min(seconds(short) for _ in range(10))
    # 32 if linear, 1024 if quadratic
    assert ratio < 150


NLP = make_nlp()
