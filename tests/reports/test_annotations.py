import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_clinner.annotations.keys import SPANS_KEY
from spacy_clinner.reports.annotations import Annotation, annotations_of, read_note


@pytest.fixture
def doc():
    doc = spacy.blank("en").make_doc("chest pain and fever")
    doc.ents = [Span(doc, 0, 2, "Problem"), Span(doc, 3, 4, "Problem")]
    return doc


def test_probabilities_come_from_the_taggers_group(doc):
    doc.spans[SPANS_KEY] = [Span(doc, 3, 4, "Problem"), Span(doc, 0, 2, "Problem")]
    doc.spans[SPANS_KEY].attrs["scores"] = [0.25, 0.75]
    assert annotations_of(doc) == [Annotation(0, 10, "Problem", 0.75), Annotation(15, 20, "Problem", 0.25)]


def test_a_tagger_may_keep_them_in_another_group(doc):
    doc.spans["unsure"] = [Span(doc, 0, 2, "Problem")]
    doc.spans["unsure"].attrs["scores"] = [0.1]
    doc.spans["without"] = list(doc.ents)
    doc.spans["mine"] = [Span(doc, 0, 1, "Other"), *doc.ents]
    doc.spans["mine"].attrs["scores"] = [0.2, 0.75, 0.25]
    assert [entity.probability for entity in annotations_of(doc)] == [0.75, 0.25]
    # no group is of all entities: who wrote them is not known
    doc.ents = [*doc.ents, Span(doc, 2, 3, "Problem")]
    assert [entity.probability for entity in annotations_of(doc)] == [None, None, None]


def test_entities_without_probabilities(doc):
    assert [entity.probability for entity in annotations_of(doc)] == [None, None]
    # a group that knows one entity says nothing of the other
    doc.spans[SPANS_KEY] = [Span(doc, 0, 2, "Problem"), Span(doc, 3, 4, "Date")]
    doc.spans[SPANS_KEY].attrs["scores"] = [0.75, 0.9]
    assert [entity.probability for entity in annotations_of(doc)] == [0.75, None]


def test_a_span_group_may_overlap(doc):
    doc.spans["head"] = [Span(doc, 1, 2, "Problem"), Span(doc, 0, 2, "Problem")]
    doc.spans["head"].attrs["scores"] = [0.5, 0.9]
    assert annotations_of(doc, "head") == [Annotation(0, 10, "Problem", 0.9), Annotation(6, 10, "Problem", 0.5)]
    assert annotations_of(doc, "absent") == []


@pytest.mark.parametrize("text", ["No fever.\n", "", "a  b", " \n"])
def test_the_text_at_hand_is_that_of_the_document(text):
    doc = spacy.blank("en")(text)
    assert read_note("a", doc, text=text) == read_note("a", doc)


def test_a_tokenizer_that_loses_characters_is_not_believed():
    """Offsets are those of the document, so the text has to be its own."""
    nlp = spacy.blank("en")
    nlp.tokenizer = lambda text: Doc(nlp.vocab, words=text.split())
    assert read_note("a", nlp("No  \n fever"), text="No  \n fever").text == "No fever "


def test_groups_that_were_added_up_have_no_probabilities(doc):
    """spaCy keeps the scores of one of them."""
    doc.spans["rules"] = [Span(doc, 0, 2, "Problem")]
    doc.spans["tagger"] = [Span(doc, 3, 4, "Problem")]
    doc.spans["tagger"].attrs["scores"] = [0.9]
    doc.spans[SPANS_KEY] = doc.spans["rules"] + doc.spans["tagger"]
    assert [entity.probability for entity in annotations_of(doc, SPANS_KEY)] == [None, None]
    assert doc.spans[SPANS_KEY].attrs["scores"] == [0.9]
