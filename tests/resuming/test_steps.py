"""Trainings that go on end with the weights of those that were not stopped, whatever the recipe."""

from pathlib import Path

import numpy as np
import pytest
import srsly
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as spacy_train
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.configs import read_config
from spacy_clinner.resuming.steps import prepare

from ..toys.transformer import save_tiny_transformer

pytestmark = pytest.mark.slow
CONFIGS = Path(__file__).parents[2] / "configs"
STEPS, STOPS = 7, (0, 3, 4)
SHORT = {"training.max_steps": STEPS, "training.eval_frequency": 3, "training.dropout": 0.3}
LADTL = {
    "components.alignment.memory": 40,
    "components.alignment.weight_schedule": {
        "@schedules": "compounding.v1",
        "start": 0.1,
        "stop": 1.0,
        "compound": 1.5,
    },
}
# there are no vectors here
HASHED = {"components.tok2vec.model.embed.include_static_vectors": False}
RECIPES = {
    "ner_demo_charcnn-bilstm_crf": {},
    "ner_demo_charcnn-bilstm_crf_ladtl": LADTL,
    "ner_demo_charcnn-bilstm_crf_replay": {},
    "rel_demo_charcnn-bilstm": {},
    "ner_hashcnn_crf": {**HASHED, "training.optimizer.use_averages": True},
    "ner_hashcnn_transition": {**HASHED, "training.accumulate_gradient": 2},
    "ner_transformer_crf": {
        "components.transformer.model.layer_rates": {"@misc": "spacy_clinner.layer_rates.v1", "unfreeze_every": 3}
    },
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    assert CliRunner().invoke(clinner_cli, ["demo-corpus", str(folder / "corpus")]).exit_code == 0
    save_tiny_transformer(folder / "transformer")
    return folder


def make_config(name, folder, **more):
    corpus = folder / "corpus"
    paths = {
        "train": corpus / "target" / "few.spacy",
        "dev": corpus / "target" / "few.spacy",
        "source": corpus / "target" / "few.spacy",
        "source_dev": corpus / "target" / "few.spacy",
        "transformer": folder / "transformer",
    }
    config = read_config(CONFIGS / f"{name}.cfg", {**SHORT, **RECIPES[name], **more})
    config["paths"] |= {key: str(path) for key, path in paths.items() if key in config["paths"]}
    # calibrating is of what is saved
    config["training"]["before_to_disk"] = None
    return config


def start(config):
    nlp = init_nlp(config)
    return nlp, prepare(nlp)


def weights(nlp):
    """All parameters, as bytes: a transformer is stored with more than these."""
    found = {}
    for name, pipe in nlp.pipeline:
        for place, node in enumerate(pipe.model.walk()):
            found |= {(name, place, param): node.get_param(param).tobytes() for param in node.param_names}
            for shim in node.shims:
                modules = shim._model.named_parameters()
                found |= {(name, place, param): value.detach().numpy().tobytes() for param, value in modules}
    assert len(found) > 5
    return found


@pytest.mark.parametrize("name", RECIPES)
def test_a_training_that_goes_on_ends_alike(name, corpus):
    nlp, whole = start(make_config(name, corpus))
    wanted, states = [], {}
    for info, is_best in whole.take():
        wanted.append((info["step"], info["epoch"], info["score"], is_best, dict(info["losses"]), info["words"]))
        if info["step"] in STOPS:
            states[info["step"]] = srsly.msgpack_dumps(whole.state())
    assert [row[0] for row in wanted] == list(range(STEPS + 1)) and sum(row[2] is not None for row in wanted) == 3
    for step, state in states.items():
        # other random numbers were drawn in between, and will be while the pipeline is made anew
        np.random.seed(99)
        again, rest = start(make_config(name, corpus))
        found = [
            (info["step"], info["epoch"], info["score"], is_best, dict(info["losses"]), info["words"])
            for info, is_best in rest.take(srsly.msgpack_loads(state))
        ]
        assert found == wanted[step + 1 :]
        assert weights(again) == weights(nlp)


@pytest.mark.parametrize("name", ["ner_demo_charcnn-bilstm_crf", "ner_hashcnn_transition"])
def test_it_is_spacys_training(name, corpus):
    nlp, steps = start(make_config(name, corpus))
    for _ in steps.take():
        pass
    spacys = init_nlp(make_config(name, corpus))
    spacy_train(spacys)
    assert weights(nlp) == weights(spacys)


def test_patience_counts_from_the_best(corpus):
    name = "ner_hashcnn_crf"
    config = make_config(
        name, corpus, **{"training.patience": 6, "training.max_steps": 60, "training.optimizer.use_averages": False}
    )
    # nothing is gained
    config["training"]["optimizer"]["learn_rate"] = 0.0
    nlp, steps = start(config)
    taken = []
    state = b""
    for info, _ in steps.take():
        taken.append(info["step"])
        state = srsly.msgpack_dumps(steps.state()) if info["step"] == 4 else state
    assert taken == list(range(7))
    _, rest = start(config)
    assert [info["step"] for info, _ in rest.take(srsly.msgpack_loads(state))] == [5, 6]


def test_a_stream_goes_on(corpus):
    config = make_config("ner_demo_charcnn-bilstm_crf", corpus, **{"training.max_epochs": -1})
    nlp, whole = start(config)
    state = b""
    for info, _ in whole.take():
        state = srsly.msgpack_dumps(whole.state()) if info["step"] == 4 else state
    again, rest = start(config)
    assert [info["step"] for info, _ in rest.take(srsly.msgpack_loads(state))] == [5, 6, 7]
    assert weights(again) == weights(nlp)


def test_what_the_optimizer_moves_must_be_a_parameter(corpus):
    nlp, steps = start(make_config("ner_hashcnn_crf", corpus))
    next(steps.take())
    steps.optimizer.mom1[(10**9, "hidden")] = np.zeros(3)
    with pytest.raises(ValueError, match="CE450.*hidden"):
        steps.state()
