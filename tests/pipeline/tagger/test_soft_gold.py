"""A tagger that learns from another one's probabilities."""

import numpy as np
import pytest
from spacy.tokens import Doc, DocBin, SpanGroup
from spacy.training import Example

from spacy_clinner.annotations.keys import SOFT_KEY
from spacy_clinner.training.domain_corpus import map_labels
from spacy_clinner.training.window_corpus import cut_example

from ...toys.tagger import half_trained, make_nlp, references, train


@pytest.fixture(scope="module")
def teacher():
    return half_trained(40)


def told_by(teacher, text, scale=1.0):
    """A document with what a teacher finds probable in it, and nothing else."""
    doc = teacher(text)
    tagger = teacher.get_pipe("tagger")
    ((rows, probabilities),) = tagger.spans_above([doc], 0.001)
    reference = teacher.make_doc(text)
    spans = [reference.char_span(doc[s].idx, doc[e - 1].idx + len(doc[e - 1]), tagger.labels[k]) for s, e, k in rows]
    attrs = {"scores": np.asarray(probabilities, dtype="float32") * np.float32(scale)}
    reference.spans[SOFT_KEY] = SpanGroup(reference, name=SOFT_KEY, spans=spans, attrs=attrs)
    return reference


def soft_examples(nlp, teacher, scale=1.0):
    texts = [doc.text for doc in references(nlp)]
    # through bytes: as a training reads it
    stored = DocBin(store_user_data=True, docs=[told_by(teacher, text, scale) for text in texts]).to_bytes()
    return [Example(nlp.make_doc(doc.text), doc) for doc in DocBin().from_bytes(stored).get_docs(nlp.vocab)]


def probabilities(nlp, text):
    doc = nlp(text)
    tagger = nlp.get_pipe("tagger")
    ((rows, found),) = tagger.spans_above([doc], 0.001)
    return {(s, e, tagger.labels[k]): p for (s, e, k), p in zip(rows.tolist(), found, strict=True)}


def test_a_student_learns_the_probabilities_of_its_teacher(teacher):
    student = make_nlp()
    train(student, make=lambda nlp: soft_examples(nlp, teacher), n_steps=200)
    assert student.get_pipe("tagger").labels == teacher.get_pipe("tagger").labels
    for doc in references(student):
        wanted, found = probabilities(teacher, doc.text), probabilities(student, doc.text)
        for span in wanted.keys() | found.keys():
            assert found.get(span, 0.0) == pytest.approx(wanted.get(span, 0.0), abs=0.1)


def test_a_doubtful_teacher_makes_a_doubtful_student(teacher):
    student = make_nlp()
    train(student, make=lambda nlp: soft_examples(nlp, teacher, scale=0.6), n_steps=200)
    for doc in references(student):
        wanted, found = probabilities(teacher, doc.text), probabilities(student, doc.text)
        for span, probability in wanted.items():
            assert found.get(span, 0.0) == pytest.approx(0.6 * probability, abs=0.12)


def test_gold_beside_uncertain_gold_is_not_read(teacher):
    nlp = make_nlp()
    train(nlp, n_steps=1)
    tagger = nlp.get_pipe("tagger")
    alone = told_by(teacher, "Give 5 mg aspirin daily")
    both = told_by(teacher, "Give 5 mg aspirin daily")
    both.set_ents([])
    outputs = tagger.model.predict([nlp(alone.text)])
    losses = [tagger.get_loss([Example(nlp.make_doc(doc.text), doc)], outputs)[0] for doc in (alone, both)]
    assert losses[0] == losses[1] > 0
    assert tagger.is_taught([Example(nlp.make_doc(alone.text), alone)]) and not tagger.is_judged_by(alone)


def test_only_its_own_labels_and_domains_teach_a_head(teacher):
    nlp = make_nlp(gold_labels=["DRUG"], domains=["notes"])
    examples = soft_examples(nlp, teacher)
    for example in examples[:-1]:
        example.reference.user_data["clinner_domain"] = "notes"
    nlp.initialize(lambda: examples)
    tagger = nlp.get_pipe("tagger")
    assert tagger.labels == ("DRUG",)
    assert tagger.is_taught(examples[:1]) and not tagger.is_taught(examples[-1:])
    tagger.update(examples)


def test_windows_and_label_maps_keep_the_probabilities():
    nlp = make_nlp()
    doc = Doc(nlp.vocab, words=["a", "b", "\n", "c", "d"])
    spans = [doc[0:2], doc[1:4], doc[3:4], doc[3:5]]
    for span, label in zip(spans, ["X", "X", "Y", "X"], strict=True):
        span.label_ = label
    doc.spans[SOFT_KEY] = SpanGroup(doc, name=SOFT_KEY, spans=spans, attrs={"scores": [0.1, 0.02, 0.3, 0.4]})
    windows = list(cut_example(Example(doc.copy(), doc), unit="lines", min_tokens=0, max_tokens=9))
    cut = [window.reference.spans[SOFT_KEY] for window in windows]
    assert [[(span.start, span.end) for span in group] for group in cut] == [[(0, 2)], [(0, 1), (0, 2)]]
    np.testing.assert_allclose(np.concatenate([group.attrs["scores"] for group in cut]), [0.1, 0.3, 0.4], rtol=1e-6)
    renamed = map_labels(doc, {"X": "Z"})
    mapped = renamed.spans[SOFT_KEY]
    assert [span.label_ for span in mapped] == ["Z"] * 3
    np.testing.assert_allclose(mapped.attrs["scores"], [0.1, 0.02, 0.4], rtol=1e-6)


def test_bad_uncertain_gold(teacher):
    nlp = make_nlp()
    train(nlp, n_steps=1)
    tagger = nlp.get_pipe("tagger")
    reference = told_by(teacher, "Give 5 mg aspirin daily")
    reference.user_data["clinner_doc_id"] = "note-7"
    predicted = nlp(reference.text)
    outputs = tagger.model.predict([predicted])
    reference.spans[SOFT_KEY].attrs["scores"] = [0.5]
    with pytest.raises(ValueError, match="CE208.*note-7"):
        tagger.get_loss([Example(predicted, reference)], outputs)
    other = Doc(nlp.vocab, words=["Give", "5", "mg", "aspirin", "daily", "."])
    other.spans[SOFT_KEY] = []
    with pytest.raises(ValueError, match="CE209"):
        tagger.get_loss([Example(predicted, other)], outputs)
    strange = nlp.make_doc(reference.text)
    span = strange[0:1]
    span.label_ = "ALIEN"
    strange.spans[SOFT_KEY] = SpanGroup(strange, name=SOFT_KEY, spans=[span], attrs={"scores": [0.5]})
    with pytest.raises(ValueError, match="CE203.*ALIEN"):
        tagger.get_loss([Example(predicted, strange)], outputs)
