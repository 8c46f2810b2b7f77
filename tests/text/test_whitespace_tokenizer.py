import pickle

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

CONFIG = {"nlp": {"tokenizer": {"@tokenizers": "spacy_clinner.WhitespaceTokenizer.v1"}}}
NLP = spacy.blank("en", config=CONFIG)


@pytest.mark.parametrize("lang", ["en", "es", "de"])
def test_splits_at_white_space_alone(lang):
    doc = spacy.blank(lang, config=CONFIG)("don't 5mg/dL. (im)\u00a0x-ray\n#1, e.g.")
    assert [token.text for token in doc if not token.is_space] == ["don't", "5mg/dL.", "(im)", "x-ray", "#1,", "e.g."]


@given(st.text(alphabet="ab.-é🙂 \n\t\r\u00a0\u2028\u3000\x0c", max_size=20))
@settings(deadline=None)
def test_keeps_every_character(text):
    doc = NLP(text)
    assert doc.text == text and not doc.has_unknown_spaces
    assert [token.text for token in doc if not token.is_space] == text.split()


def test_serialises_with_the_pipeline(tmp_path):
    NLP.to_disk(tmp_path)
    text = "5mg/dL. (don't)\nx-ray"
    expected = [token.text for token in NLP(text)]
    assert expected == ["5mg/dL.", "(don't)", "\n", "x-ray"]
    assert [token.text for token in spacy.load(tmp_path)(text)] == expected
    assert [token.text for token in pickle.loads(pickle.dumps(NLP.tokenizer))(text)] == expected
    assert [token.text for token in spacy.blank("en", config=CONFIG).from_bytes(NLP.to_bytes())(text)] == expected
