"""What moves between the CPU and a GPU does so through `ops`: the components compute the same on arrays like CuPy's."""

import numpy as np
import pytest
import spacy
from spacy.vectors import Vectors
from thinc.api import fix_random_seed

from .pipeline.alignment import test_mmd_alignment
from .pipeline.relations import test_groups as test_relation_groups
from .toys import relations as relation_toy
from .toys import tagger as toy
from .toys import transfer as toy_transfer
from .toys.fake_gpu import DeviceArray, fake_gpu, to_host

WORDS = {
    "@architectures": "spacy_clinner.ConcatEmbed.v1",
    "parts": {
        "casing": {"@architectures": "spacy_clinner.CasingEmbed.v1", "width": 4},
        "cnn": {"@architectures": "spacy_clinner.CharCNNEmbed.v1", "nF": 8, "width": 8},
        "lstm": {"@architectures": "spacy_clinner.CharLSTMEmbed.v1", "nO": 8, "width": 8},
        "vectors": {"@architectures": "spacy_clinner.VectorsEmbed.v1", "width": 8},
    },
}
NEURONER = {"@architectures": "spacy_clinner.NeuroNEREmbed.v1", "char_width": 4, "char_nO": 8}
ENCODE = {"@architectures": "spacy_clinner.BiLSTMEncoder.v1", "width": 16, "dropout": 0.2}
COUPLED = {"@architectures": "spacy_clinner.CoupledBiLSTMEncoder.v1", "width": 16, "hidden": 8}


def tagger(embed=WORDS, encode=ENCODE, **settings):
    windows = {"@architectures": "spacy_clinner.WindowedTok2Vec.v1", "skip_space": True}
    nlp = toy_transfer.own_encoder(encoder={**windows, "embed": embed, "encode": encode}, **settings)
    data = nlp.get_pipe("ner").model.ops.asarray2f(np.random.default_rng(0).normal(size=(3, 10)))
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=data, keys=["fever", "cough", "aspirin"], name="toy")
    return nlp


def tied_heads():
    return toy_transfer.shared_encoder("source", "target")


PIPELINES = {
    "tagger": (tagger, toy.examples),
    "threshold": (lambda: tagger(threshold=0.4), toy.examples),
    "neuroner": (lambda: tagger(NEURONER, COUPLED), toy.examples),
    "shared encoder, tied heads": (tied_heads, toy_transfer.stamped),
    "alignment": (lambda: test_mmd_alignment.make_nlp(memory=4), test_mmd_alignment.examples),
    "relations": (relation_toy.make_nlp, relation_toy.examples),
    "relations of concepts": (lambda: relation_toy.make_nlp(level="concepts"), test_relation_groups.examples),
    "relations on a shared encoder": (lambda: relation_toy.make_nlp(shared=True), relation_toy.examples),
}


def run(make, examples):
    """Train a little; all weights, losses and annotations."""
    fix_random_seed(0)
    nlp = make()
    optimizer = nlp.initialize(lambda: examples(nlp))
    optimizer.learn_rate = 0.02
    losses = {}
    for _ in range(3):
        nlp.update(examples(nlp), sgd=optimizer, losses=losses, drop=0.1)
    docs = [example.x for example in examples(nlp)]
    for _, pipe in nlp.pipeline:
        docs = list(pipe.pipe(docs))
    return nlp, losses, [(doc.to_json(), rounded(doc.user_data)) for doc in docs]


def rounded(value):
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", PIPELINES)
def test_pipelines_compute_the_same(name):
    nlp, losses, docs = run(*PIPELINES[name])
    with fake_gpu() as ops:
        on_device, device_losses, device_docs = run(*PIPELINES[name])
        weights = [weight for _, pipe in on_device.pipeline for weight in toy_transfer.weights(pipe.model)]
        assert weights and all(isinstance(weight, DeviceArray) for weight in weights)
        assert ops.moved
    # weights differ by rounding after the first step
    # a discrepancy is what is left of means near 1, so its error is theirs
    assert device_losses == pytest.approx(losses, rel=1e-5, abs=1e-7) and all(
        isinstance(loss, float) for loss in device_losses.values()
    )
    assert device_docs == docs
    expected = [weight for _, pipe in nlp.pipeline for weight in toy_transfer.weights(pipe.model)]
    for one, other in zip(weights, expected, strict=True):
        # Adam turns the rounding of a gradient near zero into a step
        np.testing.assert_allclose(to_host(one), other, atol=1e-3)


def test_layers_are_transferred_on_the_device(tmp_path):
    source = toy_transfer.initialized(toy_transfer.own_encoder())
    source.to_disk(tmp_path / "source")
    with fake_gpu():
        nlp = toy_transfer.initialized(toy_transfer.shared_encoder())
        transfer = spacy.registry.callbacks.get("spacy_clinner.transfer_layers.v1")
        transfer(source=tmp_path / "source", up_to="crf", pull=0.1)(nlp)
        model = nlp.get_pipe("tok2vec").model
        expected = toy_transfer.weights(source.get_pipe("ner").model.get_ref("tok2vec"))
        for one, other in zip(toy_transfer.weights(model), expected, strict=True):
            assert isinstance(one, DeviceArray) and np.array_equal(to_host(one), other)
        nlp.get_pipe("ner").add_label("NEW")
        optimizer = nlp.resume_training()
        for _ in range(2):
            nlp.update(toy.examples(nlp), sgd=optimizer)
        learned = toy_transfer.weights(model)
        assert not any(np.array_equal(to_host(one), other) for one, other in zip(learned, expected, strict=True))


def test_the_stand_in_refuses_what_cupy_refuses():
    with fake_gpu() as ops:
        array = ops().alloc1f(3)
        for wrong in (
            lambda: np.asarray(array),
            lambda: array + np.ones(3),
            lambda: np.concatenate([array, np.ones(3)]),
            lambda: ops.xp.concatenate([array, np.ones(3)]),
            lambda: array.__setitem__(0, np.ones(1)),
            lambda: ops().gemm(np.ones((1, 1)), np.ones((1, 1))),
        ):
            with pytest.raises(TypeError):
                wrong()
        assert isinstance(array.sum(), DeviceArray) and isinstance(array[np.array([0, 1])], DeviceArray)
