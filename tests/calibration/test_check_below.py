"""Each head and each extractor has its own bound."""

import pytest
import spacy

from spacy_clinner.calibration.check_below import entity_bound, relation_bounds


@pytest.fixture
def nlp():
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_crf_tagger", name="main")
    nlp.add_pipe("clinner_crf_tagger", name="second", config={"spans_key": "k", "set_ents": False})
    nlp.add_pipe("entity_ruler")
    for name, labels in (("one", "AB"), ("other", "BC"), ("third", "D")):
        nlp.add_pipe("clinner_relation_extractor", name=name).cfg["labels"] = list(labels)
    return nlp


def test_a_pipeline_that_is_not_calibrated(nlp):
    assert entity_bound(nlp) is None and relation_bounds(nlp) == {} and entity_bound(spacy.blank("en")) is None


def test_each_has_its_own(nlp):
    bounds = {"main": 0.8, "second": 0.7, "one": 0.6, "other": 0.9, "third": None, "gone": 0.1}
    nlp.meta["clinner_calibration"] = {name: {"check_below": bound} for name, bound in bounds.items()}
    assert (entity_bound(nlp), entity_bound(nlp, "k"), entity_bound(nlp, "x")) == (0.8, 0.7, None)
    assert entity_bound(nlp, "clinner_ents") == 0.8
    # of a label of two extractors nobody knows which one found it
    assert relation_bounds(nlp) == {"A": 0.6, "B": 0.9, "C": 0.9}
