import json
import logging

import numpy as np
import pytest
import spacy
from spacy.language import Language
from thinc.api import SGD, Adam

from spacy_clinner.transfer.blocks import find_block
from spacy_clinner.transfer.layer_names import LAYERS
from spacy_clinner.transfer.transfer_layers import create_transfer_layers

from ..toys.tagger import TEXTS, entities, examples
from ..toys.tagger import train as train_steps
from ..toys.transfer import ENCODER, HEAD, initialized, moved, own_encoder, relabeled, shared_encoder, weights


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Two trained pipelines: the encoder inside of the tagger, and shared."""
    folder = tmp_path_factory.mktemp("sources")
    for name, nlp in (("own", own_encoder()), ("shared", shared_encoder())):
        train_steps(nlp, 40)
        nlp.to_disk(folder / name)
    return folder


def transfer(nlp, source, **settings):
    create_transfer_layers(source=source, **settings)(nlp)
    return nlp.meta["clinner_transfer"]


def block(nlp, address):
    return find_block(nlp, address, "test")


def same(left, right):
    return [np.array_equal(a, b) for a, b in zip(left, right, strict=True)]


def with_encoder(**changes):
    """The toy encoder with one setting changed."""
    changed = json.loads(json.dumps(ENCODER))
    for path, value in changes.items():
        *parents, last = path.split("__")
        node = changed
        for parent in parents:
            node = node[parent]
        node[last] = value
    return changed


# addresses


@pytest.mark.parametrize("make", [own_encoder, shared_encoder])
def test_one_address_serves_own_and_shared_encoders(make):
    nlp = make()
    encode = block(nlp, "ner:tok2vec.encode")
    assert encode.node.name == "bilstm"
    assert encode.pipe is nlp.get_pipe("ner" if make is own_encoder else "tok2vec")
    table = block(nlp, "ner:tok2vec.embed.chars.char_table")
    assert table.node.name == "char_cnn" and table.param == "char_table"
    assert block(nlp, "ner:crf").labels == block(nlp, "ner").labels == ()
    assert encode.labels is None


@pytest.mark.parametrize(
    "address, code, named",
    [
        ("tagger:crf", "CE233", "ner"),
        ("ner:tok2vec.encoder", "CE234", "embed, encode"),
        ("ner:tok2vec.embed.suffixes", "CE234", "chars, words"),
        ("ner:crf.start.x", "CE234", "none"),
        ("sentencizer:crf", "CE234", "none"),
        ("sentencizer", "CE234", "none"),
    ],
)
def test_unknown_names_list_the_known(address, code, named):
    nlp = own_encoder()
    nlp.add_pipe("sentencizer")
    with pytest.raises(ValueError, match=f"{code}.*'b'.*{named}"):
        find_block(nlp, address, "b")


# what is loaded


@pytest.mark.parametrize("kind", ["own", "shared"])
@pytest.mark.parametrize("make", [own_encoder, shared_encoder])
def test_all_six_layers_make_the_source(sources, kind, make):
    """Encoder inside or shared, in the source and in the target."""
    nlp = initialized(make())
    report = transfer(nlp, sources / kind, up_to="crf")
    source = spacy.load(sources / kind)
    for text, _ in TEXTS:
        assert entities(nlp(text)) == entities(source(text))
    assert report["not_loaded"] == []
    assert sum(row["parameters"] for row in report["blocks"]) == sum(
        array.size for name in nlp.pipe_names for array in weights(nlp.get_pipe(name).model)
    )


@pytest.mark.parametrize("layer", LAYERS)
def test_each_layer_comes_with_those_below(sources, layer):
    nlp = initialized(own_encoder())
    before = weights(nlp.get_pipe("ner").model)
    report = transfer(nlp, sources / "own", up_to=layer)
    loaded = {row["target"] for row in report["blocks"]}
    addresses = [
        {"ner:tok2vec.embed.words"},
        {"ner:tok2vec.embed.chars.char_table"},
        {"ner:tok2vec.embed.chars"},
        {"ner:tok2vec.encode"},
        {"ner:emissions"},
        {"ner:crf"},
    ]
    assert loaded == set().union(*addresses[: LAYERS.index(layer) + 1])
    source = spacy.load(sources / "own").get_pipe("ner").model
    for now, own, theirs in zip(weights(nlp.get_pipe("ner").model), before, weights(source), strict=True):
        assert np.array_equal(now, theirs) or np.array_equal(now, own)
    chars = block(nlp, "ner:tok2vec.embed.chars").nodes[-1]
    theirs = block(spacy.load(sources / "own"), "ner:tok2vec.embed.chars").nodes[-1]
    came = [np.array_equal(chars.get_param(name), theirs.get_param(name)) for name in ("char_table", "filters")]
    assert came == [LAYERS.index(layer) >= 1, LAYERS.index(layer) >= 2]


def test_named_blocks_are_loaded_and_the_rest_stays(sources):
    nlp = initialized(shared_encoder("head"))
    before = {name: weights(nlp.get_pipe(name).model) for name in nlp.pipe_names}
    report = transfer(
        nlp, sources / "own", blocks={"context": {"target": "tok2vec:encode", "source": "ner:tok2vec.encode"}}
    )
    source = spacy.load(sources / "own")
    assert all(same(weights(block(nlp, "tok2vec:encode").node), weights(block(source, "ner:tok2vec.encode").node)))
    assert not any(moved(before["head"], nlp.get_pipe("head").model))
    (row,) = report["blocks"]
    assert row["block"] == "context" and row["source"] == "ner:tok2vec.encode" and row["parameters"] == row["of"] > 0
    whats = {row["what"]: row["why"] for row in report["not_loaded"]}
    assert whats["head, layer crf"] == "no block names it" and "tok2vec, layer char_cnn" in whats


def test_output_goes_by_label_name(sources):
    """The source knows DOSAGE, DRUG, PROBLEM; the target DRUG and SYMPTOM."""
    nlp = own_encoder()
    initialized(nlp, lambda nlp: relabeled(nlp, {"PROBLEM": "SYMPTOM", "DOSAGE": None}))
    pipe = nlp.get_pipe("ner")
    assert pipe.labels == ("DRUG", "SYMPTOM")
    before = {name: pipe.model.get_ref("crf").get_param(name).copy() for name in ("within", "start")}
    blocks = {"rows": {"target": "ner:emissions"}, "moves": {"target": "ner:crf"}}
    report = transfer(nlp, sources / "own", blocks=blocks)
    source = spacy.load(sources / "own").get_pipe("ner")
    ours, theirs = (tagger.model.get_ref("crf") for tagger in (pipe, source))
    assert np.array_equal(ours.get_param("within")[:, 0], theirs.get_param("within")[:, 1])
    assert np.array_equal(ours.get_param("within")[:, 1], before["within"][:, 1])
    # O, and B and S of DRUG
    assert np.array_equal(ours.get_param("start")[[0, 1, 3]], theirs.get_param("start")[[0, 2, 5]])
    assert np.array_equal(ours.get_param("start")[[2, 4]], before["start"][[2, 4]])
    ours, theirs = (tagger.model.get_ref("emissions") for tagger in (pipe, source))
    assert np.array_equal(ours.get_param("labels")[0], theirs.get_param("labels")[1])
    assert np.array_equal(ours.get_param("tags")[[1, 3, 5, 7]], theirs.get_param("tags")[[2, 5, 8, 11]])
    assert [row["labels"] for row in report["blocks"]] == [["DRUG"], ["DRUG"]]
    assert all(row["parameters"] < row["of"] for row in report["blocks"])
    partly = [row for row in report["not_loaded"] if row["labels"]]
    assert [row["labels"] for row in partly] == [["SYMPTOM"], ["SYMPTOM"]]


@pytest.mark.parametrize("names", [{"PROBLEM": "SYMPTOM", "DOSAGE": None}, {"DOSAGE": "ZEBRA"}])
def test_a_whole_tagger_goes_by_label_name(sources, names):
    nlp = own_encoder()
    initialized(nlp, lambda nlp: relabeled(nlp, names))
    report = transfer(nlp, sources / "own", blocks={"head": {"target": "ner"}})
    source = spacy.load(sources / "own").get_pipe("ner")
    pipe = nlp.get_pipe("ner")
    ours, theirs = (tagger.model.get_ref("emissions").get_param("labels") for tagger in (pipe, source))
    shared = [label for label in pipe.labels if label in source.labels]
    for label in shared:
        assert np.array_equal(ours[pipe.labels.index(label)], theirs[source.labels.index(label)])
    encoders = [weights(block(nlp, "ner:tok2vec").node) for nlp in (nlp, spacy.load(sources / "own"))]
    assert all(same(*encoders))
    assert report["blocks"][0]["labels"] == shared and len(shared) < len(pipe.labels)


def test_narrower_block_decides(sources):
    nlp = initialized(own_encoder())
    before = weights(block(nlp, "ner:tok2vec.embed.chars").node)
    transfer(
        nlp,
        sources / "own",
        blocks={
            "a_chars": {"target": "ner:tok2vec.embed.chars", "load": False},
            "everything": {"target": "ner:tok2vec"},
        },
    )
    assert not any(moved(before, block(nlp, "ner:tok2vec.embed.chars").node))
    source = spacy.load(sources / "own")
    assert all(same(weights(block(nlp, "ner:tok2vec.encode").node), weights(block(source, "ner:tok2vec.encode").node)))


def test_reinit_draws_anew_and_leaves_neighbours():
    nlp = initialized(own_encoder())
    node = block(nlp, "ner:tok2vec.embed.chars").nodes[-1]
    before = {name: node.get_param(name).copy() for name in node.param_names}
    report = transfer(nlp, None, blocks={"t": {"target": "ner:tok2vec.embed.chars.char_table", "reinit": True}})
    changed = [name for name in node.param_names if (node.get_param(name) != before[name]).any()]
    assert changed == ["char_table"]
    assert report["source"] is None and "block t: reinit = true" in {row["why"] for row in report["not_loaded"]}


@pytest.mark.parametrize("settings", [{"up_to": "crf"}, {"blocks": {"b": {"target": "ner", "freeze": True}}}])
def test_without_a_source_nothing_is_transferred(settings, caplog):
    nlp = initialized(own_encoder())
    before = weights(nlp.get_pipe("ner").model)
    with caplog.at_level(logging.INFO, logger="spacy"):
        spacy.util.logger.propagate = True
        assert create_transfer_layers(source=None, **settings)(nlp) is nlp
    assert "`source` of spacy_clinner.transfer_layers.v1 is null" in caplog.text
    assert not any(moved(before, nlp.get_pipe("ner").model)) and "clinner_transfer" not in nlp.meta
    nlp.update(examples(nlp), sgd=nlp.create_optimizer())
    assert all(moved(before, nlp.get_pipe("ner").model))


def test_without_a_source_blocks_that_load_nothing_still_hold():
    nlp = initialized(own_encoder())
    blocks = {"encoder": {"target": "ner:tok2vec"}, "head": {"target": "ner:crf", "load": False, "freeze": True}}
    assert [row["target"] for row in transfer(nlp, None, blocks=blocks)["blocks"]] == ["ner:crf"]


def test_report_is_logged_and_saved(sources, tmp_path, caplog):
    nlp = initialized(own_encoder())
    with caplog.at_level(logging.INFO, logger="spacy"):
        spacy.util.logger.propagate = True
        report = transfer(nlp, sources / "own", up_to="token_encoder")
    assert "Loaded ner:tok2vec.encode" in caplog.text and "Not loaded: ner, layer crf" in caplog.text
    nlp.to_disk(tmp_path / "model")
    assert spacy.load(tmp_path / "model").meta["clinner_transfer"] == report == json.loads(json.dumps(report))


def test_missing_layer_is_reported(sources, tmp_path):
    plain = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "width": 32, "depth": 1}
    plain |= {"embed_size": 50, "window_size": 1, "maxout_pieces": 2, "subword_features": False}
    train_steps(own_encoder(encoder=plain), 1)
    source = own_encoder(encoder=plain)
    train_steps(source, 5)
    source.to_disk(tmp_path / "plain")
    nlp = initialized(own_encoder(encoder=plain))
    report = transfer(nlp, tmp_path / "plain", up_to="token_encoder")
    assert [row["what"] for row in report["not_loaded"] if "no such layer" in row["why"]] == [
        "character_embeddings",
        "character_encoder",
    ]
    with pytest.raises(ValueError, match="CE240.*'character_encoder'"):
        transfer(nlp, tmp_path / "plain", up_to="character_encoder")


# what is refused, before anything is copied


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"encode__width": 64}, r"CE235.*bilstm.*\(128, 32\).*\(64, 32\)"),
        ({"encode__depth": 2}, "CE236"),
        ({"embed__parts__words__rows": [60]}, r"CE235.*hashembed.*\(60, 16\).*\(50, 16\)"),
        ({"embed__parts__words__attrs": ["SHAPE"]}, "CE236.*columns"),
        ({"embed__parts__chars": {"@architectures": "spacy_clinner.CharLSTMEmbed.v1", "nO": 16, "width": 8}}, "CE236"),
    ],
)
def test_other_sizes_are_refused(sources, changes, code):
    nlp = initialized(own_encoder(encoder=with_encoder(**changes)))
    before = weights(nlp.get_pipe("ner").model)
    with pytest.raises(ValueError, match=code):
        transfer(nlp, sources / "own", blocks={"crf": {"target": "ner:crf"}, "encoder": {"target": "ner:tok2vec"}})
    assert not any(moved(before, nlp.get_pipe("ner").model))


def test_no_common_label(sources):
    nlp = initialized(own_encoder(), lambda nlp: relabeled(nlp, dict(PROBLEM="a", DRUG="b", DOSAGE="c")))
    with pytest.raises(ValueError, match="CE237.*a, b, c.*DOSAGE, DRUG, PROBLEM"):
        transfer(nlp, sources / "own", up_to="crf")
    transfer(nlp, sources / "own", up_to="token_encoder")


def test_wrong_settings(sources, tmp_path):
    for settings in (
        {"blocks": {}, "up_to": "crf"},
        {"source": tmp_path},
        {"source": tmp_path, "blocks": {"b": {}}},
        {"source": tmp_path, "blocks": {"b": {"target": "ner", "frozen": True}}},
        {"source": tmp_path, "blocks": {"b": {"target": "ner", "pull": "strong"}}},
        {"source": tmp_path, "blocks": {"b": {"target": "ner", "lr_scale": -1}}},
        {"source": tmp_path, "blocks": {"b": {"target": "ner", "lr_scale": True}}},
    ):
        with pytest.raises(ValueError, match="CE231"):
            create_transfer_layers(**settings)
    nlp = initialized(own_encoder())
    with pytest.raises(ValueError, match="CE230"):
        transfer(nlp, tmp_path, up_to="crf")
    with pytest.raises(ValueError, match="CE240.*'lstm'.*token_encoder"):
        transfer(nlp, sources / "own", up_to="lstm")
    with pytest.raises(ValueError, match="CE241.*'tagger'.*ner"):
        transfer(nlp, sources / "own", up_to="crf", pipe="tagger")
    same_weights = {"one": {"target": "ner:emissions"}, "two": {"target": "ner:output_layer"}}
    with pytest.raises(ValueError, match="CE243.*'one'.*'two'"):
        transfer(nlp, sources / "own", blocks=same_weights)


def test_tagger_without_values(sources):
    nlp = own_encoder()
    with pytest.raises(ValueError, match="CE239"):
        nlp.add_pipe("sentencizer")
        transfer(nlp, sources / "own", blocks={"crf": {"target": "ner:crf"}})


def test_pretraining_is_left_alone(sources):
    """`spacy pretrain` runs callbacks over components that are disabled and not initialized."""
    nlp = own_encoder()
    with nlp.select_pipes(enable=[]):
        create_transfer_layers(source=sources / "own", up_to="crf")(nlp)
    assert "clinner_transfer" not in nlp.meta


def test_map_of_other_vectors_is_told(tmp_path):
    encoder = with_encoder(embed={"@architectures": "spacy_clinner.VectorsEmbed.v1", "width": 8})
    made = []
    for seed in (0, 1):
        nlp = own_encoder(encoder=encoder)
        data = np.random.default_rng(seed).normal(size=(3, 10)).astype("f")
        keys = ["fever", "cough", "aspirin"]
        nlp.vocab.vectors = spacy.vectors.Vectors(strings=nlp.vocab.strings, data=data, keys=keys)
        made.append(initialized(nlp))
    made[0].to_disk(tmp_path / "source")
    with pytest.warns(UserWarning, match="CW230"):
        transfer(made[1], tmp_path / "source", up_to="token_embeddings")


# how blocks learn


def spacys_encoder():
    """spaCy's own component learns by blocks as well."""
    return shared_encoder(factory="tok2vec")


def learning(blocks, sources, make=shared_encoder):
    nlp = make()
    optimizer = nlp.initialize(lambda: examples(nlp))
    optimizer.learn_rate = 0.02
    assert optimizer.L2 > 0
    transfer(nlp, sources / "own", blocks=blocks)
    return nlp, optimizer


@pytest.mark.parametrize("make", [own_encoder, shared_encoder, spacys_encoder])
def test_frozen_blocks_stay_and_others_learn(sources, make):
    nlp, optimizer = learning({"words": {"target": "ner:tok2vec.embed.words", "freeze": True}}, sources, make)
    words, encode = block(nlp, "ner:tok2vec.embed.words").node, block(nlp, "ner:tok2vec.encode").node
    before = weights(words), weights(encode)
    for _ in range(3):
        nlp.update(examples(nlp), sgd=optimizer)
    assert not any(moved(before[0], words)) and all(moved(before[1], encode))


@pytest.mark.parametrize("averaged", [False, True])
def test_frozen_labels_stay_and_new_ones_learn(sources, averaged):
    """Also in the means of the weights, which are what is saved."""
    nlp = own_encoder()
    nlp.initialize(lambda: relabeled(nlp, {"PROBLEM": "SYMPTOM"}))
    optimizer = Adam(0.02, L2=0.01, use_averages=averaged)
    transfer(nlp, sources / "own", blocks={"crf": {"target": "ner:crf", "freeze": True}})
    within = nlp.get_pipe("ner").model.get_ref("crf").get_param("within")
    before = within.copy()
    for _ in range(3):
        nlp.update(relabeled(nlp, {"PROBLEM": "SYMPTOM"}), sgd=optimizer)
    with nlp.use_params(optimizer.averages or {}):
        within = nlp.get_pipe("ner").model.get_ref("crf").get_param("within").copy()
    assert nlp.get_pipe("ner").labels == ("DOSAGE", "DRUG", "SYMPTOM")
    assert (within[:, :2] == before[:, :2]).all() and (within[:, 2] != before[:, 2]).any()


@pytest.mark.parametrize("make", [own_encoder, shared_encoder, spacys_encoder])
def test_blocks_learn_at_their_own_rates(sources, make):
    steps = []
    for scale in (1.0, 0.25):
        nlp, _ = learning({"context": {"target": "ner:tok2vec.encode", "lr_scale": scale}}, sources, make)
        node = block(nlp, "ner:tok2vec.encode").node
        before = weights(node)
        for name in node.param_names:
            node.set_grad(name, node.get_param(name) * 0 + 1)
        block(nlp, "ner:tok2vec.encode").pipe.finish_update(SGD(0.1, use_averages=False, L2=0.0, grad_clip=0.0))
        steps.append([(new - old).mean() for old, new in zip(before, weights(node), strict=True)])
    assert np.allclose(steps[0], -0.1, atol=1e-5) and np.allclose(steps[1], -0.025, atol=1e-5)


@pytest.mark.parametrize("make", [own_encoder, shared_encoder, spacys_encoder])
def test_pull_is_the_gradient_of_half_the_squared_distance(sources, make):
    """Without a loss, the weights go back to the source's; the distance shrinks by 1 - rate * pull a step."""
    nlp, _ = learning({"context": {"target": "ner:tok2vec.encode", "pull": 2.0}}, sources, make)
    node = block(nlp, "ner:tok2vec.encode").node
    origin = weights(node)
    sgd = SGD(0.1, use_averages=False, L2=0.0, grad_clip=0.0)
    for name in node.param_names:
        node.get_param(name)[:] += 0.5
        node.set_grad(name, node.get_param(name) * 0)
    block(nlp, "ner:tok2vec.encode").pipe.finish_update(sgd)
    for old, new in zip(origin, weights(node), strict=True):
        assert np.allclose(new - old, 0.5 * (1 - 0.1 * 2.0), atol=1e-5)


def test_pull_of_all_blocks(sources):
    nlp = initialized(own_encoder())
    report = transfer(nlp, sources / "own", up_to="token_encoder", pull=0.5)
    assert {row["pull"] for row in report["blocks"]} == {0.5}
    report = transfer(nlp, sources / "own", blocks={"b": {"target": "ner:crf", "pull": 0.1}}, pull=0.5)
    assert report["blocks"][0]["pull"] == 0.1


def test_rules_are_not_saved(sources, tmp_path):
    nlp, _ = learning({"all": {"target": "ner:tok2vec", "freeze": True}}, sources)
    nlp.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    before = weights(loaded.get_pipe("tok2vec").model)
    optimizer = loaded.resume_training()
    for _ in range(2):
        loaded.update(examples(loaded), sgd=optimizer)
    assert any(moved(before, loaded.get_pipe("tok2vec").model))


@pytest.mark.parametrize("rule", [{"freeze": True}, {"lr_scale": 0.5}, {"pull": 0.1}])
def test_rules_of_what_does_not_learn_are_refused(sources, rule):
    nlp = initialized(own_encoder())
    model = nlp.get_pipe("ner").model
    nlp.add_pipe("weights_that_do_not_learn", config={"model": {**HEAD, "tok2vec": ENCODER}})
    nlp.get_pipe("weights_that_do_not_learn").model = model
    address = "weights_that_do_not_learn:tok2vec.encode"
    with pytest.raises(ValueError, match=f"CE238.*'{address}'"):
        transfer(nlp, sources / "own", blocks={"b": {"target": address, "source": "ner:tok2vec.encode", **rule}})
    transfer(nlp, sources / "own", blocks={"b": {"target": address, "source": "ner:tok2vec.encode"}})


def test_rules_of_a_compiled_component_are_refused(tmp_path):
    """Before its weights are touched."""
    made = [spacy.blank("en"), spacy.blank("en")]
    for nlp in made:
        nlp.add_pipe("ner")
        initialized(nlp)
    made[0].to_disk(tmp_path / "source")
    before = weights(made[1].get_pipe("ner").model)
    with pytest.raises(ValueError, match="CE238.*compiled"):
        transfer(made[1], tmp_path / "source", blocks={"b": {"target": "ner:tok2vec", "freeze": True}})
    assert not any(moved(before, made[1].get_pipe("ner").model))


@Language.factory("weights_that_do_not_learn")
class WeightsThatDoNotLearn:
    def __init__(self, nlp, name, model):
        self.name, self.model = name, model

    def __call__(self, doc):
        return doc


def test_a_component_takes_rules_one_after_another(sources):
    """A second transfer adds its rules to those of the first, in spaCy's component as in ours."""
    for make in (shared_encoder, spacys_encoder):
        nlp, optimizer = learning({"words": {"target": "ner:tok2vec.embed.words", "freeze": True}}, sources, make)
        transfer(nlp, sources / "own", blocks={"context": {"target": "ner:tok2vec.encode", "freeze": True}})
        parts = [block(nlp, f"ner:tok2vec.{name}").node for name in ("embed.words", "encode", "embed.chars")]
        before = [weights(part) for part in parts]
        for _ in range(2):
            nlp.update(examples(nlp), sgd=optimizer)
        assert [any(moved(old, part)) for old, part in zip(before, parts, strict=True)] == [False, False, True]
