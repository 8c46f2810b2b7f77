"""Every shipped config loads, is already filled, and trains two steps."""

from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from spacy.vectors import Vectors

from spacy_clinner.constants import RELATIONS_KEY

from .pipeline.toy import references
from .toy_transformer import minilm

CONFIGS = sorted((Path(__file__).parents[1] / "configs").rglob("*.cfg"))


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
    return {"train": str(folder / "toy.spacy"), "dev": str(folder / "toy.spacy"), "vectors": str(folder / "{lang}")}


def test_all_are_found():
    assert len(CONFIGS) == 19


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_is_filled(path):
    config = load_config(path)
    filled = spacy.util.load_model_from_config(config, auto_fill=True, validate=True).config
    for section in ("nlp", "components", "training", "corpora", "initialize"):
        assert filled[section] == load_config(path)[section], section
    assert config["training"]["accumulate_gradient"] == 1
    assert config["training"]["optimizer"]["use_averages"] is False


def train_two_steps(path, paths, output):
    """Train a config; the model is in `output/model-last`."""
    config = load_config(path)
    for name in config["paths"]:
        config["paths"][name] = paths.get(name, "").format(lang=config["nlp"]["lang"]) or None
    config["training"].update(max_steps=2, max_epochs=0, eval_frequency=1)
    config["training"]["logger"]["progress_bar"] = None
    output.mkdir()
    train(init_nlp(config), output)
    return output / "model-last"


@pytest.fixture(scope="module")
def source_models(toy_paths, tmp_path_factory):
    """What recipes that name a method after the head start from: a model of the config without it, by its name."""
    recipes = {path.stem for path in CONFIGS}
    bases = {stem.rpartition("_")[0] for stem in recipes} & recipes
    folder = tmp_path_factory.mktemp("sources")
    return {
        path.stem: str(train_two_steps(path, toy_paths, folder / path.stem)) for path in CONFIGS if path.stem in bases
    }


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_trains_two_steps_and_loads(path, toy_paths, source_models, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    source_model = source_models.get(path.stem.rpartition("_")[0], "")
    sources = {"source": toy_paths["train"], "source_dev": toy_paths["dev"], "source_model": source_model}
    paths = {**toy_paths, **sources, "transformer": minilm()}
    loaded = spacy.load(train_two_steps(path, paths, tmp_path / "out"))
    assert [len(doc) for doc in loaded.pipe(["No fever.", ""])] == [3, 0]
    assert not {"ner_source", "alignment"} & set(loaded.pipe_names)
