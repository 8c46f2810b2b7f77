"""Recipes are put together from parts: a setting stands in one, and the order of parts of one size decides nothing."""

import re
from dataclasses import replace
from itertools import groupby

import pytest
from spacy.util import load_config
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.recipes import compose as composing
from spacy_clinner.recipes.compose import PARTS, compose, find_parts
from spacy_clinner.recipes.recipe import RECIPES, Recipe, find_recipe


def flat(settings, prefix=""):
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def differences(one, other):
    one, other = (dict(flat(compose(recipe))) for recipe in (one, other))
    return {name for name in one.keys() | other.keys() if one.get(name, ...) != other.get(name, ...)}


def test_every_part_is_of_a_recipe():
    assert {part for recipe in RECIPES for part in find_parts(recipe)} == set(PARTS.iterdir())
    assert len({recipe.name for recipe in RECIPES}) == len(RECIPES)


def test_parts_of_one_size_agree(monkeypatch):
    def turned(recipe):
        sizes = groupby(find_parts(recipe), key=lambda part: (part.stem == "frame", part.stem.count("+")))
        return [part for _, parts in sizes for part in reversed(list(parts))]

    composed = {recipe: compose(recipe) for recipe in RECIPES}
    monkeypatch.setattr(composing, "find_parts", turned)
    for recipe, config in composed.items():
        assert dict(compose(recipe)) == dict(config), recipe.name


def test_hashed_words_are_hidden_where_entities_alone_are_learned():
    for recipe in RECIPES:
        found = {name: value for name, value in flat(compose(recipe)) if "token_dropout" in name}
        if "bilstm" in recipe.encoder:
            hidden = recipe.task == "ner" and recipe.corpus == "any"
            assert {name.rpartition(".")[2]: value for name, value in found.items()} == (
                {"words": 0.5} if hidden else {"token_dropout": None}
            )
        else:
            assert not found


def test_no_block_is_left_over():
    for recipe in RECIPES:
        config = compose(recipe)
        assert "@block" not in config.to_str() and "blocks" not in config
        named = set(re.findall(r"\$\{paths\.(\w+)\}", config.to_str()))
        assert set(config["paths"]) == named | {"train", "dev", "vectors", "init_tok2vec"}


LENGTH = {"training.max_steps", "training.eval_frequency", "training.optimizer.learn_rate.warmup_steps"}


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if recipe.method == "finetune"], ids=lambda r: r.name)
def test_finetuning_is_the_recipe_in_other_steps(recipe):
    assert differences(recipe, replace(recipe, method="base")) <= LENGTH | {"training.batcher.size"}


def test_names_tell_the_choices():
    assert find_recipe().name == "ner_charcnn-bilstm_crf"
    assert find_recipe("ner", "demo", method="replay").name == "ner_demo_charcnn-bilstm_crf_replay"
    assert find_recipe("rel-documents", encoder="transformer", head="gold").name == "rel-documents_transformer"
    with pytest.raises(ValueError, match=r"CE354.*\(ner_hashcnn_crf_ladtl\).*ner_charcnn-bilstm_crf_ladtl"):
        find_recipe(encoder="hashcnn", method="ladtl")
    with pytest.raises(ValueError, match=r"CE354.*\(ner_bert_crf\).*ner_transformer_crf"):
        find_recipe(encoder="bert")


def test_language_and_vectors():
    config = compose(Recipe(), lang="es", vectors="corpus/vectors-es")
    assert (config["nlp"]["lang"], config["paths"]["vectors"]) == ("es", "corpus/vectors-es")
    with pytest.raises(ValueError, match="CE357.*ner_demo_charcnn-bilstm_crf "):
        compose(Recipe(corpus="demo"), vectors="corpus/vectors")


def init_recipe(*args):
    return CliRunner().invoke(clinner_cli, ["init-recipe", *map(str, args)])


def test_command_writes_a_recipe(tmp_path):
    path = tmp_path / "new" / "mine.cfg"
    result = init_recipe(path, "--task", "rel-lines", "--encoder", "charlstm-bilstm", "--lang", "de")
    assert result.exit_code == 0 and "rel-lines_charlstm-bilstm" in result.output
    assert load_config(path) == compose(Recipe("rel-lines", encoder="charlstm-bilstm", head="gold"), lang="de")
    written = path.read_bytes()
    assert init_recipe(path).exit_code == 2 and path.read_bytes() == written
    assert init_recipe(path, "--method", "none", "--force").exit_code == 1 and path.read_bytes() == written
    assert init_recipe(path, "--force").exit_code == 0 and load_config(path) == compose(Recipe())


def test_a_language_that_spacy_does_not_know(tmp_path):
    result = CliRunner().invoke(clinner_cli, ["init-recipe", str(tmp_path / "out.cfg"), "--lang", "zz"])
    assert result.exit_code == 1 and "CE008" in result.output and not (tmp_path / "out.cfg").exists()
