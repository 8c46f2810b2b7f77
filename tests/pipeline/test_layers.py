"""Layers between a shared encoder and its heads: each type's own, on the rows of the encoder."""

import gc
import weakref

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

from spacy_clinner.models.layers_listener import keep_rows, rows_of

from ..toys.tagger import SMALL_TOK2VEC, TEXTS, entities, examples, references

ENCODER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "tok2vec"}
LAYERS = {
    "@architectures": "spacy_clinner.WindowedTok2Vec.v1",
    "embed": ENCODER,
    "encode": {"@architectures": "spacy_clinner.BiLSTMEncoder.v1", "width": 24},
}
LABELS = {"a": ["PROBLEM"], "b": ["DRUG", "DOSAGE"]}


def listener(upstream, architecture="spacy_clinner.LayersListener.v1"):
    return {"@architectures": architecture, "width": 24, "upstream": upstream}


def make_nlp():
    """An encoder; for each of two types layers and a head, which learns its labels alone."""
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_tok2vec", name="tok2vec", config={"model": SMALL_TOK2VEC})
    for name, labels in LABELS.items():
        nlp.add_pipe("clinner_tok2vec", name=f"layers_{name}", config={"model": LAYERS})
        model = {"@architectures": "spacy_clinner.CRFTagger.v1", "tok2vec": listener(f"layers_{name}")}
        settings = {"gold_labels": labels, "spans_key": name, "set_ents": False, "score_prefix": name}
        nlp.add_pipe("clinner_crf_tagger", name=name, config={"model": model, **settings})
    return nlp


@pytest.fixture(scope="module")
def trained():
    nlp = make_nlp()
    optimizer = nlp.initialize(lambda: examples(nlp))
    optimizer.learn_rate = 0.02
    for _ in range(50):
        nlp.update(examples(nlp), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
    return nlp


def found(doc):
    return sorted((span.start, span.end, span.label_) for name in LABELS for span in doc.spans[name])


def test_each_head_hears_its_layers_and_these_hear_the_encoder(trained):
    for reference in references(trained):
        assert found(trained(reference.text)) == entities(reference)
    doc = trained(TEXTS[0][0])
    assert doc.tensor.shape == (len(doc), 32)
    assert rows_of(doc, "layers_a").shape == rows_of(doc, "layers_b").shape == (len(doc), 24)
    assert not np.allclose(rows_of(doc, "layers_a"), rows_of(doc, "layers_b"))
    assert trained.get_pipe("tok2vec").listening_components == ["layers_a", "layers_b"]
    assert trained.get_pipe("layers_a").listening_components == ["a"]


def test_gradients_reach_the_encoder_through_the_layers(trained):
    nlp = trained
    nlp.update(examples(nlp), sgd=False)
    for name in ("tok2vec", "layers_a", "layers_b"):
        own = (node for node in nlp.get_pipe(name).model.walk())
        grads = [node.get_grad(param) for node in own for param in node.param_names if node.has_grad(param)]
        assert grads and any(np.abs(grad).max() > 0 for grad in grads)


def test_saved_and_in_other_processes(trained, tmp_path):
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    texts = [text for text, _ in TEXTS] * 3
    expected = [found(doc) for doc in trained.pipe(texts)]
    assert [found(doc) for doc in loaded.pipe(texts, batch_size=2)] == expected
    assert [found(doc) for doc in loaded.pipe(texts, n_process=2, batch_size=3)] == expected


def test_rows_are_kept_no_longer_than_their_documents(trained):
    doc = trained(TEXTS[0][0])
    rows = weakref.ref(rows_of(doc, "layers_a"))
    assert rows() is not None
    del doc
    gc.collect()
    assert rows() is None


def test_a_head_without_its_layers_warns(trained):
    doc = trained.make_doc(TEXTS[0][0])
    with pytest.warns(UserWarning, match="CW200"):
        trained.get_pipe("a").predict([doc])


def test_the_wrong_listener_is_refused():
    nlp = make_nlp()
    model = {
        "@architectures": "spacy_clinner.CRFTagger.v1",
        "tok2vec": listener("layers_a", "spacy.Tok2VecListener.v1"),
    }
    config = {"model": model, "spans_key": "c", "set_ents": False}
    with pytest.raises(ValueError, match="CE398.*'c' listens to 'layers_a'"):
        nlp.add_pipe("clinner_crf_tagger", name="c", config=config)


def test_layers_with_a_copy_of_the_encoder(trained, tmp_path):
    """They are heard as before, and the other layers hear the encoder."""
    nlp = spacy.load(saved(trained, tmp_path / "before"))
    texts = [text for text, _ in TEXTS]
    expected = [found(doc) for doc in nlp.pipe(texts)]
    nlp.replace_listeners("tok2vec", "layers_a", ["model.embed"])
    assert [found(doc) for doc in nlp.pipe(texts)] == expected
    nlp.update(examples(nlp), sgd=nlp.resume_training())
    after = [found(doc) for doc in nlp.pipe(texts)]
    assert [found(doc) for doc in spacy.load(saved(nlp, tmp_path / "after")).pipe(texts)] == after


def test_a_head_with_a_copy_of_its_layers(trained, tmp_path):
    nlp = spacy.load(saved(trained, tmp_path / "before"))
    texts = [text for text, _ in TEXTS]
    expected, config = [found(doc) for doc in nlp.pipe(texts)], nlp.config.to_str()
    with pytest.raises(ValueError, match="CE399"):
        nlp.replace_listeners("layers_a", "a", ["model.tok2vec"])
    assert nlp.config.to_str() == config and [found(doc) for doc in nlp.pipe(texts)] == expected
    nlp.replace_listeners("tok2vec", "layers_a", ["model.embed"])
    nlp.replace_listeners("layers_a", "a", ["model.tok2vec"])
    assert [found(doc) for doc in nlp.pipe(texts)] == expected
    loaded = spacy.load(saved(nlp, tmp_path / "after"))
    assert [found(doc) for doc in loaded.pipe(texts)] == expected


def saved(nlp, folder):
    nlp.to_disk(folder)
    return folder


def test_documents_can_be_known_weakly():
    """What the rows hang on."""
    doc = Doc(spacy.blank("en").vocab, words=["a"])
    keep_rows(doc, "x", np.zeros((1, 2), dtype="f"))
    assert rows_of(doc, "x").shape == (1, 2) and rows_of(doc, "y") is None
    assert rows_of(Doc(doc.vocab, words=["a"]), "x") is None
