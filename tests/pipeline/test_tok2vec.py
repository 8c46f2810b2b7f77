"""The shared encoder is spaCy's in all but its updates (those are tested with the transfer of layers)."""

import numpy as np
import spacy
from thinc.api import SGD

from ..toys.tagger import TEXTS, entities, examples, train
from ..toys.transfer import shared_encoder, weights
from .tagger.test_crf_tagger import same_annotation

TEXT = TEXTS[0][0]


def test_equals_spacys_component_step_by_step():
    made = []
    for factory in ("tok2vec", "clinner_tok2vec"):
        nlp = shared_encoder(factory=factory)
        optimizer = nlp.initialize(lambda nlp=nlp: examples(nlp))
        if made:
            for name in nlp.pipe_names:
                nlp.get_pipe(name).model.from_bytes(made[0][1][name])
        else:
            made.append((nlp, {name: nlp.get_pipe(name).model.to_bytes() for name in nlp.pipe_names}))
        for _ in range(3):
            nlp.update(examples(nlp), sgd=optimizer)
        made.append(nlp)
    for name in ("tok2vec", "ner"):
        for left, right in zip(*(weights(nlp.get_pipe(name).model) for nlp in made[1:]), strict=True):
            assert np.allclose(left, right, atol=1e-6)


def test_saved_replaced_and_sourced(tmp_path):
    nlp = shared_encoder()
    train(nlp, 30)
    before = nlp(TEXT)
    assert entities(before)
    nlp.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    same_annotation(before, loaded(TEXT))
    assert loaded.get_pipe("tok2vec").listening_components == ["ner"]
    loaded.replace_listeners("tok2vec", "ner", ["model.tok2vec"])
    loaded.remove_pipe("tok2vec")
    same_annotation(before, loaded(TEXT))
    sourced = spacy.blank("en", vocab=nlp.vocab)
    for name in nlp.pipe_names:
        sourced.add_pipe(name, source=nlp)
    sourced.resume_training(sgd=SGD(0.01))
    sourced.update(examples(sourced), losses={})
    assert sourced.get_pipe("tok2vec").listening_components == ["ner"]
