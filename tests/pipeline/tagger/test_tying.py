import numpy as np
import pytest
import spacy
from thinc.api import SGD

from spacy_clinner.annotations.keys import DOMAIN_KEY
from spacy_clinner.assembly.relink import relink
from spacy_clinner.layers.tags.scores import tag_weights
from spacy_clinner.pipeline.tagger.tying import Tie

from ...toys.tagger import examples
from ...toys.transfer import HEAD, LISTENER, SETTINGS, moved, own_encoder, shared_encoder, stamped, weights


def tied(names=None, **settings):
    nlp = shared_encoder("source", "target", **settings)
    nlp.initialize(lambda: stamped(nlp, names))
    return nlp, nlp.get_pipe("source"), nlp.get_pipe("target")


def clear(*pipes):
    for pipe in pipes:
        for node in pipe.model.walk():
            for name in node.param_names:
                node.set_grad(name, node.get_param(name) * 0)


def perturb(pipe, seed=0):
    rng = np.random.default_rng(seed)
    for node in (pipe.model.get_ref("emissions"), pipe.model.get_ref("crf")):
        for name in node.param_names:
            node.set_param(name, rng.normal(size=node.get_param(name).shape).astype("f"))


# the penalty


@pytest.mark.parametrize("mutual", [False, True])
@pytest.mark.parametrize("names", [{}, {"PROBLEM": "SYMPTOM", "DOSAGE": None}])
def test_gradient_by_finite_differences(mutual, names):
    strength = {"emissions": 0.3, "transitions": 0.2, "bounds": 0.5}
    nlp, source, target = tied(names)
    tie = Tie(nlp, target)
    target.cfg.update(tie_strength=strength, tie_mutual=mutual)
    perturb(source, 1)
    perturb(target, 2)
    clear(source, target)
    tie.pull()
    nodes = {pipe: [pipe.model.get_ref(name) for name in ("emissions", "crf")] for pipe in (source, target)}
    gradients = {
        (node.id, name): node.get_grad(name).copy() for node in sum(nodes.values(), []) for name in node.param_names
    }
    for pipe in (source, target):
        for node in nodes[pipe]:
            for name in node.param_names:
                gradient = gradients[node.id, name]
                if pipe is source and not mutual:
                    assert not gradient.any()
                    continue
                param = node.get_param(name)
                direction = np.random.default_rng(3).normal(size=param.shape).astype("f")
                step = 1e-2
                param += step * direction
                above = tie.pull()
                param -= 2 * step * direction
                below = tie.pull()
                param += step * direction
                expected = float((gradient * direction).sum())
                assert (above - below) / (2 * step) == pytest.approx(expected, rel=1e-2, abs=1e-3), name


def test_penalty_is_that_of_the_paper():
    """0.1 (1/2 ||A_s - A_t||^2 + 1/2 ||W_s - W_t||^2) + 0.1 * 1/2 ||b_s - b_t||^2 by default, with start and end."""
    nlp, source, target = tied()
    perturb(source, 1)
    perturb(target, 2)
    distance = 0.0
    ours, theirs = (pipe.model.get_ref("emissions") for pipe in (target, source))
    distance += ((tag_weights(ours) - tag_weights(theirs)) ** 2).sum()
    distance += ((ours.get_param("bias") - theirs.get_param("bias")) ** 2).sum()
    ours, theirs = (pipe.model.get_ref("crf") for pipe in (target, source))
    distance += sum(((ours.get_param(name) - theirs.get_param(name)) ** 2).sum() for name in ours.param_names)
    assert Tie(nlp, target).pull() == pytest.approx(0.05 * distance, rel=1e-4)


def test_strong_tie_makes_heads_agree():
    nlp, source, target = tied({"PROBLEM": "SYMPTOM"})
    tie = Tie(nlp, target)
    perturb(source, 1)
    perturb(target, 2)
    target.cfg["tie_strength"] = dict.fromkeys(target.cfg["tie_strength"], 10.0)
    before = weights(source.model)
    sgd = SGD(0.01, use_averages=False, L2=0.0, grad_clip=0.0)
    for _ in range(200):
        clear(target)
        tie.pull()
        target.finish_update(sgd)
    assert tie.pull() < 1e-6 and not any(moved(before, source.model))
    rows = [tag_weights(pipe.model.get_ref("emissions")) for pipe in (source, target)]
    # O, and the four tags of DOSAGE and DRUG, which both know
    tags = [0, *(1 + 3 * kind + label for kind in range(4) for label in (0, 1))]
    assert np.allclose(rows[0][tags], rows[1][tags], atol=1e-3)
    assert not np.allclose(rows[0][[3, 6]], rows[1][[3, 6]], atol=1e-1)


# in a pipeline


def test_loss_is_reported_and_heads_come_together():
    nlp, source, target = tied()
    optimizer = nlp.resume_training()
    losses = []
    for _ in range(30):
        losses.append({})
        nlp.update(stamped(nlp), sgd=optimizer, losses=losses[-1])
    assert set(losses[0]) == {"tok2vec", "source", "target", "target/tie"}
    assert losses[-1]["target/tie"] < losses[0]["target/tie"]


@pytest.mark.parametrize("mutual", [False, True])
def test_a_batch_of_the_target_alone_moves_the_source_if_the_tie_is_mutual(mutual):
    """Else its gradients would pile up until a batch teaches it, and be in no checkpoint."""
    nlp, source, target = tied()
    target.cfg["tie_mutual"] = mutual
    perturb(source, 1)
    perturb(target, 2)
    before = weights(source.model)
    batch = [example for example in stamped(nlp) if example.reference.user_data[DOMAIN_KEY] == "target"]
    optimizer = nlp.resume_training()
    # as `spacy train` does
    nlp.update(batch, sgd=False)
    for _, pipe in nlp.pipeline:
        pipe.finish_update(optimizer)
    assert any(moved(before, source.model)) == mutual
    left = [node.get_grad(name) for node in source.model.walk() for name in node.param_names if node.has_grad(name)]
    assert not any(gradient.any() for gradient in left)


@pytest.mark.parametrize("mutual", [False, True])
def test_frozen_source_stays(mutual):
    nlp, source, target = tied()
    target.cfg["tie_mutual"] = mutual
    before = weights(source.model), weights(target.model)
    optimizer = nlp.resume_training()
    nlp.get_pipe("tok2vec").listener_map.pop("source")
    for _ in range(3):
        nlp.update(stamped(nlp), sgd=optimizer, exclude=["source"])
    assert not any(moved(before[0], source.model)) and all(moved(before[1], target.model))


def test_tie_to_a_head_that_comes_later():
    nlp = shared_encoder()
    nlp.remove_pipe("ner")
    for head in ("target", "source"):
        nlp.add_pipe("clinner_crf_tagger", name=head, config={"model": {**HEAD, "tok2vec": LISTENER}, **SETTINGS[head]})
    optimizer = nlp.initialize(lambda: stamped(nlp))
    losses = nlp.update(stamped(nlp), sgd=optimizer)
    assert losses["target/tie"] > 0


def test_loaded_heads_are_wired_by_relink(tmp_path):
    nlp, *_ = tied()
    nlp.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    optimizer = loaded.resume_training()
    with pytest.raises(ValueError, match="CE247.*'target'.*'source'.*relink"):
        loaded.update(stamped(loaded), sgd=optimizer)
    relink(loaded)
    assert loaded.update(stamped(loaded), sgd=optimizer)["target/tie"] > 0


def test_other_widths_tie_transitions_alone():
    nlp = own_encoder(name="source")
    wide = {"@architectures": "spacy_clinner.CharCNNEmbed.v1", "nF": 8, "width": 4}
    model = {**HEAD, "tok2vec": wide}
    nlp.add_pipe("clinner_crf_tagger", name="target", config={"model": model, "tie_to": "source"})
    with pytest.raises(ValueError, match="CE246.*8, not 32"):
        nlp.initialize(lambda: examples(nlp))
    nlp.remove_pipe("target")
    settings = {"model": model, "tie_to": "source", "tie_strength": {"emissions": 0.0}}
    nlp.add_pipe("clinner_crf_tagger", name="target", config=settings)
    nlp.initialize(lambda: examples(nlp))
    perturb(nlp.get_pipe("target"))
    assert Tie(nlp, nlp.get_pipe("target")).pull() > 0


@pytest.mark.parametrize("value, known", [("absent", "source"), ("target", "source"), ("tok2vec", "source")])
def test_tie_to_no_other_tagger(value, known):
    nlp = shared_encoder("source", "target")
    nlp.get_pipe("target").cfg["tie_to"] = value
    with pytest.raises(ValueError, match=f"CE244.*'target'.*'{value}'.*{known}"):
        nlp.initialize(lambda: stamped(nlp))


def test_no_common_label():
    with pytest.raises(ValueError, match="CE245.*'target'.*'source'.*a, b, c"):
        tied(dict(PROBLEM="a", DRUG="b", DOSAGE="c"))


@pytest.mark.parametrize("strength", [{"emission": 1.0}, {"bounds": -1.0}])
def test_wrong_strength(strength):
    with pytest.raises(ValueError, match="CE248"):
        own_encoder(tie_strength=strength)
