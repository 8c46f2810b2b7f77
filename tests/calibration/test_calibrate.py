import numpy as np
import pytest
import spacy

from spacy_clinner.annotations.keys import DOMAIN_KEY, RELATIONS_KEY
from spacy_clinner.assembly.calibrated import META_KEY
from spacy_clinner.calibration.calibrate import calibrate
from spacy_clinner.calibration.record import record

from ..toys import relations, tagger
from ..toys.calibration import dev_of_relations, dev_of_tagger, in_group


@pytest.fixture(scope="module")
def saved_tagger(tmp_path_factory):
    nlp = tagger.make_nlp()
    tagger.train(nlp)
    path = tmp_path_factory.mktemp("calibrate") / "tagger"
    nlp.to_disk(path)
    return path


@pytest.fixture(scope="module")
def saved_extractor(tmp_path_factory):
    nlp = relations.make_nlp(threshold=0.3)
    relations.train(nlp)
    path = tmp_path_factory.mktemp("calibrate") / "extractor"
    nlp.to_disk(path)
    return path


def test_an_overconfident_tagger_gets_less_certain_and_finds_the_same(saved_tagger, tmp_path):
    nlp = spacy.load(saved_tagger)
    texts = [text for text, _ in tagger.TEXTS]
    before = [tagger.entities(doc) for doc in nlp.pipe(texts)]
    (found,) = calibrate(nlp, dev_of_tagger(nlp))
    pipe = nlp.get_pipe("tagger")
    assert found.name == "tagger" and found.temperature > 1.1 and found.interval[0] <= found.best_temperature
    assert pipe.cfg["temperature"] == found.temperature
    assert found.loss[1] < found.loss[0]
    # an empty text says nothing
    assert found.documents == 12 and found.gold == sum(len(doc.ents) for doc in dev_of_tagger(nlp))
    # the most probable segmentation asks for no threshold, and stays
    assert found.threshold is None and found.f is None
    assert [tagger.entities(doc) for doc in nlp.pipe(texts)] == before
    record(nlp, [found], {"dev.spacy": "0" * 64})
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert again.get_pipe("tagger").cfg["temperature"] == again.config["components"]["tagger"]["temperature"]
    known = again.meta[META_KEY]["tagger"]
    assert known["temperature"] == pytest.approx(found.temperature) and known["data"] == {"dev.spacy": "0" * 64}
    assert known["check_below"] == pytest.approx(found.check_below)
    assert "`tagger` are calibrated" in again.meta["notes"]


def test_calibrating_twice_is_calibrating_once(saved_tagger):
    nlp = spacy.load(saved_tagger)
    (first,) = calibrate(nlp, dev_of_tagger(nlp))
    record(nlp, [first], {})
    notes = nlp.meta["notes"]
    (second,) = calibrate(nlp, dev_of_tagger(nlp))
    record(nlp, [second], {})
    assert second.temperature == first.temperature and second.loss == pytest.approx((first.loss[1],) * 2)
    assert nlp.meta["notes"] == notes


@pytest.mark.parametrize("n_docs", [0, 1])
def test_documents_that_tell_too_little_change_nothing(saved_tagger, n_docs):
    nlp = spacy.load(saved_tagger)
    (known,) = calibrate(nlp, dev_of_tagger(nlp))
    nlp.get_pipe("tagger").cfg["threshold"] = 0.3
    (found,) = calibrate(nlp, dev_of_tagger(nlp)[:n_docs])
    assert found.documents == n_docs and (found.temperature, found.threshold) == (known.temperature, 0.3)
    assert nlp.get_pipe("tagger").cfg["temperature"] == known.temperature
    record(nlp, [known], {"dev.spacy": "0" * 64})
    before = nlp.meta[META_KEY]["tagger"]
    record(nlp, [found], {"few.spacy": "1" * 64})
    assert nlp.meta[META_KEY]["tagger"] == before


def test_the_threshold_is_chosen_at_the_new_temperature(saved_tagger):
    nlp = spacy.load(saved_tagger)
    nlp.get_pipe("tagger").cfg["threshold"] = 0.99
    (found,) = calibrate(nlp, dev_of_tagger(nlp))
    assert found.threshold <= 0.95 and nlp.get_pipe("tagger").cfg["threshold"] == found.threshold
    assert found.f[1] >= found.f[0]
    gold = dev_of_tagger(nlp)
    pairs = [(set(map(tuple, tagger.entities(nlp(doc.text)))), set(map(tuple, tagger.entities(doc)))) for doc in gold]
    right, total = sum(len(one & other) for one, other in pairs), sum(len(one) + len(other) for one, other in pairs)
    assert found.f[1] == pytest.approx(2 * right / total)


def test_each_head_has_its_own_temperature(saved_tagger):
    """A second head, tied to the first, reads its gold from a span group: the gold of one says nothing of the other."""
    nlp = spacy.load(saved_tagger)
    settings = {"model": tagger.SMALL_MODEL, "gold_from": "spans", "spans_key": "other", "set_ents": False}
    other = nlp.add_pipe("clinner_crf_tagger", name="other", config={**settings, "tie_to": "tagger"})
    other.initialize(lambda: tagger.examples(nlp), labels=["DRUG", "PROBLEM"], nlp=nlp)
    first, second = calibrate(nlp, dev_of_tagger(nlp))
    assert first.temperature > 1.1 and (second.temperature, second.documents, second.gold) == (1.0, 0, 0)
    before = first.temperature
    docs = in_group(dev_of_tagger(nlp), "other")
    for doc in docs:
        doc.spans["other"] = [span for span in doc.spans["other"] if span.label_ != "DOSAGE"]
    first, second = calibrate(nlp, docs)
    assert first.documents == 0 and second.documents == 12 and second.temperature != 1.0
    assert nlp.get_pipe("tagger").cfg["temperature"] == first.temperature == before


def test_a_head_of_one_domain_is_judged_by_documents_of_it_and_of_none(saved_tagger):
    found = []
    for domain in ("target", None, "source"):
        nlp = spacy.load(saved_tagger)
        nlp.get_pipe("tagger").cfg["domains"] = ["target"]
        docs = dev_of_tagger(nlp)
        for doc in docs if domain else ():
            doc.user_data[DOMAIN_KEY] = domain
        found.append(calibrate(nlp, docs)[0].documents)
    assert found == [12, 12, 0]


def test_a_label_that_is_never_predicted_counts_as_missed(saved_tagger):
    nlp = spacy.load(saved_tagger)
    pipe = nlp.get_pipe("tagger")
    pipe.add_label("RARE")
    docs = dev_of_tagger(nlp)
    docs[3].set_ents([spacy.tokens.Span(docs[3], 0, 1, label="RARE")])
    (found,) = calibrate(nlp, docs)
    assert found.gold == sum(len(doc.ents) for doc in docs) and found.loss[1] < found.loss[0]


def test_entities_of_unknown_labels_are_missed_and_say_nothing_else(saved_tagger):
    """A label may be so rare that dev has it and train has not: that must not end a training."""
    nlp = spacy.load(saved_tagger)
    docs = dev_of_tagger(nlp)
    docs[3].set_ents([spacy.tokens.Span(docs[3], 0, 1, label="NEVER_SEEN")])
    with pytest.warns(UserWarning, match="CW383.*'tagger'.*: NEVER_SEEN"):
        (found,) = calibrate(nlp, docs)
    assert found.gold == sum(len(doc.ents) for doc in docs)
    # the same as if nobody had looked at that token
    nlp, unlooked = spacy.load(saved_tagger), dev_of_tagger(nlp)
    unlooked[3].set_ents([], missing=[unlooked[3][0:1]], default="outside")
    (other,) = calibrate(nlp, unlooked)
    assert other.loss == pytest.approx(found.loss) and other.gold == found.gold - 1


def test_relations_of_unknown_labels_are_missed_and_say_nothing_else(saved_extractor):
    nlp = spacy.load(saved_extractor)
    docs = dev_of_relations(nlp)
    (without,) = calibrate(nlp, docs)
    relation = next(one for doc in docs for one in doc.user_data[RELATIONS_KEY])
    changed = next(doc for doc in docs if doc.user_data[RELATIONS_KEY])
    changed.user_data[RELATIONS_KEY] = [*changed.user_data[RELATIONS_KEY], {**relation, "label": "NEVER_SEEN"}]
    with pytest.warns(UserWarning, match="CW383.*: NEVER_SEEN"):
        (found,) = calibrate(spacy.load(saved_extractor), docs)
    assert found.gold == without.gold + 1 and found.best_temperature == pytest.approx(without.best_temperature)


@pytest.mark.parametrize("relative", [False, True])
def test_relations_get_less_certain_and_stay(saved_extractor, relative):
    nlp = spacy.load(saved_extractor)
    pipe = nlp.get_pipe("relations")
    pipe.cfg["relative"] = relative
    docs = [pair.x for pair in relations.examples(nlp)]
    before = pipe.predict(docs)
    (found,) = calibrate(nlp, dev_of_relations(nlp))
    assert found.temperature > 1.1 and found.loss[1] < found.loss[0]
    assert found.threshold == pipe.cfg["threshold"] > 0.3
    for (one, sure), (other, less_sure) in zip(before, pipe.predict(docs), strict=True):
        assert one.tolist() == other.tolist()
        assert (np.abs(less_sure - 0.5) < np.abs(sure - 0.5)).all()


def test_what_has_no_probabilities():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    with pytest.raises(ValueError, match="CE381.*sentencizer"):
        calibrate(nlp, [])


def test_a_head_does_not_read_documents_of_other_corpora(saved_tagger, monkeypatch):
    nlp = spacy.load(saved_tagger)
    pipe = nlp.get_pipe("tagger")
    pipe.cfg["domains"] = ["own"]
    docs = dev_of_tagger(nlp)
    for number, doc in enumerate(docs):
        doc.user_data[DOMAIN_KEY] = "own" if number % 2 else "other"
    read, evidence = [], pipe.evidence
    monkeypatch.setattr(pipe, "evidence", lambda examples: read.extend(examples) or evidence(examples))
    (found,) = calibrate(nlp, docs)
    assert {example.reference.user_data[DOMAIN_KEY] for example in read} == {"own"} and found.gold > 0
    (found,) = calibrate(nlp, [doc for doc in docs if doc.user_data[DOMAIN_KEY] == "other"])
    assert found.gold == 0 and found.temperature == pipe.cfg["temperature"]
