"""One head, two corpora, each annotated for one of its labels."""

import pytest
from spacy.training import Example

from spacy_clinner.annotations.keys import LABELS_KEY
from spacy_clinner.calibration.calibrate import evidence_of
from spacy_clinner.scoring.documents import pair_documents
from spacy_clinner.scoring.predictions import predict

from ...toys.tagger import entities, make_nlp, references, train


def one_label_each(nlp, stamped=True):
    """Every sentence twice: once with its problems alone, once with all else alone."""
    found = []
    for problems in (True, False):
        for doc in references(nlp):
            labels = ["PROBLEM"] if problems else ["DOSAGE", "DRUG"]
            doc.set_ents([ent for ent in doc.ents if ent.label_ in labels])
            if stamped:
                doc.user_data[LABELS_KEY] = labels
            found.append(Example(nlp.make_doc(doc.text), doc))
    return found


def test_each_corpus_teaches_its_labels_and_none_unteaches_the_others():
    nlp = make_nlp()
    train(nlp, make=one_label_each)
    for doc in references(nlp):
        assert entities(nlp(doc.text)) == entities(doc)
    unstamped = make_nlp()
    train(unstamped, make=lambda nlp: one_label_each(nlp, stamped=False))
    doc, reference = unstamped("Aspirin helped against the pain"), references(unstamped)[-1]
    probability = [
        unstamped.get_pipe("tagger").span_probability(doc, ent.start, ent.end, ent.label_) for ent in reference.ents
    ]
    # one corpus says yes, the other no
    assert probability == pytest.approx([0.5, 0.5], abs=0.2)


def test_loss_sums_over_all_that_a_corpus_allows():
    nlp = make_nlp()
    train(nlp, n_steps=3)
    tagger = nlp.get_pipe("tagger")
    reference = references(nlp)[1]
    told = tagger.evidence([Example(nlp("Give 5 mg aspirin daily"), reference)]).log_losses([1.0])
    reference.set_ents([ent for ent in reference.ents if ent.label_ == "DRUG"])
    reference.user_data[LABELS_KEY] = ["DRUG"]
    partly = tagger.evidence([Example(nlp("Give 5 mg aspirin daily"), reference)]).log_losses([1.0])
    reference.user_data[LABELS_KEY] = ["PROBLEM"]
    reference.set_ents([])
    nothing = tagger.evidence([Example(nlp("Give 5 mg aspirin daily"), reference)]).log_losses([1.0])
    assert 0 < partly[0, 0] < told[0, 0] and 0 < nothing[0, 0]


def test_evidence_and_scores_leave_out_labels_that_were_not_annotated():
    nlp = make_nlp()
    train(nlp)
    docs = [example.reference for example in one_label_each(nlp)]
    evidence = evidence_of(nlp, "tagger", docs)
    right, predicted, gold = evidence.counts(1.0, [0.4])[:, 0].T
    assert right.tolist() == predicted.tolist() == gold.tolist() and gold.sum() == 6
    assert len(evidence.found(1.0, 0.4)) == 6
    scored = pair_documents(docs, predict(nlp, docs, show_progress=False))
    assert all(document.gold == document.predicted for document in scored)


def test_evidence_leaves_out_what_the_scorer_does(nlp_of_all):
    """What lies in tokens that nobody looked at; and entities of labels that were not annotated are not right."""
    nlp = nlp_of_all
    partly, other = references(nlp)[0], references(nlp)[1]
    partly.set_ents([partly.ents[0]], missing=[partly[7:10]], default="outside")
    other.user_data[LABELS_KEY] = ["DOSAGE"]
    docs = [partly, other]
    right, predicted, gold = evidence_of(nlp, "tagger", docs).counts(1.0, [0.4])[:, 0].T
    assert right.tolist() == predicted.tolist() == [1, 1] and gold.tolist() == [1, 2]
    assert len(evidence_of(nlp, "tagger", docs).found(1.0, 0.4)) == 2
    scored = pair_documents(docs[:1], predict(nlp, docs[:1], show_progress=False))
    assert [len(document.predicted) for document in scored] == [1]


@pytest.fixture(scope="module")
def nlp_of_all():
    nlp = make_nlp()
    train(nlp)
    return nlp
