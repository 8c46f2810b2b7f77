"""Heads of corpora that a batch has nothing of: they are not run, and the encoder they share learns as without them."""

import numpy as np
import pytest
import spacy
from thinc.api import Adam, fix_random_seed

from spacy_clinner.annotations.keys import DOMAIN_KEY

from ...toys.tagger import SMALL_TOK2VEC, examples

LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32}
HEAD = {"@architectures": "spacy_clinner.CRFTagger.v1", "tok2vec": LISTENER}


def of_domain(nlp, domain):
    found = examples(nlp)
    for example in found:
        for doc in (example.x, example.y):
            doc.user_data[DOMAIN_KEY] = domain
    return found


def make_nlp(heads):
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_tok2vec", name="tok2vec", config={"model": SMALL_TOK2VEC})
    for head in heads:
        nlp.add_pipe("clinner_crf_tagger", name=head, config={"model": HEAD, "domains": [head], "spans_key": head})
    nlp.initialize(lambda: [example for head in heads for example in of_domain(nlp, head)])
    return nlp


def weights(nlp, name):
    nodes = nlp.get_pipe(name).model.walk()
    return [node.get_param(param).copy() for node in nodes for param in node.param_names if node.has_param(param)]


def step(nlp, domain, optimizer):
    """As spaCy's training loop: `nlp.update` with an optimizer would update the encoder before it has its gradient."""
    losses = nlp.update(of_domain(nlp, domain), sgd=False, losses={})
    for _, pipe in nlp.pipeline:
        pipe.finish_update(optimizer)
    return losses


@pytest.mark.parametrize("heads", [("a", "b"), ("b", "a")])
def test_the_encoder_learns_as_if_an_absent_head_were_not_there(heads):
    both, alone = make_nlp(heads), make_nlp(["a"])
    for name in ("tok2vec", "a"):
        alone.get_pipe(name).model.from_bytes(both.get_pipe(name).model.to_bytes())
    before, absent = weights(both, "tok2vec"), weights(both, "b")
    losses = step(both, "a", Adam(0.01))
    step(alone, "a", Adam(0.01))
    assert losses["b"] == 0.0 < losses["a"] and losses["tok2vec"] > 0
    for one, other in zip(weights(both, "tok2vec"), weights(alone, "tok2vec"), strict=True):
        assert np.allclose(one, other, atol=1e-6)
    assert any((one != old).any() for one, old in zip(weights(both, "tok2vec"), before, strict=True))
    assert all((one == old).all() for one, old in zip(weights(both, "b"), absent, strict=True))


def test_momentum_does_not_move_a_head_while_it_is_absent():
    nlp, optimizer = make_nlp(["a", "b"]), Adam(0.01, L2=0.01, L2_is_weight_decay=True)
    step(nlp, "b", optimizer)
    moved = weights(nlp, "b")
    step(nlp, "a", optimizer)
    assert all((one == old).all() for one, old in zip(weights(nlp, "b"), moved, strict=True))
    step(nlp, "b", optimizer)
    assert any((one != old).any() for one, old in zip(weights(nlp, "b"), moved, strict=True))
