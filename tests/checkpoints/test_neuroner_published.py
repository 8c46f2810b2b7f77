"""The published models: the numbers of the original program, and what they find in notes that were invented here."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.vectors import Vectors

from spacy_clinner.checkpoints.neuroner import read_checkpoint
from spacy_clinner.checkpoints.neuroner_pipeline import add_tagger, make_pipeline

pytestmark = pytest.mark.realdata

PROBE = "Mr. John Smith was seen on 3/14/2018 .".split()
# computed by the original TensorFlow graph, all token vectors zero
GOLDEN = {
    "mimic": (-171.2990, [10.5945, 0.5158, 1.779, 10.8156, 9.1481, 11.0161, 3.8483, 13.0628]),
    "i2b2_2014": (-6.3725, [18.295, 7.1967, 10.4541, 17.8566, 13.386, 15.4102, 1.6044, 16.0684]),
}
# invented; PHI in brackets
NOTES = """\
Mr. [John Smith] was seen on [3/14/2018] by Dr. [Alice Brown].
[Maria Gonzalez] was transferred from [Springfield General Hospital] on [June 5th].
Please call [555-123-4567] with any questions.
She was admitted to [Mount Auburn Hospital] under Dr. [Patel] on [11/02/2015].
DISCHARGE DATE : [2016-07-21]
The family moved here from [Ohio] in [May 2011].
Follow-up with Dr. [Robert Johnson], pager [34521].
Lives at [12 Elm Street], [Columbus], [Ohio] [43210].
His daughter [Emily] can be reached at [617-555-0182].
Seen at [Riverside Medical Center] last [Tuesday].
Dictated by : [Karen White], MD on [09/30/2014].
Mrs. [Thompson] is a widow.
Continue metoprolol 25 mg twice daily for hypertension.
Potassium 4.1, creatinine 1.2, hemoglobin 13.5.
Echocardiogram showed normal left ventricular function."""


@pytest.fixture(scope="module")
def pipelines(data_dir):
    """Both models, the vectors read once."""
    vectors = data_dir / "glove" / "glove.6B.100d.clinical.txt.gz"
    checkpoints = [read_checkpoint(data_dir / "neuroner" / f"{name}_glove_spacy_bioes") for name in GOLDEN]
    first = make_pipeline(checkpoints[0], vectors)
    second = spacy.blank("en", vocab=first.vocab)
    add_tagger(second, checkpoints[1])
    return dict(zip(GOLDEN, (first, second), strict=True))


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_numbers(pipelines, name):
    nlp = pipelines[name]
    table, model = nlp.vocab.vectors, nlp.get_pipe("ner").model
    unknown = model.get_ref("tok2vec").get_ref("embed").get_ref("tokens")
    kept = unknown.get_param("unknown_vector").copy()
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=np.zeros((1, 100), "f"), keys=["the"])
    unknown.set_param("unknown_vector", np.zeros(100, "f"))
    try:
        scores = model.predict([Doc(nlp.vocab, PROBE)]).data
    finally:
        nlp.vocab.vectors = table
        unknown.set_param("unknown_vector", kept)
    total, outside = GOLDEN[name]
    assert scores.astype("float64").sum() == pytest.approx(total, abs=1e-4)
    assert np.allclose(scores[:, 0], outside, atol=1e-4)


@pytest.mark.parametrize("name,recall", [("mimic", 0.9), ("i2b2_2014", 0.95)])
def test_finds_what_identifies_a_person_in_invented_notes(pipelines, name, recall):
    nlp = pipelines[name]
    found = wanted = wrong = 0
    for line in NOTES.splitlines():
        parts = line.replace("]", "[").split("[")
        # every second part was in brackets
        phi = [number % 2 == 1 for number, part in enumerate(parts) for _ in part]
        doc = nlp("".join(parts))
        for token in doc:
            is_phi, is_found = phi[token.idx], bool(token.ent_type_)
            wanted += is_phi
            found += is_phi and is_found
            wrong += is_found and not is_phi
    assert wanted == 53 and found >= recall * wanted and not wrong, (found, wanted, wrong)
