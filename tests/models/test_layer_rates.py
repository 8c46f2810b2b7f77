"""Layers of a transformer learn at rates of their own."""

import re

import numpy as np
import pytest
import spacy
from thinc.api import Adam

from spacy_clinner.models.layer_rates import make_layer_rates

from ..toys.families import FAMILIES, LAYERS, save_family
from ..toys.tagger import examples
from ..toys.transformer import add_transformer, save_tiny_transformer

RATE = 0.01
DEPTH = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_transformer(tmp_path_factory.mktemp("tiny"), num_hidden_layers=DEPTH)


def pipeline(folder, **rates):
    settings = {"layer_rates": {"@misc": "spacy_clinner.layer_rates.v1", **rates}} if rates else {}
    nlp = add_transformer(spacy.blank("en"), folder, **settings)
    nlp.initialize(lambda: examples(nlp))
    return nlp


def adam():
    # a first step of Adam moves each weight by the rate, whatever its gradient
    return Adam(RATE, grad_clip=0.0, eps=1e-12, use_averages=False)


def module(nlp):
    if nlp.has_pipe("transformer"):
        return nlp.get_pipe("transformer").model.transformer
    (shim,) = (shim for node in nlp.get_pipe("ner").model.walk() for shim in node.shims)
    return shim._model


def step(nlp, optimizer):
    """Learn once. RETURNS: how far each parameter moved, by name."""
    before = {name: weights.detach().numpy().copy() for name, weights in module(nlp).named_parameters()}
    nlp.update(examples(nlp), sgd=False)
    for name in nlp.pipe_names:
        nlp.get_pipe(name).finish_update(optimizer)
    return {
        name: np.abs(weights.detach().numpy() - before[name]).max() for name, weights in module(nlp).named_parameters()
    }


def by_layer(moved):
    """From the embeddings to the highest layer."""
    layers = [[far for name, far in moved.items() if f".{i}." in name] for i in range(DEPTH)]
    return [max(far for name, far in moved.items() if name.startswith("embeddings.")), *map(max, layers)]


def test_lower_layers_learn_slower(folder):
    moved = by_layer(step(pipeline(folder, decay=0.5), adam()))
    np.testing.assert_allclose(moved, [RATE * 0.5 ** (DEPTH - i) for i in range(DEPTH + 1)], rtol=1e-2)


def test_all_learn_alike_without(folder):
    np.testing.assert_allclose(by_layer(step(pipeline(folder), adam())), [RATE] * (DEPTH + 1), rtol=1e-2)


def test_the_whole_learns_slower(folder):
    moved = by_layer(step(pipeline(folder, lr_scale=0.1), adam()))
    np.testing.assert_allclose(moved, [RATE / 10] * (DEPTH + 1), rtol=1e-2)


def test_frozen_layers_do_not_move(folder):
    """Neither by weight decay, nor by momentum."""
    nlp, optimizer = pipeline(folder, frozen_layers=3), Adam(RATE, L2=0.1, use_averages=False)
    for _ in range(3):
        moved = by_layer(step(nlp, optimizer))
        assert moved[:3] == [0, 0, 0] and min(moved[3:]) > 0
    nlp = pipeline(folder, frozen_layers=DEPTH + 1)
    assert set(step(nlp, optimizer).values()) == {0}


def test_a_head_learns_over_a_frozen_transformer(folder):
    """As `frozen_components` and `annotating_components` have it."""
    nlp, optimizer = pipeline(folder), adam()
    before = [weights.detach().clone() for weights in module(nlp).parameters()]
    losses = []
    for _ in range(20):
        of_step = nlp.update(examples(nlp), sgd=optimizer, exclude=["transformer"], annotates=["transformer"])
        losses.append(of_step["ner"])
    assert losses[-1] < losses[0]
    assert all(bool((old == new).all()) for old, new in zip(before, module(nlp).parameters(), strict=True))


def test_layers_begin_to_learn_one_by_one(folder):
    """After the head, from the highest to the lowest, each at the full rate of a first step."""
    nlp, optimizer = pipeline(folder, unfreeze_every=2), adam()
    began = {}
    for number in range(2 * (DEPTH + 1) + 1):
        for layer, far in enumerate(by_layer(step(nlp, optimizer))):
            if far and layer not in began:
                began[layer] = number
                assert far == pytest.approx(RATE, rel=1e-2)
    assert began == {layer: 2 * (DEPTH - layer + 1) for layer in range(DEPTH + 1)}


def test_rates_are_saved_with_the_pipeline(folder, tmp_path):
    pipeline(folder, decay=0.5, frozen_layers=1).to_disk(tmp_path / "model")
    moved = by_layer(step(spacy.load(tmp_path / "model"), adam()))
    np.testing.assert_allclose(moved, [0, *(RATE * 0.5 ** (DEPTH - i) for i in range(1, DEPTH + 1))], rtol=1e-2)


def test_a_copy_in_a_tagger_has_the_same_rates(folder, tmp_path):
    """As multiples of the tagger's own; and also when it is loaded."""
    nlp = pipeline(folder, decay=0.5, frozen_layers=1)
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    nlp.get_pipe("ner").cfg["lr_scale"] = 2.0
    nlp.to_disk(tmp_path / "model")
    for own in (nlp, spacy.load(tmp_path / "model")):
        moved = by_layer(step(own, adam()))
        np.testing.assert_allclose(moved, [0, *(2 * RATE * 0.5 ** (DEPTH - i) for i in range(1, DEPTH + 1))], rtol=1e-2)


def test_an_optimizer_knows_a_copy_from_the_original(folder):
    """It would mix the momentum of both."""
    nlp = pipeline(folder)
    shared = nlp.get_pipe("transformer").model.layers[0].shims[0]
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    (own,) = (shim for node in nlp.get_pipe("ner").model.walk() for shim in node.shims)
    assert own._model is not shared._model and own.id != shared.id


def test_blocks_of_a_transfer_learn_at_both_rates(folder):
    from spacy_clinner.transfer.block_update import let_learn_by_blocks
    from spacy_clinner.transfer.torch_weights import weight_nodes

    nlp = pipeline(folder, decay=0.5)
    pipe = nlp.get_pipe("transformer")
    let_learn_by_blocks(pipe)
    (node,) = (node for node in weight_nodes(pipe.model) if node.param_names and hasattr(node, "step_id"))
    lowest = [(node, name, ...) for name in node.param_names if ".0." in name]
    highest = [(node, name, ...) for name in node.param_names if f".{DEPTH - 1}." in name]
    pipe.learn_block(lowest, freeze=True)
    pipe.learn_block(highest, lr_scale=0.1)
    expected = [RATE * 0.5 ** (DEPTH - i) for i in range(DEPTH + 1)]
    np.testing.assert_allclose(
        by_layer(step(nlp, adam())), [expected[0], 0, *expected[2:-1], expected[-1] / 10], rtol=1e-2
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_layers(family, tmp_path):
    nlp = pipeline(save_family(family, tmp_path), decay=0.5)
    scales = make_layer_rates(decay=0.5).scales(module(nlp), step=0)
    assert set(scales.values()) == {0.5**depth for depth in range(LAYERS + 1)}
    lowest = {name for name, scale in scales.items() if scale == 0.5**LAYERS}
    assert any("embed" in name for name in lowest)
    moved = step(nlp, adam())
    assert all(far <= RATE * scales[name] * 1.01 for name, far in moved.items())


def test_layers_in_several_lists():
    """XLM has a list of its attentions, one of what follows them, and one for each of their norms."""
    from transformers import XLMConfig, XLMModel

    model = XLMModel(XLMConfig(vocab_size=50, emb_dim=16, n_layers=3, n_heads=2, max_position_embeddings=64))
    for name, rate in make_layer_rates(decay=0.5).scales(model, 0).items():
        layer = re.search(r"\.(\d)\.", name)
        assert rate == 0.5 ** (2 - int(layer[1]) if layer else 3), name


def test_lists_that_are_no_layers():
    """CANINE reads characters by layers before and after its own."""
    from transformers import CanineConfig, CanineModel

    sizes = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 16}
    model = CanineModel(CanineConfig(**sizes, num_hash_buckets=32, max_position_embeddings=32))
    with pytest.raises(ValueError, match=r"CE128.*\(canine\)"):
        make_layer_rates(decay=0.5).scales(model, 0)


def test_layers_that_share_weights_have_none_of_their_own(tmp_path):
    from transformers import AlbertConfig, AlbertModel, BertTokenizerFast

    save_family("bert", tmp_path)
    tokenizer = BertTokenizerFast.from_pretrained(tmp_path)
    sizes = {"hidden_size": 16, "embedding_size": 8, "num_attention_heads": 2, "intermediate_size": 16}
    AlbertModel(AlbertConfig(vocab_size=len(tokenizer), num_hidden_layers=3, **sizes)).save_pretrained(tmp_path)
    assert step(pipeline(str(tmp_path)), adam())
    with pytest.raises(ValueError, match=r"CE128.*\(albert\).*3 layers"):
        pipeline(str(tmp_path), decay=0.5)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("lr_scale", -1.0), ("decay", 0.0), ("decay", 1.5), ("frozen_layers", -1), ("unfreeze_every", -2)],
)
def test_settings_that_are_none(setting, value):
    with pytest.raises(ValueError, match=f"CE129.*{setting} = {value}"):
        make_layer_rates(**{setting: value})
