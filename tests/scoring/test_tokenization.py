import warnings

import pytest
import spacy
from spacy.tokens import DocBin, Span
from spacy.vocab import Vocab

from spacy_clinner.scoring.tokenization import warn_of_tokens

TEXT = "Given 5mg aspirin .\nAsthma/COPD known"


@pytest.fixture
def nlp():
    return spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy_clinner.WhitespaceTokenizer.v1"}}})


def reread(doc):
    """As from a file, by a vocabulary that knows no attribute of a word."""
    return next(iter(DocBin(docs=[doc]).get_docs(Vocab())))


def test_equal_tokens_are_no_matter(nlp):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_tokens(nlp, [reread(nlp.make_doc(TEXT)), reread(nlp.make_doc(""))])


def test_entities_inside_of_the_pipelines_tokens_are_counted(nlp):
    doc = spacy.blank("en").make_doc("Asthma/COPD known")
    assert [token.text for token in doc] == ["Asthma", "/", "COPD", "known"]
    doc.set_ents([Span(doc, 0, 1, label="PROBLEM"), Span(doc, 3, 4, label="OTHER")])
    doc.spans["gold"] = [Span(doc, 0, 1, label="PROBLEM"), Span(doc, 2, 3, label="PROBLEM"), Span(doc, 0, 3, label="X")]
    for key, found in ((None, "1 of 2 gold"), ("gold", "2 of 3 gold")):
        expected = f"in 1 of 2 documents: 6 tokens by .*Whitespace.*, 8 in the data. {found}"
        with pytest.warns(UserWarning, match=expected):
            warn_of_tokens(nlp, [reread(doc), reread(nlp.make_doc("One two\nthree four"))], key)


def test_a_pipeline_of_another_kind_has_a_name_too(nlp):
    nlp.config["nlp"]["tokenizer"].pop("@tokenizers")
    with pytest.warns(UserWarning, match="tokens by its tokenizer"):
        warn_of_tokens(nlp, [reread(spacy.blank("en").make_doc(TEXT))])
