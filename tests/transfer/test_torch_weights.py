"""Weights that torch keeps, a transformer's above all, come along whole."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import fix_random_seed, load_config, load_config_from_str
from thinc.api import SGD

from spacy_clinner.transfer.blocks import find_block
from spacy_clinner.transfer.torch_weights import TorchNode, weight_nodes
from spacy_clinner.transfer.transfer_layers import create_transfer_layers

from ..paths import CONFIGS
from ..toys.near import Near
from ..toys.tagger import TEXTS, entities, examples
from ..toys.tagger import train as train_steps
from ..toys.transfer import initialized, own_encoder, relabeled, shared_encoder, snippets, write_docs
from ..toys.transformer import BILSTM, CHARS, LISTENER, add_transformer, save_tiny_transformer

ENCODERS = {"direct": LISTENER, "bilstm": BILSTM}
ADDRESSES = [("bilstm", "ner:tok2vec.embed"), ("direct", "ner:tok2vec"), ("direct", "transformer")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two transformers that differ in their weights, and pipelines trained over the first."""
    folder = tmp_path_factory.mktemp("torch")
    for seed in (0, 1):
        save_tiny_transformer(folder / f"tiny{seed}", seed=seed)
    for name, encoder in ENCODERS.items():
        nlp = add_transformer(spacy.blank("en"), str(folder / "tiny0"), encoder=encoder)
        train_steps(nlp, 40)
        nlp.to_disk(folder / name)
    return folder


def target(folder, encoder="bilstm", transformer="tiny1", make=examples):
    nlp = add_transformer(spacy.blank("en"), str(folder / transformer), encoder=ENCODERS[encoder])
    return initialized(nlp, make)


def transfer(nlp, source, **settings):
    create_transfer_layers(source=source, **settings)(nlp)
    return nlp.meta["clinner_transfer"]


def tensors(nlp):
    (node,) = (node for node in weight_nodes(nlp.get_pipe("transformer").model) if isinstance(node, TorchNode))
    return {name: node.get_param(name).copy() for name in node.param_names}


def equal(left, right):
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def predicted(nlp):
    docs = [nlp(text) for text, _ in TEXTS]
    return [(entities(doc), [Near(p) for p in doc.spans["clinner_ents"].attrs["scores"]]) for doc in docs]


@pytest.mark.parametrize("encoder, address", ADDRESSES)
def test_a_listener_stands_for_its_transformer(folder, encoder, address):
    nlp = target(folder, encoder)
    block = find_block(nlp, address, "test")
    assert block.pipe is nlp.get_pipe("transformer") and block.is_in_torch
    report = transfer(nlp, folder / encoder, blocks={"encoder": {"target": address}})
    size = sum(array.size for array in tensors(nlp).values())
    (row,) = report["blocks"]
    assert row["parameters"] == row["of"] == size > 1000
    assert equal(tensors(nlp), tensors(spacy.load(folder / encoder)))


@pytest.mark.parametrize("encoder", ENCODERS)
def test_all_layers_make_the_source_and_learn_on(folder, encoder, tmp_path):
    source, nlp = spacy.load(folder / encoder), target(folder, encoder)
    assert not equal(tensors(nlp), tensors(source)) and predicted(nlp) != predicted(source)
    report = transfer(nlp, folder / encoder, up_to="crf")
    assert predicted(nlp) == predicted(source)
    assert not [row for row in report["not_loaded"] if row["parameters"]]
    before = tensors(nlp)
    optimizer = nlp.resume_training()
    for _ in range(3):
        step(nlp, optimizer)
    assert not equal(tensors(nlp), before) and equal(tensors(source), before)
    nlp.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    assert predicted(loaded) == predicted(nlp) and loaded.meta["clinner_transfer"] == report


def test_other_labels_and_the_transformer_alone(folder):
    nlp = target(folder, make=lambda nlp: relabeled(nlp, {"DRUG": "MEDICATION"}))
    report = transfer(nlp, folder / "bilstm", up_to="crf")
    assert equal(tensors(nlp), tensors(spacy.load(folder / "bilstm")))
    assert {tuple(row["labels"]) for row in report["not_loaded"] if row["labels"]} == {("MEDICATION",)}
    report = transfer(target(folder), folder / "bilstm", up_to="token_embeddings")
    assert {row["what"] for row in report["not_loaded"]} >= {"ner, layer bilstm", "ner, layer tag_scores"}


def test_what_was_not_loaded_is_told(folder):
    report = transfer(target(folder), folder / "bilstm", blocks={"crf": {"target": "ner:crf"}})
    (row,) = (row for row in report["not_loaded"] if row["what"].startswith("transformer"))
    assert row["parameters"] > 1000 and row["why"] == "no block names it"


SMALL_STEPS = SGD(0.1, use_averages=False, L2=0.0, grad_clip=0.0)


def step(nlp, optimizer, make=examples):
    """One step of all components: the shared encoder's gradient is whole when the last head has answered."""
    nlp.update(make(nlp), sgd=False)
    for _, pipe in nlp.pipeline:
        pipe.finish_update(optimizer)


def without_gold(nlp):
    return [Example(pair.x, Doc(nlp.vocab, words=[token.text for token in pair.y])) for pair in examples(nlp)]


def learning(folder, encoder, address, **settings):
    """A pipeline whose transformer was loaded by a block, after one step of plain gradient descent."""
    # the same weights above it, and the same dropout within
    fix_random_seed(0)
    nlp = target(folder, encoder)
    transfer(nlp, folder / encoder, blocks={"b": {"target": address, **settings}})
    loaded = tensors(nlp)
    step(nlp, SMALL_STEPS)
    return nlp, {name: array - loaded[name] for name, array in tensors(nlp).items()}


@pytest.mark.parametrize("encoder, address", ADDRESSES)
def test_a_transformer_is_loaded_and_frozen(folder, encoder, address):
    nlp, steps = learning(folder, encoder, address, freeze=True)
    assert not any(step.any() for step in steps.values())
    assert equal(tensors(nlp), tensors(spacy.load(folder / encoder)))
    # what is above it learns
    before = [array.copy() for array in arrays(nlp)]
    optimizer = nlp.resume_training()
    assert optimizer.L2 > 0
    step(nlp, optimizer)
    assert any((new != old).any() for new, old in zip(arrays(nlp), before, strict=True))
    assert equal(tensors(nlp), tensors(spacy.load(folder / encoder)))


@pytest.mark.parametrize("encoder, address", ADDRESSES)
def test_a_transformer_is_loaded_and_slowed(folder, encoder, address):
    _, full = learning(folder, encoder, address)
    _, slow = learning(folder, encoder, address, lr_scale=0.25)
    assert any(step.any() for step in full.values())
    for name, step in full.items():
        # as finely as float32 knows a small step of weights around 1
        assert np.allclose(slow[name], 0.25 * step, atol=1e-6)


@pytest.mark.parametrize("encoder, address", ADDRESSES)
def test_a_transformer_is_loaded_and_pulled(folder, encoder, address):
    """The first step feels no pull; without a loss, the next goes back a part of the way."""
    nlp, steps = learning(folder, encoder, address, pull=2.0)
    before = tensors(nlp)
    step(nlp, SMALL_STEPS, without_gold)
    for name, array in tensors(nlp).items():
        assert np.allclose(array - before[name], -0.1 * 2.0 * steps[name], atol=1e-6)
    assert any(abs(step).max() > 1e-5 for step in steps.values())


def test_an_own_transformer_is_frozen(folder):
    """`replace_listeners` puts the transformer into the tagger."""
    nlp = spacy.load(folder / "direct")
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    create_transfer_layers(blocks={"b": {"target": "ner:tok2vec", "load": False, "freeze": True}})(nlp)
    block = find_block(nlp, "ner:tok2vec", "test")
    (node,) = (node for node in block.nodes if isinstance(node, TorchNode))
    before = {name: node.get_param(name).copy() for name in node.param_names}
    above = [array.copy() for array in arrays(nlp)]
    nlp.update(examples(nlp), sgd=nlp.resume_training())
    assert all(np.array_equal(node.get_param(name), array) for name, array in before.items())
    assert any((new != old).any() for new, old in zip(arrays(nlp), above, strict=True))


def test_torch_draws_nothing_anew(folder):
    nlp = target(folder)
    before = tensors(nlp)
    with pytest.raises(ValueError, match="CE242.*'ner:tok2vec.embed'.*'transformer'"):
        transfer(nlp, folder / "bilstm", blocks={"b": {"target": "ner:tok2vec.embed", "reinit": True}})
    assert equal(tensors(nlp), before)


def test_another_transformer_is_refused(folder, tmp_path):
    cases = {
        "CE235": {"intermediate_size": 32},
        "CE236": {"num_hidden_layers": 2},
        # as many pieces, but others
        "CE236.*vocabulary": {"chars": CHARS[::-1]},
    }
    for number, (code, sizes) in enumerate(cases.items()):
        other = save_tiny_transformer(tmp_path / str(number), **sizes)
        nlp = initialized(add_transformer(spacy.blank("en"), other, encoder=BILSTM))
        before = tensors(nlp)
        with pytest.raises(ValueError, match=code):
            transfer(nlp, folder / "bilstm", up_to="crf")
        assert equal(tensors(nlp), before)


def test_a_block_of_no_weights_is_refused(folder):
    nlp = target(folder, "direct")
    nlp.remove_pipe("transformer")
    for address in ("ner:tok2vec", "ner:tok2vec.listener"):
        with pytest.raises(ValueError, match=f"CE355.*'{address}'"):
            transfer(nlp, folder / "direct", blocks={"b": {"target": address}})
    alone = shared_encoder()
    alone.remove_pipe("tok2vec")
    with pytest.raises(ValueError, match="CE355.*'ner:tok2vec'"):
        transfer(initialized(alone), folder / "direct", blocks={"b": {"target": "ner:tok2vec", "load": False}})


def test_a_transformer_without_weights_is_refused(folder):
    nlp = add_transformer(spacy.blank("en"), str(folder / "tiny1"), encoder=BILSTM)
    with pytest.raises(ValueError, match="CE239.*transformer"):
        transfer(nlp, folder / "bilstm", blocks={"b": {"target": "transformer"}})


def test_a_transformer_taken_over_may_be_frozen(folder):
    """`source =` is the other way to the source's transformer: it needs no copy of the pretrained one."""
    source = spacy.load(folder / "bilstm")
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", source=source)
    head = {"@architectures": "spacy_clinner.CRFTagger.v1", "tok2vec": BILSTM}
    nlp.add_pipe("clinner_crf_tagger", name="ner", config={"model": head})
    with nlp.select_pipes(disable="transformer"):
        nlp.initialize(lambda: examples(nlp))
    transfer(nlp, folder / "bilstm", up_to="crf")
    assert predicted(nlp) == predicted(source)
    before = tensors(nlp)
    losses = {}
    optimizer = nlp.resume_training()
    for _ in range(2):
        nlp.update(examples(nlp), sgd=optimizer, losses=losses, exclude=["transformer"], annotates=["transformer"])
    assert equal(tensors(nlp), before) and losses["ner"] > 0
    assert predicted(nlp) != predicted(source)


def test_a_torch_lstm_comes_along(tmp_path):
    encoder = {
        "@architectures": "spacy_clinner.WindowedTok2Vec.v1",
        "embed": {"@architectures": "spacy_clinner.CharCNNEmbed.v1", "nF": 16, "width": 8},
        "encode": {"@architectures": "spacy.TorchBiLSTMEncoder.v1", "width": 16, "depth": 1, "dropout": 0.0},
    }
    source = own_encoder(encoder=encoder)
    train_steps(source, 10)
    source.to_disk(tmp_path / "source")
    nlp = initialized(own_encoder(encoder=encoder))
    transfer(nlp, tmp_path / "source", up_to="crf")
    assert predicted(nlp) == predicted(source)


# the recipes


def recipe(name, folder, steps, **paths):
    """A shipped config on the toy documents, with the second of the tiny transformers."""
    config = load_config(CONFIGS / f"{name}.cfg", interpolate=False)
    toy = str(write_docs(folder / "toy.spacy"))
    files = {"transformer": str(folder / "tiny1"), "train": toy, "dev": toy, "source": toy, "source_dev": toy, **paths}
    config["paths"].update({name: value for name, value in files.items() if name in config["paths"]})
    config["training"].update(max_steps=steps, max_epochs=0, eval_frequency=steps)
    config["training"]["optimizer"]["learn_rate"] = 0.005
    return config


@pytest.fixture(scope="module")
def source_model(folder):
    """A pipeline of the base recipe, trained over the first of the tiny transformers."""
    config = recipe("ner_transformer_crf", folder, 40, transformer=str(folder / "tiny0"))
    # the temperature that calibrating finds is no weight: it stays with its pipeline
    config["training"]["before_to_disk"] = None
    (folder / "source").mkdir()
    train(init_nlp(config), folder / "source")
    return folder / "source" / "model-last"


@pytest.mark.parametrize("name", ["ner_transformer_crf", "ner_transformer_crf_replay"])
def test_recipes_start_from_the_source_and_learn_on(folder, source_model, name, tmp_path):
    source = spacy.load(source_model)
    config = recipe(name, folder, 5, source_model=str(source_model))
    nlp = init_nlp(config)
    assert predicted(nlp) == predicted(source)
    assert equal(tensors(nlp), tensors(source)) and any(found for found, _ in predicted(source))
    train(nlp, tmp_path)
    loaded = spacy.load(tmp_path / "model-last")
    assert not equal(tensors(loaded), tensors(source))
    moved = (np.any(a != b) for a, b in zip(arrays(loaded), arrays(source), strict=True))
    assert all(moved)


def arrays(nlp):
    """All weights of a pipeline but a transformer's."""
    nodes = nlp.get_pipe("ner").model.walk()
    return [node.get_param(name) for node in nodes for name in node.param_names]


def test_a_recipe_takes_a_frozen_transformer_over(folder, source_model, tmp_path):
    """As docs/guide/transfer_layers.md has it; the pretrained transformer is not needed."""
    (snippet,) = (text for text in snippets("transfer_layers.md") if "[components.transformer]" in text)
    paths = {"source_model": str(source_model), "transformer": str(tmp_path / "none")}
    config = recipe("ner_transformer_crf", folder, 5, **paths)
    taken_over = load_config_from_str(f"[components]\n\n{snippet}", interpolate=False)
    config["components"]["transformer"] = taken_over["components"]["transformer"]
    config["training"].update(taken_over["training"])
    nlp = init_nlp(config)
    source = spacy.load(source_model)
    assert predicted(nlp) == predicted(source)
    train(nlp, tmp_path)
    loaded = spacy.load(tmp_path / "model-last")
    assert equal(tensors(loaded), tensors(source))
    assert predicted(loaded) != predicted(source)
