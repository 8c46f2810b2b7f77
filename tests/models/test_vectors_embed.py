"""Words without a vector of their own."""

import numpy as np
import pytest
import spacy
from spacy.vectors import Vectors

from spacy_clinner.models.word_embed import build_vectors_embed


@pytest.fixture
def nlp(tmp_path):
    nlp = spacy.blank("en")
    data = np.eye(3, dtype="f")
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=data, keys=["fever", "COPD", "copd"], attr="LOWER")
    for word in ("fever", "COPD", "copd"):
        nlp.vocab.strings.add(word)
    nlp.to_disk(tmp_path / "saved")
    # what spaCy forgets
    return spacy.load(tmp_path / "saved")


def rows(nlp, lower, text):
    docs = [nlp.make_doc(text), nlp.make_doc("")]
    model = build_vectors_embed(width=3, lower=lower)
    model.initialize(X=docs)
    model.layers[0].set_param("W", np.eye(3, dtype="f"))
    model.layers[0].set_param("b", np.zeros(3, dtype="f"))
    assert [row.tolist() for row in model.predict(docs)][1] == []
    return model.predict(docs)[0].tolist()


def test_a_capital_letter_hides_no_word(nlp):
    assert nlp.vocab.vectors.attr == spacy.attrs.ORTH
    fever, own, nothing = [1, 0, 0], [0, 1, 0], [0, 0, 0]
    assert rows(nlp, True, "Fever FEVER fever COPD Cough") == [fever, fever, fever, own, nothing]
    assert rows(nlp, False, "Fever FEVER fever COPD Cough") == [nothing, nothing, fever, own, nothing]


def test_a_model_of_before_has_no_such_setting(nlp):
    """It was saved without, and goes on as it was."""
    new = build_vectors_embed(width=3)
    assert new.attrs["lower"] is False
    docs = [nlp.make_doc("Fever")]
    new.initialize(X=docs)
    old = build_vectors_embed(width=3)
    old.initialize(X=docs)
    del old.attrs["lower"]
    assert new.from_bytes(old.to_bytes()).attrs["lower"] is False
