"""Small pipelines with a relation extractor, and notes about drugs and doses that one can learn by heart."""

from functools import partial

import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_clinner.annotations.keys import DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.annotations.relations import relation_of, write_relations
from spacy_clinner.training.gold_ents_corpus import give_gold_entities

SMALL_TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": 32,
    "depth": 2,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
    "pretrained_vectors": None,
}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "*"}

# words, entities as (first, last word, label), relations as (head, child, label) by the entities' numbers
NOTES = [
    (
        "take aspirin 5 mg , then codeine 3 mg".split(),
        [(1, 2, "DRUG"), (2, 4, "DOSE"), (6, 7, "DRUG"), (7, 9, "DOSE")],
        [(0, 1, "HAS"), (2, 3, "HAS"), (0, 2, "BEFORE")],
    ),
    (
        "3 mg codeine only".split(),
        [(0, 2, "DOSE"), (2, 3, "DRUG")],
        [(1, 0, "HAS"), (1, 0, "ALONE")],
    ),
    ("no drug or dose".split(), [(1, 2, "DRUG"), (3, 4, "DOSE")], []),
]  # fmt: skip


def reference(vocab, words, entities, relations, doc_id="n"):
    doc = Doc(vocab, words=words)
    doc.set_ents([Span(doc, *entity) for entity in entities])
    found = [relation_of(doc.ents[head], doc.ents[child], label) for head, child, label in relations]
    write_relations(doc, found)
    doc.user_data[DOC_ID_KEY] = doc_id
    return doc


def examples(nlp, notes=NOTES, with_entities=True):
    pairs = []
    for number, note in enumerate(notes):
        gold = reference(nlp.vocab, *note, doc_id=f"n{number}")
        predicted = Doc(nlp.vocab, words=[token.text for token in gold])
        if with_entities:
            give_gold_entities(predicted, gold)
        pairs.append(Example(predicted, gold))
    return pairs


def make_nlp(shared=False, **settings):
    nlp = spacy.blank("en")
    if shared:
        nlp.add_pipe("tok2vec", config={"model": SMALL_TOK2VEC})
    model = {
        "@architectures": "spacy_clinner.RelationClassifier.v1",
        "hidden_width": 16,
        "tok2vec": LISTENER if shared else SMALL_TOK2VEC,
    }
    nlp.add_pipe("clinner_relation_extractor", name="relations", config={"model": model, "unit": "lines", **settings})
    return nlp


def train(nlp, steps=60, **kwargs):
    optimizer = nlp.initialize(partial(examples, nlp))
    optimizer.learn_rate = 0.01
    for _ in range(steps):
        losses = nlp.update(examples(nlp), sgd=optimizer, **kwargs)
    return losses


def relations(doc):
    """Head, child and label of each; a DocBin gives lists back as tuples."""
    return [(*relation["head"], *relation["child"], relation["label"]) for relation in doc.user_data[RELATIONS_KEY]]
