"""Put the config of a recipe together from its parts.

A part is a piece of a config, and its file's name says when it holds: `demo+replay.cfg` where "demo" and "replay" are
both chosen. The more words, the later it comes, so what holds for both overrides what holds for one.

A part may name a block of `[blocks]` in place of settings: `@block = "encoder"`. Further settings beside it override
the block's, and `@block = null` leaves a block out.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy.util import CONFIG_SECTION_ORDER, load_config
from thinc.api import Config

from ..configs import check_language
from ..errors import Errors
from .recipe import FRAME, Recipe

PARTS = Path(__file__).parent / "parts"
BLOCK = "@block"
PATH = "${paths.%s}"
# those of every pipeline of spaCy's
SPACY_PATHS = {"train", "dev", "vectors", "init_tok2vec"}


def compose(recipe: Recipe, lang: str | None = None, vectors: str | None = None) -> Config:
    """Make the config of a recipe, filled: with all settings that its functions have.

    recipe (Recipe): The recipe.
    lang (Optional[str]): Code of the language; None: the recipe's.
    vectors (Optional[str]): Word vectors, which `--paths.vectors` would name else.
    RETURNS (Config): The config, its references as they are written.
    RAISES (ValueError): CE357 if there are vectors and the recipe reads none, CE008 for an unknown language.
    """
    merged: dict[str, Any] = {}
    for part in find_parts(recipe):
        merged = merge(merged, load_config(part))
    blocks = merged.pop("blocks")
    config = Config(_place(merged, blocks), is_interpolated=False, section_order=CONFIG_SECTION_ORDER)
    _drop_idle_paths(config)
    if lang is not None:
        check_language(lang)
        config["nlp"]["lang"] = lang
    if vectors is not None:
        if config["initialize"]["vectors"] is None:
            raise ValueError(Errors.CE357.format(name=recipe.name))
        config["paths"]["vectors"] = vectors
    return config


def find_parts(recipe: Recipe) -> list[Path]:
    """Find the parts of a recipe.

    recipe (Recipe): The recipe.
    RETURNS (List[Path]): Their files, those of more words later.
    """
    parts = {path: path.stem.split("+") for path in sorted(PARTS.glob("*.cfg"))}
    chosen = [path for path, words in parts.items() if recipe.words.issuperset(words)]
    return sorted(chosen, key=lambda path: (path.stem != FRAME, len(parts[path])))


def merge(settings: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Override settings, and leave them in their order.

    settings (Mapping[str, Any]): The settings.
    overrides (Mapping[str, Any]): What comes over them. A block of another function replaces the whole block.
    RETURNS (Dict[str, Any]): Both; new settings last.
    """
    # within a section, as a config sorts its sections
    merged = Config({"": settings}).merge({"": overrides})[""]
    return _in_order(merged, settings)


def _in_order(config: Mapping[str, Any], order: Any) -> dict[str, Any]:
    """`Config.merge` puts overrides first."""
    known = [name for name in order if name in config] if isinstance(order, Mapping) else []
    return {
        name: _in_order(config[name], order[name] if name in known else None)
        if isinstance(config[name], Mapping)
        else config[name]
        for name in [*known, *(name for name in config if name not in known)]
    }


def _place(settings: Mapping[str, Any], blocks: Mapping[str, Any]) -> dict[str, Any]:
    """Put blocks where they are named."""
    settings = dict(settings)
    while BLOCK in settings:
        settings = merge(blocks[settings.pop(BLOCK)], settings)
    return {
        name: _place(value, blocks) if isinstance(value, Mapping) else value
        for name, value in settings.items()
        if not (isinstance(value, Mapping) and value.get(BLOCK, "") is None)
    }


def _drop_idle_paths(config: Config) -> None:
    """Leave out paths that nothing reads."""
    text = config.to_str()
    for name in set(config["paths"]) - SPACY_PATHS:
        if PATH % name not in text:
            del config["paths"][name]
