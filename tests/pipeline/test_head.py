"""What all learners have in common: made by their class, numbers of labels, one update, and rules for blocks."""

import inspect
from functools import partial

import numpy as np
import pytest
import spacy
from spacy.language import Language
from thinc.api import SGD

from spacy_clinner.pipeline.alignment.mmd_alignment import MMDAlignment
from spacy_clinner.pipeline.head import Head
from spacy_clinner.pipeline.relations.extractor import RelationExtractor
from spacy_clinner.pipeline.tagger.crf_tagger import CRFTagger
from spacy_clinner.transfer.transfer_layers import create_transfer_layers

from ..toys import relations as relation_toy
from ..toys import tagger as tagger_toy

HEADS = {
    "clinner_crf_tagger": CRFTagger,
    "clinner_relation_extractor": RelationExtractor,
    "clinner_mmd_alignment": MMDAlignment,
}


@pytest.mark.parametrize("factory", HEADS)
def test_settings_of_the_config_are_those_of_the_class(factory):
    """Each once, in the order of the signature, with the defaults of the signature."""
    nlp = spacy.blank("en")
    given = {"target": ["a"]} if factory == "clinner_mmd_alignment" else {}
    pipe = nlp.add_pipe(factory, config=given)
    assert type(pipe) is HEADS[factory] and isinstance(pipe, Head)
    config = nlp.get_pipe_config(factory)
    parameters = inspect.signature(HEADS[factory]).parameters
    assert set(config) - {"factory"} == set(parameters) - {"nlp", "name"}
    declared = nlp.get_factory_meta(factory).default_config
    for name, parameter in parameters.items():
        if name in config and name not in declared and name not in given:
            assert config[name] == parameter.default
    # what a class can say itself is not said again
    assert not [name for name in declared if parameters[name].default not in (inspect.Parameter.empty, None)]
    assert Language.get_factory_meta(factory).factory == factory


def test_numbers_of_labels():
    nlp = tagger_toy.make_nlp()
    pipe = nlp.get_pipe("tagger")
    assert pipe.labels == () and pipe.label_numbers == {}
    nlp.initialize(lambda: tagger_toy.examples(nlp))
    assert pipe.label_numbers == {"DOSAGE": 0, "DRUG": 1, "PROBLEM": 2}
    pipe.drop_labels(["DOSAGE"])
    assert pipe.label_numbers == {"DRUG": 0, "PROBLEM": 1}
    aligner = spacy.blank("en").add_pipe("clinner_mmd_alignment", config={"target": ["a"]})
    assert aligner.labels == ()


# the relation extractor learns by blocks, as the others do


def trained_extractor(tmp_path, shared, **block):
    """An extractor with a block of weights taken over from a trained one."""
    nlp = relation_toy.make_nlp(shared=shared)
    relation_toy.train(nlp, 5)
    nlp.to_disk(tmp_path / "source")
    nlp = relation_toy.make_nlp(shared=shared)
    optimizer = nlp.initialize(partial(relation_toy.examples, nlp))
    create_transfer_layers(source=tmp_path / "source", blocks={"b": block})(nlp)
    return nlp, optimizer


def arrays(model):
    return [node.get_param(name).copy() for node in model.walk() for name in node.param_names]


def steps(model, before):
    return [new - old for new, old in zip(arrays(model), before, strict=True)]


@pytest.mark.parametrize("shared", [False, True])
def test_frozen_blocks_of_an_extractor(tmp_path, shared):
    nlp, optimizer = trained_extractor(tmp_path, shared, target="relations:pair_scores", freeze=True)
    assert optimizer.L2 > 0
    model = nlp.get_pipe("relations").model
    frozen = model.get_ref("pair_scores")
    encoder = nlp.get_pipe("tok2vec").model if shared else model.get_ref("tok2vec")
    before = arrays(frozen), arrays(encoder)
    for _ in range(3):
        nlp.update(relation_toy.examples(nlp), sgd=optimizer)
    assert not any(step.any() for step in steps(frozen, before[0]))
    assert any(step.any() for step in steps(encoder, before[1]))
    nlp, optimizer = trained_extractor(tmp_path, shared, target="relations:tok2vec", freeze=True)
    model = nlp.get_pipe("relations").model
    encoder = nlp.get_pipe("tok2vec").model if shared else model.get_ref("tok2vec")
    before = arrays(encoder), arrays(model.get_ref("pair_scores"))
    nlp.update(relation_toy.examples(nlp), sgd=optimizer)
    assert not any(step.any() for step in steps(encoder, before[0]))
    assert any(step.any() for step in steps(model.get_ref("pair_scores"), before[1]))


def test_an_extractor_learns_at_the_rates_of_its_blocks(tmp_path):
    """The rate of a block is a multiple of the component's."""
    for own, scale in ((1.0, 1.0), (1.0, 0.25), (2.0, 0.25)):
        nlp, _ = trained_extractor(tmp_path, False, target="relations:pair_scores", lr_scale=scale)
        pipe = nlp.get_pipe("relations")
        pipe.cfg["lr_scale"] = own
        before = arrays(pipe.model)
        for node in pipe.model.walk():
            for name in node.param_names:
                node.set_grad(name, node.get_param(name) * 0 + 1)
        pipe.finish_update(SGD(0.1, use_averages=False, L2=0.0, grad_clip=0.0))
        scored = {id(node) for node in pipe.model.get_ref("pair_scores").walk()}
        owners = [id(node) in scored for node in pipe.model.walk() for _ in node.param_names]
        assert any(owners) and not all(owners)
        for is_scored, step in zip(owners, steps(pipe.model, before), strict=True):
            assert np.allclose(step, -0.1 * own * (scale if is_scored else 1.0), atol=1e-6)


def test_an_extractor_is_pulled_to_the_source(tmp_path):
    nlp, _ = trained_extractor(tmp_path, False, target="relations:pair_scores", pull=2.0)
    model = nlp.get_pipe("relations").model.get_ref("pair_scores")
    origin = arrays(model)
    for node in model.walk():
        for name in node.param_names:
            node.get_param(name)[:] += 0.5
            node.set_grad(name, node.get_param(name) * 0)
    nlp.get_pipe("relations").finish_update(SGD(0.1, use_averages=False, L2=0.0, grad_clip=0.0))
    assert all(np.allclose(step, 0.5 * (1 - 0.1 * 2.0), atol=1e-5) for step in steps(model, origin))


@pytest.mark.parametrize("factory", HEADS)
def test_sizes_and_labels_come_from_documents(factory):
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, config={"target": ["a"]} if factory == "clinner_mmd_alignment" else {})
    with pytest.raises(ValueError, match="CE136"):
        nlp.initialize(lambda: [])


@pytest.mark.parametrize("shared", [False, True], ids=["its own encoder", "spaCy's tok2vec"])
def test_another_training_knows_nothing_of_the_blocks_of_an_earlier_one(tmp_path, shared):
    nlp, _ = trained_extractor(tmp_path, shared, target="relations:tok2vec", freeze=True)
    optimizer = nlp.initialize(partial(relation_toy.examples, nlp))
    encoder = nlp.get_pipe("tok2vec").model if shared else nlp.get_pipe("relations").model.get_ref("tok2vec")
    before = arrays(encoder)
    for _ in range(3):
        nlp.update(relation_toy.examples(nlp), sgd=optimizer)
    assert any(step.any() for step in steps(encoder, before))
