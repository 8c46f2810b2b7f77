import spacy
from hypothesis import given
from hypothesis import strategies as st


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


NLP = make_nlp()
