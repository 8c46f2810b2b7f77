"""What a tagger says of notes, as gold."""

import numpy as np
import pytest
import spacy
from thinc.api import Model

from spacy_clinner.annotations.keys import DOC_ID_KEY, LABELS_KEY, SOFT_KEY
from spacy_clinner.unlabelled.labelling import Labelling, compare_labels, find_tagger, label_notes

from ..toys.tagger import TEXTS, entities, half_trained, make_nlp

NOTES = [(f"note-{number}", text) for number, (text, _) in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def nlp():
    return half_trained(15)


def labelled(nlp, **settings):
    return list(label_notes(nlp, NOTES, Labelling(**settings)))


def test_soft_labels_are_all_spans_with_their_probabilities(nlp):
    tagger = nlp.get_pipe("tagger")
    for (note_id, text), note in zip(NOTES, labelled(nlp), strict=True):
        assert note.doc.user_data == {DOC_ID_KEY: note_id}
        assert all(token.ent_iob_ == "" for token in note.doc)
        read, group = nlp(text), note.doc.spans[SOFT_KEY]
        assert len(group.attrs["scores"]) == len(group) >= len(read.ents)
        for span, score in zip(group, group.attrs["scores"], strict=True):
            probability = tagger.span_probability(read, span.start, span.end, span.label_)
            assert score == pytest.approx(probability, abs=1e-6)
        assert note.expected == pytest.approx(float(np.sum(group.attrs["scores"])), abs=1e-4)
        assert note.taught == len(read)


def test_what_is_not_sure_is_not_annotated(nlp):
    tagger = nlp.get_pipe("tagger")
    found = set()
    for (_, text), note in zip(NOTES, labelled(nlp, labels="sure", sure=0.6, outside=0.1), strict=True):
        read = nlp(text)
        ((rows, probabilities),) = tagger.spans_above([read], 0.0)
        inside = np.zeros(len(read))
        for (start, end, _), probability in zip(rows.tolist(), probabilities, strict=True):
            inside[start:end] += probability
        for token in note.doc:
            found.add(token.ent_iob_)
            if token.ent_iob_ == "O":
                assert inside[token.i] <= 0.1
        for ent in note.doc.ents:
            assert tagger.span_probability(read, ent.start, ent.end, ent.label_) >= 0.6
        assert note.taught == sum(token.ent_iob_ != "" for token in note.doc)
    assert {"", "O", "B"} <= found


def test_all_labels_are_what_is_predicted(nlp):
    for (_, text), note in zip(NOTES, labelled(nlp, labels="all"), strict=True):
        assert entities(note.doc) == entities(nlp(text)) and SOFT_KEY not in note.doc.spans
        assert note.taught == len(note.doc)


def test_what_is_predicted_is_gold_of_a_span_group_too(nlp):
    for note in label_notes(nlp, NOTES, Labelling("all"), groups=["gold"]):
        assert [(span.start, span.end, span.label_) for span in note.doc.spans["gold"]] == [
            (ent.start, ent.end, ent.label_) for ent in note.doc.ents
        ]
    assert not any("gold" in note.doc.spans for note in label_notes(nlp, NOTES, Labelling("soft"), groups=["gold"]))


def test_other_components_write_no_gold(nlp):
    with_rules = spacy.blank("en")
    with_rules.add_pipe("tagger", source=nlp)
    with_rules.add_pipe("entity_ruler", config={"overwrite_ents": True}).add_patterns(
        [{"label": "RULE", "pattern": word} for word in ("No", "cough")]
    )
    assert entities(with_rules(TEXTS[0][0])) != entities(nlp(TEXTS[0][0]))
    assert entities(labelled(with_rules, labels="all")[0].doc) == entities(nlp(TEXTS[0][0]))


@pytest.mark.parametrize("labels", ["soft", "sure", "all"])
def test_notes_of_a_batch_are_labelled_as_each_by_itself(nlp, labels, monkeypatch):
    by_itself, together = [], []
    for size, found in ((1, by_itself), (len(NOTES), together)):
        monkeypatch.setattr(nlp, "batch_size", size)
        found.extend(labelled(nlp, labels=labels))
    for one, other in zip(by_itself, together, strict=True):
        assert one.doc.user_data == other.doc.user_data and one.taught == other.taught
        assert [(token.ent_iob_, token.ent_type_) for token in one.doc] == [
            (token.ent_iob_, token.ent_type_) for token in other.doc
        ]
        assert one.expected == pytest.approx(other.expected, abs=1e-4)


def test_a_note_is_read_once(nlp, monkeypatch):
    read, model, predict = [], nlp.get_pipe("tagger").model, Model.predict

    def count(self, docs):
        read.extend(docs if self is model else [])
        return predict(self, docs)

    monkeypatch.setattr(Model, "predict", count)
    notes = labelled(nlp)
    assert [doc.text for doc in read] == [note.doc.text for note in notes] == [text for _, text in NOTES]


def test_a_tagger_taken_for_surer_than_it_is(nlp):
    tagger = nlp.get_pipe("tagger")
    before = tagger.cfg["temperature"]
    plain, sharp = (
        [max(note.doc.spans[SOFT_KEY].attrs["scores"], default=0) for note in labelled(nlp, sharpness=sharpness)]
        for sharpness in (1.0, 4.0)
    )
    assert tagger.cfg["temperature"] == before and plain != sharp
    assert all(now >= was for was, now in zip(plain, sharp, strict=True) if was > 0.6)


@pytest.mark.parametrize(
    "settings",
    [
        {"sharpness": 0.0},
        {"labels": "some"},
        {"sure": 0.5},
        {"sure": 1.1},
        {"outside": -0.1},
        {"sure": 0.7, "outside": 0.7},
    ],
)
def test_bad_settings(nlp, settings):
    with pytest.raises(ValueError, match="CE440"):
        labelled(nlp, **settings)


def test_one_tagger_labels(nlp):
    other_kind = spacy.blank("en")
    other_kind.add_pipe("ner")
    with pytest.raises(ValueError, match="CE456.*components are ner"):
        find_tagger(other_kind)
    two = make_nlp()
    two.add_pipe("clinner_crf_tagger", name="other")
    for name in (None, "ner"):
        with pytest.raises(ValueError, match="CE441.*tagger, other"):
            find_tagger(two, name)
    assert find_tagger(two, "other") is two.get_pipe("other")


def test_a_teacher_of_other_labels(nlp):
    tagger = nlp.get_pipe("tagger")
    labels = set(tagger.labels)
    assert compare_labels(tagger, labels, Labelling()) is None
    with pytest.raises(ValueError, match="CE445.*DRUG"):
        compare_labels(tagger, labels - {"DRUG"}, Labelling("all"))
    with pytest.raises(ValueError, match="CE446.*TEST"):
        compare_labels(tagger, labels | {"TEST"}, Labelling("soft"))
    annotated = compare_labels(tagger, labels | {"TEST"}, Labelling("all"))
    (note,) = label_notes(nlp, NOTES[:1], Labelling("all"), annotated=annotated)
    assert note.doc.user_data[LABELS_KEY] == list(tagger.labels)
