import numpy as np
import spacy
from spacy.util import registry

from spacy_clinner.annotations.keys import DOMAIN_KEY

from ..toys.tagger import SMALL_TOK2VEC

NLP = spacy.blank("en")


def test_documents_of_other_domains_are_read_only_where_nothing_is_learned():
    config = {"model": {"@architectures": "spacy_clinner.OfDomains.v1", "domains": ["own"], "tok2vec": SMALL_TOK2VEC}}
    plain = {"model": SMALL_TOK2VEC}
    model, alone = (registry.resolve(one)["model"] for one in (config, plain))
    docs = [NLP.make_doc(text) for text in ("some words of one", "others of another", "no domain")]
    for doc, domain in zip(docs, ("own", "other", None), strict=True):
        doc.user_data[DOMAIN_KEY] = domain
    for one in (model, alone):
        one.initialize(X=docs)
    alone.from_bytes(model.to_bytes())
    rows, backprop = model.begin_update(docs)
    expected, backprop_alone = alone.begin_update(docs[:1])
    assert np.allclose(rows[0], expected[0], atol=1e-6) and rows[0].any()
    assert [of_doc.shape for of_doc in rows] == [(len(doc), 32) for doc in docs]
    assert not rows[1].any() and not rows[2].any()
    backprop([np.ones_like(of_doc) for of_doc in rows])
    backprop_alone([np.ones_like(of_doc) for of_doc in expected])
    for node, other in zip(model.walk(), alone.walk(), strict=True):
        for name in node.param_names:
            assert node.has_grad(name) == other.has_grad(name)
            if node.has_grad(name):
                assert np.allclose(node.get_grad(name), other.get_grad(name), atol=1e-4), (node.name, name)
    assert all(of_doc.any() for of_doc in model.predict(docs))
