"""Leave out of a saved pipeline what only its training needed: source heads, aligners."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from spacy.language import Language
from spacy.ty import ListenedToComponent
from spacy.util import load_model_from_config, registry

from ..annotations.writers import written_groups
from ..errors import Errors
from .calibrated import META_KEY, tell_calibrations
from .performance import put_weighted_scores_first
from .settings import change_settings

CALLBACK = "spacy_clinner.drop_components.v1"
TRANSFER = "spacy_clinner.transfer_layers.v1"


@registry.callbacks("spacy_clinner.drop_components.v1")
def create_drop_components(names: list[str]) -> Callable[[Language], Language]:
    """Make a callback for `[training] before_to_disk` that saves the pipeline without some components.

    names (List[str]): Names of the components.
    RETURNS (Callable[[Language], Language]): `drop_components` of these names.
    """
    return partial(drop_components, names=names)


def drop_components(nlp: Language, names: Sequence[str]) -> Language:
    """Copy a pipeline without some of its components; the pipeline itself goes on training unchanged.

    nlp (Language): The pipeline.
    names (Sequence[str]): Names of the components to leave out.
    RETURNS (Language): The copy, over the same vocabulary. Its components forget those that were left out: heads that
        they are tied to, groups that they unite.
    RAISES (ValueError): CE233 if there is no such component, CE249 if one that stays listens to it, CE379 if one unites
        nothing else.
    """
    for name in names:
        if name not in nlp.component_names:
            raise ValueError(Errors.CE233.format(block=CALLBACK, name=name, pipes=", ".join(nlp.component_names)))
    _check_listeners(nlp, names)
    changed = _settings_without(nlp, names)
    put_weighted_scores_first(nlp)
    copy = load_model_from_config(_config_without(nlp, names), meta=deepcopy(nlp.meta), vocab=nlp.vocab)
    _copy_content(nlp.tokenizer, copy.tokenizer)
    component: Any
    for name, component in copy.components:
        _copy_content(nlp.get_pipe(name), component)
    for name, settings in changed.items():
        change_settings(copy, name, **settings)
    calibrated = copy.meta.get(META_KEY, {})
    if any(name in calibrated for name in names):
        tell_calibrations(copy, {name: found for name, found in calibrated.items() if name not in names})
    return copy


def _settings_without(nlp: Language, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What components that stay say of the settings that depend on the dropped ones."""
    kept = {name: pipe for name, pipe in nlp.components if name not in names}
    groups = written_groups(nlp, names) - written_groups(nlp, list(kept))
    asked = {name: getattr(pipe, "settings_without", None) for name, pipe in kept.items()}
    return {name: ask(names, groups) for name, ask in asked.items() if ask is not None}


def _check_listeners(nlp: Language, names: Sequence[str]) -> None:
    for name in names:
        encoder = nlp.get_pipe(name)
        if isinstance(encoder, ListenedToComponent):
            listeners = [listener for listener in encoder.listening_components if listener not in names]
            if listeners:
                raise ValueError(Errors.CE249.format(name=name, listeners=", ".join(listeners)))


def _copy_content(original: Any, copy: Any) -> None:
    exclude = ["vocab"]
    if hasattr(original, "to_bytes") and hasattr(copy, "from_bytes"):
        copy.from_bytes(original.to_bytes(exclude=exclude), exclude=exclude)
    elif hasattr(original, "to_disk") and hasattr(copy, "from_disk"):
        # a pipeline's folder holds what has no other way, too
        with TemporaryDirectory() as folder:
            original.to_disk(path := Path(folder) / "content", exclude=exclude)
            copy.from_disk(path, exclude=exclude)


def _config_without(nlp: Language, names: Sequence[str]) -> Any:
    config = nlp.config.copy()
    # a component's settings may be borrowed from those of a dropped one
    components = nlp.config.interpolate()["components"]
    config["components"] = {name: settings for name, settings in components.items() if name not in names}
    for section, key in (
        ("nlp", "pipeline"),
        ("nlp", "disabled"),
        ("training", "frozen_components"),
        ("training", "annotating_components"),
    ):
        kept = [name for name in config[section].get(key) or [] if name not in names]
        config[section][key] = kept
    initialize = config["initialize"].get("components", {})
    config["initialize"]["components"] = {name: value for name, value in initialize.items() if name not in names}
    transfer = config["initialize"].get("after_init") or {}
    if transfer.get("@callbacks") == TRANSFER and transfer.get("blocks"):
        blocks = transfer["blocks"].items()
        transfer["blocks"] = {block: value for block, value in blocks if value["target"].partition(":")[0] not in names}
    _forget_callback(config["training"], "before_to_disk")
    return config


def _forget_callback(settings: dict[str, Any], name: str) -> None:
    """What was left out cannot be left out again, also where another callback calls this one before."""
    callback = settings.get(name) or {}
    if callback.get("@callbacks") == CALLBACK:
        settings[name] = None
    elif "before" in callback:
        _forget_callback(callback, "before")
