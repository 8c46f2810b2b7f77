"""Every recipe is filled as it is written, trains two steps, and answers to spaCy's own calls afterwards; the shipped
configs are recipes."""

from dataclasses import replace
from functools import cache, partial
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.cli.debug_data import debug_data
from spacy.schemas import ConfigSchemaTraining
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config, load_config_from_str, registry, resolve_dot_names
from spacy.vectors import Vectors
from thinc.schedules import warmup_linear

from spacy_clinner.annotations.keys import RELATIONS_KEY
from spacy_clinner.assembly.export import export_pipeline
from spacy_clinner.recipes.compose import compose
from spacy_clinner.recipes.recipe import RECIPES
from spacy_clinner.reports.data_check import check_data

from .toys.tagger import references
from .toys.transformer import save_tiny_transformer

CONFIGS = sorted((Path(__file__).parents[1] / "configs").rglob("*.cfg"))
RECIPES_BY_NAME = {recipe.name: recipe for recipe in RECIPES}
SHIPPED = [RECIPES_BY_NAME[path.stem] for path in CONFIGS]
FINETUNED = [recipe for recipe in RECIPES if recipe.method == "finetune" and replace(recipe, method="base") in SHIPPED]


@pytest.fixture(scope="module")
def toy_paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    nlp = spacy.blank("en")
    docs = [doc for doc in references(nlp) if len(doc)]
    for doc in docs:
        head, child = [[ent.start_char, ent.end_char] for ent in doc.ents][:2] or [None, None]
        doc.user_data[RELATIONS_KEY] = [{"head": head, "child": child, "label": "WITH"}] if head else []
    DocBin(docs=docs, store_user_data=True).to_disk(folder / "toy.spacy")
    words = ["fever", "cough", "aspirin"]
    data = np.random.default_rng(0).normal(size=(3, 10)).astype("f")
    for lang in ("en", "es"):
        nlp = spacy.blank(lang)
        nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=data, keys=words, name="toy")
        nlp.to_disk(folder / lang)
    paths = {"train": str(folder / "toy.spacy"), "dev": str(folder / "toy.spacy"), "vectors": str(folder / "{lang}")}
    return {**paths, "transformer": save_tiny_transformer(folder / "transformer")}


def test_shipped_configs_are_recipes():
    assert len(CONFIGS) == 17
    for path, recipe in zip(CONFIGS, SHIPPED, strict=True):
        # as parsed: versions of confection write sections in orders of their own
        composed = load_config_from_str(compose(recipe).to_str())
        assert load_config(path) == composed, "python scripts/write_configs.py"


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_is_filled(recipe):
    config = compose(recipe)
    filled = spacy.util.load_model_from_config(config.copy(), auto_fill=True, validate=True).config
    for section in ("nlp", "components", "training", "corpora", "initialize"):
        assert filled[section] == config[section], section
    assert config["training"]["accumulate_gradient"] == 1
    assert config["training"]["optimizer"]["use_averages"] is False


def check_length(path, max_steps):
    """A config's training has that length, given nothing but `max_steps`."""
    config = load_config(path, overrides={"training.max_steps": max_steps}).interpolate()["training"]
    training = registry.resolve(config, schema=ConfigSchemaTraining)
    assert (training["max_steps"], training["max_epochs"]) == (max_steps, 0)
    assert training["eval_frequency"] == max(1, max_steps // config["eval_frequency"]["evaluations"])
    schedule = config["optimizer"]["learn_rate"]
    if isinstance(schedule, dict):
        rates = warmup_linear(schedule["initial_rate"], min(schedule["warmup_steps"], max_steps // 5), max_steps)
        assert list(islice(training["optimizer"].schedules["learn_rate"], max_steps)) == list(
            islice(rates, 1, max_steps + 1)
        )


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_max_steps_is_the_one_number(path):
    training = load_config(path).interpolate()["training"]
    schedule = training["optimizer"]["learn_rate"]
    assert training["max_steps"] % training["eval_frequency"]["evaluations"] == 0
    assert not isinstance(schedule, dict) or 5 * schedule["warmup_steps"] <= training["max_steps"]
    for max_steps in (training["max_steps"], 60, 2):
        check_length(path, max_steps)
    config = load_config(path, overrides={"training.eval_frequency": 7}).interpolate()["training"]
    assert registry.resolve(config, schema=ConfigSchemaTraining)["eval_frequency"] == 7


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_data_are_counted(path, toy_paths):
    paths = {**toy_paths, "source": toy_paths["train"], "source_dev": toy_paths["dev"]}
    check = check_data(load_config(path, overrides=overrides(load_config(path), paths)))
    n_domains = 2 if "source" in load_config(path)["paths"] else 1
    assert check.split("train").documents == 4 * n_domains
    assert check.split("dev").entities["DRUG"] in (2, 2 * n_domains)
    assert check.encoders or "hashcnn" in path.stem


def overrides(config, paths):
    """Settings of a training of two steps."""
    found = {name: paths.get(name, "").format(lang=config["nlp"]["lang"]) or None for name in config["paths"]}
    settings = {"training.max_steps": 2, "training.logger.progress_bar": None}
    return {f"paths.{name}": value for name, value in found.items()} | settings


@pytest.fixture(scope="module")
def train_recipe(toy_paths, tmp_path_factory):
    """A function that trains a recipe two steps, once: its paths, and the folder of the model.

    A recipe of a method starts from a model of the recipe without it.
    """
    folder = tmp_path_factory.mktemp("trained")

    @cache
    def train_two_steps(recipe):
        base = replace(recipe, method="base")
        source_model = "" if recipe == base else str(train_two_steps(base)[1])
        sources = {"source": toy_paths["train"], "source_dev": toy_paths["dev"], "source_model": source_model}
        paths = {**toy_paths, **sources}
        config = compose(recipe)
        output = folder / recipe.name
        output.mkdir()
        train(init_nlp(load_config_from_str(config.to_str(), overrides=overrides(config, paths))), output)
        return paths, output / "model-last"

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield train_two_steps


@pytest.fixture(scope="module")
def trained(request, train_recipe):
    """A recipe, its paths, and the folder of a model that it trained."""
    return request.param, *train_recipe(request.param)


def each(recipes):
    return pytest.mark.parametrize("trained", recipes, ids=lambda recipe: recipe.name, indirect=True, scope="module")


@pytest.mark.slow
@each([*SHIPPED, *FINETUNED])
def test_trains_two_steps_and_loads(trained):
    loaded = spacy.load(trained[2])
    assert [len(doc) for doc in loaded.pipe(["No fever.", ""])] == [3, 0]
    assert not {"ner_source", "alignment"} & set(loaded.pipe_names)
    check_length(trained[2] / "config.cfg", 60)


@pytest.mark.slow
@each(SHIPPED)
def test_learns_on_outside_of_spacy_train(trained):
    recipe, _, folder = trained
    rate = compose(recipe)["training"]["optimizer"]["learn_rate"]
    rate = rate["initial_rate"] if isinstance(rate, dict) else rate
    nlp = spacy.load(folder)
    (corpus,) = resolve_dot_names(nlp.config.interpolate(), ["corpora.train"])
    examples = list(corpus(nlp))
    for start in (nlp.resume_training, nlp.create_optimizer, partial(nlp.initialize, lambda: examples)):
        optimizer = start()
        for _ in range(1000):
            optimizer.step_schedules()
        assert optimizer.learn_rate == pytest.approx(rate)
    nlp.update(examples, sgd=nlp.resume_training())
    nlp._optimizer = None
    nlp.update(examples)


@pytest.mark.slow
@each([recipe for recipe in SHIPPED if "hashcnn" not in recipe.name])
def test_is_exported(trained, tmp_path):
    """With the variables of its config, which calibrating writes out."""
    recipe, paths, _ = trained
    config = load_config_from_str(compose(recipe).to_str(), overrides=overrides(compose(recipe), paths))
    nlp = init_nlp(config)
    before = [doc.to_json() for doc in nlp.pipe(["No fever.", ""])]
    export_pipeline(nlp).to_disk(tmp_path / "exported")
    assert [doc.to_json() for doc in spacy.load(tmp_path / "exported").pipe(["No fever.", ""])] == before


@pytest.mark.slow
@each(SHIPPED)
def test_debug_data(trained, capsys):
    recipe, paths, folder = trained
    path = folder.parent / "recipe.cfg"
    config = compose(recipe)
    config.to_disk(path)
    with pytest.raises(SystemExit):  # three documents are too few, spaCy says at the end
        debug_data(path, config_overrides=overrides(config, paths), silent=False)
    shown = capsys.readouterr().out
    assert "Pipeline can be initialized with data" in shown and "Corpus is loadable" in shown
