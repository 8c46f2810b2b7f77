"""Two heads on one encoder, each taught by its own corpus and types, and a union of what they find."""

import spacy
from spacy.tokens import Doc

from spacy_clinner.annotations.keys import DOMAIN_KEY

from .transfer import ENCODER, HEAD, LISTENER, relabeled

# by corpus: what is annotated there; the other labels are left out
CORPORA = {"drugs": {"PROBLEM": None}, "problems": {"DRUG": None, "DOSAGE": None}}
UNION = {"heads": ["drugs", "problems"], "labels": {"drugs": {"DOSAGE": "DOSE"}}}


def make_heads(**union):
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_tok2vec", name="tok2vec", config={"model": ENCODER})
    for name in CORPORA:
        config = {"domains": [name], "spans_key": name, "set_ents": False, "score_prefix": name}
        nlp.add_pipe("clinner_crf_tagger", name=name, config={"model": {**HEAD, "tok2vec": LISTENER}, **config})
    nlp.add_pipe("clinner_entity_union", name="union", config={**UNION, "score_prefix": "all", **union})
    return nlp


def examples(nlp):
    """The toy sentences once for each corpus, with what is annotated there."""
    pairs = []
    for domain, names in CORPORA.items():
        for pair in relabeled(nlp, names):
            pair.x.user_data[DOMAIN_KEY] = pair.y.user_data[DOMAIN_KEY] = domain
            pairs.append(pair)
    return pairs


def train(nlp, steps=60):
    optimizer = nlp.initialize(lambda: examples(nlp))
    optimizer.learn_rate = 0.02
    for _ in range(steps):
        nlp.update(examples(nlp), sgd=optimizer)
    return nlp


def gold(nlp) -> list[Doc]:
    """The toy sentences with all types, by their names in the union."""
    return [pair.y for pair in relabeled(nlp, {"DOSAGE": "DOSE"})]
