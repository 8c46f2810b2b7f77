"""Each head and each extractor has its own bound."""

import numpy as np
import pytest
import spacy
from thinc.api import fix_random_seed

from spacy_clinner.annotations.relations import read_relations
from spacy_clinner.calibration.calibrate import calibrate
from spacy_clinner.calibration.check_below import entity_bound, relation_bounds
from spacy_clinner.calibration.record import record
from spacy_clinner.experiments.relation_runs import predict_relations
from spacy_clinner.experiments.thresholds import choose_threshold

from ..toys import relations
from ..toys.calibration import dev_of_relations


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


def test_a_threshold_that_is_chosen_later_moves_it():
    fix_random_seed(0)
    nlp = relations.make_nlp(threshold=0.02)
    relations.train(nlp, steps=4)
    dev = dev_of_relations(nlp)
    record(nlp, calibrate(nlp, dev), {})
    before = relation_bounds(nlp)["HAS"]
    threshold, _ = choose_threshold(nlp, dev, given_entities=True, relative=False)
    assert nlp.meta["clinner_calibration"]["relations"]["threshold"] == threshold
    examples = predict_relations(nlp, dev, given_entities=True)
    found = [relation.probability for example in examples for relation in read_relations(example.predicted)]
    assert before < relation_bounds(nlp)["HAS"] == pytest.approx(np.quantile(found, 0.2))


def test_each_has_its_own(nlp):
    bounds = {"main": 0.8, "second": 0.7, "one": 0.6, "other": 0.9, "third": None, "gone": 0.1}
    nlp.meta["clinner_calibration"] = {name: {"check_below": bound} for name, bound in bounds.items()}
    assert (entity_bound(nlp), entity_bound(nlp, "k"), entity_bound(nlp, "x")) == (0.8, 0.7, None)
    assert entity_bound(nlp, "clinner_ents") == 0.8
    # of a label of two extractors nobody knows which one found it
    assert relation_bounds(nlp) == {"A": 0.6, "B": 0.9, "C": 0.9}
