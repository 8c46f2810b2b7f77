"""Exported pipelines find in real notes what the trained ones find: entities, probabilities, emissions."""

import numpy as np
import pytest
import spacy
from spacy.training import Example

from spacy_clinner.assembly.export import export_pipeline
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.importing import DEFAULT_LAYOUT, blank_pipeline, import_corpus

pytestmark = [pytest.mark.slow, pytest.mark.realdata]

ENCODER = {
    "@architectures": "spacy_clinner.WindowedTok2Vec.v1",
    "embed": {
        "@architectures": "spacy_clinner.ConcatEmbed.v1",
        "parts": {
            "casing": {"@architectures": "spacy_clinner.CasingEmbed.v1"},
            "cnn": {"@architectures": "spacy_clinner.CharCNNEmbed.v1"},
            "lstm": {"@architectures": "spacy_clinner.CharLSTMEmbed.v1"},
            "words": {
                "@architectures": "spacy.MultiHashEmbed.v2",
                "width": 32,
                "attrs": ["NORM", "SHAPE"],
                "rows": [1000, 500],
                "include_static_vectors": False,
            },
        },
    },
    "encode": {"@architectures": "spacy_clinner.BiLSTMEncoder.v1", "width": 64},
    "min_tokens": 50,
}
MODEL = {"@architectures": "spacy_clinner.CRFTagger.v1", "tok2vec": ENCODER}
CORPORA = {"maccrobat2020": ("en", ["brat"], 200), "meddocan": ("es", ["train/brat", "dev/brat"], 750)}


def train(nlp, references):
    """A few steps, after which it finds many entities, right or wrong."""
    nlp.add_pipe("clinner_crf_tagger", name="ner", config={"model": MODEL, "threshold": 0.2})
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in references[:16]]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for step in range(40):
        nlp.update(examples[step * 4 % 16 :][:4], sgd=optimizer)


def found(doc):
    group = doc.spans["clinner_ents"]
    return [(span.start, span.end, span.label_) for span in group], group.attrs["scores"]


@pytest.mark.parametrize("corpus", CORPORA)
def test_the_same_in_all_notes_of_a_corpus(data_dir, tmp_path, corpus):
    lang, folders, n_notes = CORPORA[corpus]
    nlp = blank_pipeline(lang, "clinical")
    audit = ImportAudit()
    paths = [data_dir / corpus / folder for folder in folders]
    references = [doc for path in paths for doc in import_corpus(path, "brat", nlp, DEFAULT_LAYOUT, audit)]
    assert len(references) == n_notes
    train(nlp, references)
    texts = [doc.text for doc in references]
    expected = [found(doc) for doc in nlp.pipe(texts)]
    assert sum(len(spans) for spans, _ in expected) > 3 * n_notes
    some = [nlp.make_doc(text) for text in texts[::25]]
    emissions = nlp.get_pipe("ner").model.predict(some).dataXd
    export_pipeline(nlp).to_disk(tmp_path)
    other = spacy.load(tmp_path)
    assert np.abs(other.get_pipe("ner").model.predict(some).dataXd - emissions).max() < 1e-5
    for (spans, scores), doc in zip(expected, other.pipe(texts), strict=True):
        again, other_scores = found(doc)
        assert again == spans and np.allclose(scores, other_scores, atol=1e-4)
