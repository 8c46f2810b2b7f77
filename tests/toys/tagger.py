"""A few invented sentences with entities, and a small tagger for them."""

import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_clinner.annotations.keys import DOC_ID_KEY, DOMAIN_KEY

TEXTS = [
    ("The patient has severe fever .\nNo cough today", [(3, 5, "PROBLEM"), (8, 9, "PROBLEM")]),
    ("Give 5 mg aspirin daily", [(1, 3, "DOSAGE"), (3, 4, "DRUG")]),
    ("", []),
    ("Nothing to report .", []),
    ("Aspirin helped against the pain", [(0, 1, "DRUG"), (4, 5, "PROBLEM")]),
]
SMALL_TOK2VEC = {
    "@architectures": "spacy_clinner.WindowedTok2Vec.v1",
    "embed": {"@architectures": "spacy_clinner.CharCNNEmbed.v1", "nF": 16, "width": 8},
    "encode": {"@architectures": "spacy_clinner.BiLSTMEncoder.v1", "width": 32},
}
SMALL_MODEL = {"@architectures": "spacy_clinner.CRFTagger.v1", "tok2vec": SMALL_TOK2VEC}


def references(nlp) -> list[Doc]:
    docs = []
    for text, entities in TEXTS:
        doc = nlp.make_doc(text)
        doc.set_ents([Span(doc, start, end, label=label) for start, end, label in entities])
        docs.append(doc)
    return docs


def examples(nlp) -> list[Example]:
    return [Example(nlp.make_doc(doc.text), doc) for doc in references(nlp)]


def make_nlp(**settings):
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_crf_tagger", name="tagger", config={"model": SMALL_MODEL, **settings})
    return nlp


def train(nlp, n_steps=60, make=examples):
    optimizer = nlp.initialize(lambda: make(nlp))
    optimizer.learn_rate = 0.02
    losses = {}
    for _ in range(n_steps):
        losses = {}
        nlp.update(make(nlp), sgd=optimizer, losses=losses)
    return losses


def half_trained(n_steps):
    """A tagger that is sure of some entities and not of others; the same one whichever test comes first."""
    fix_random_seed(0)
    nlp = make_nlp()
    train(nlp, n_steps=n_steps)
    return nlp


def entities(doc):
    return [(span.start, span.end, span.label_) for span in doc.ents]


def write_data(path, nlp) -> None:
    """Write the sentences to a file, with all entities but one: who has learned them errs there."""
    docs = references(nlp)
    docs[-1].set_ents(docs[-1].ents[:-1])
    for number, doc in enumerate(docs):
        doc.user_data |= {DOC_ID_KEY: f"note-{number}", DOMAIN_KEY: "ab"[number % 2]}
    DocBin(docs=docs, store_user_data=True).to_disk(path)
