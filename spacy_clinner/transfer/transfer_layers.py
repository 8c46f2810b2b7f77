"""Callback that starts a pipeline from the weights of another one, layer by layer."""

import warnings
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.util import load_model, logger, registry
from thinc.api import Model

from ..assembly.relink import relink
from ..errors import Errors, Warnings
from ..models.vocab_vectors import READERS
from .block_update import let_learn_by_blocks
from .blocks import Entry
from .layer_names import address_in_encoder, find_encoder, find_tagger, layers_up_to
from .plan import BlockSettings, Plan, make_plans, read_settings
from .report import META_KEY, build_report, log_report


@registry.callbacks("spacy_clinner.transfer_layers.v1")
def create_transfer_layers(
    source: Path | str | None = None,
    blocks: dict[str, dict[str, Any]] | None = None,
    up_to: str | None = None,
    pipe: str | None = None,
    pull: float = 0.0,
) -> Callable[[Language], Language]:
    """Make a callback for `[initialize] after_init` that loads layers of a trained pipeline.

    Give either `blocks` or `up_to`. Weights that no block loads keep their initial values.

    source (Optional[Union[Path, str]]): Folder of the trained pipeline. Null: nothing is transferred, and blocks that
        would load are left out with all that they ask for.
    blocks (Optional[Dict[str, Dict[str, Any]]]): What is to become of which weights, by a name of your choice; settings
        as `BlockSettings`. Where blocks overlap, the narrower decides.
    up_to (Optional[str]): Highest of the six layers of Lee et al. 2017 to load, with all below: "token_embeddings",
        "character_embeddings", "character_encoder", "token_encoder", "fully_connected" or "crf".
    pipe (Optional[str]): With `up_to`, name of the tagger; found if there is one only. The source's tagger of that name
        is taken, or its only one, or its encoder where it has no tagger.
    pull (float): Strength of the pull of the blocks' weights back to their values after the transfer; a block's own
        `pull` comes first.
    RETURNS (Callable[[Language], Language]): The callback. It keeps a report in `nlp.meta["clinner_transfer"]`.
    RAISES (ValueError): CE231 on wrong settings. The callback: CE230 if `source` is no pipeline, CE233 to CE243, CE434.
    Source: Lee, Dernoncourt & Szolovits 2017, section 3; the pull is L2-SP, Li, Grandvalet & Davoine 2018, equation 4.
    """
    if (blocks is None) == (up_to is None):
        raise ValueError(Errors.CE231.format(problem="it wants either `blocks` or `up_to`"))
    settings = read_settings(blocks or {}, pull)
    if source is None:
        settings = {name: block for name, block in settings.items() if not block.loads}
        if not settings:
            return transfer_nothing
    source = None if source is None else Path(source)
    return partial(transfer_layers, source=source, blocks=settings, up_to=up_to, pipe=pipe, pull=pull)


def transfer_nothing(nlp: Language) -> Language:
    """Leave a pipeline as it is.

    nlp (Language): The pipeline, initialised.
    RETURNS (Language): The same pipeline.
    """
    logger.info("No layers are transferred: `source` of spacy_clinner.transfer_layers.v1 is null")
    return nlp


def transfer_layers(
    nlp: Language,
    *,
    source: Path | None,
    blocks: dict[str, BlockSettings],
    up_to: str | None = None,
    pipe: str | None = None,
    pull: float = 0.0,
) -> Language:
    """Load layers of a trained pipeline, say how they learn, and link the components.

    nlp (Language): The pipeline, initialised.
    source (Optional[Path]), up_to (Optional[str]), pipe (Optional[str]), pull (float): As `create_transfer_layers`.
    blocks (Dict[str, BlockSettings]): The blocks; those of `up_to` are added.
    RETURNS (Language): The same pipeline.
    """
    if _is_pretraining(nlp):
        logger.info("No layers are transferred: no component is initialized yet (`spacy pretrain`)")
        return nlp
    source_nlp = None if source is None else _load_source(source)
    absent: list[str] = []
    if up_to is not None:
        assert source_nlp is not None, "layers that are loaded have a source (CE231)"
        blocks, absent = _blocks_up_to(nlp, source_nlp, up_to, pipe, pull)
    plans = make_plans(nlp, source_nlp, blocks)
    _warn_of_vectors(nlp, source_nlp, plans)
    for plan in plans:
        if plan.settings.reinit:
            _draw_anew(plan.entries)
        for entry in plan.entries:
            if entry.value is not None:
                entry.node.get_param(entry.name)[entry.index] = entry.value
        if plan.settings.is_learning_rule:
            let_learn_by_blocks(plan.block.pipe)
            plan.block.pipe.learn_block(
                [(entry.node, entry.name, entry.index) for entry in plan.entries],
                freeze=plan.settings.freeze,
                lr_scale=plan.settings.lr_scale,
                pull=plan.settings.pull,
            )
    nlp.meta[META_KEY] = build_report(nlp, source_nlp, plans, absent)
    log_report(nlp.meta[META_KEY])
    return relink(nlp)


def _is_pretraining(nlp: Language) -> bool:
    """`spacy pretrain` runs the callback over disabled components without weights; sourced ones have theirs."""
    nodes = [
        node
        for _, component in nlp.components
        if isinstance(model := getattr(component, "model", None), Model)
        for node in model.walk()
    ]
    return not nlp.pipe_names and any(node.has_param(name) is None for node in nodes for name in node.param_names)


def _load_source(source: Path) -> Language:
    if not (source / "config.cfg").is_file():
        raise ValueError(Errors.CE230.format(path=source))
    return load_model(source)


def _blocks_up_to(
    nlp: Language, source: Language, up_to: str, pipe: str | None, pull: float
) -> tuple[dict[str, BlockSettings], list[str]]:
    """Blocks of all layers up to one, and those layers that this pipeline does not have."""
    target_name = find_tagger(nlp, pipe, "target")
    layers = layers_up_to(nlp, target_name, up_to)
    source_of = _addresses_in(source, target_name, up_to)
    blocks = {
        address: BlockSettings(address, source_of(address), pull=pull)
        for addresses in layers.values()
        for address in addresses
    }
    return blocks, [name for name, addresses in layers.items() if not addresses]


def _addresses_in(source: Language, target: str, up_to: str) -> Callable[[str], str]:
    """Where parts of the target's tagger are in the source: in its tagger, or in an encoder that is alone."""
    if (encoder := find_encoder(source)) is None:
        name = find_tagger(source, target if target in source.component_names else None, "source")
        return lambda address: address.replace(target, name, 1)

    def address_of(address: str) -> str:
        found = address_in_encoder(address, target, encoder)
        if found is None:
            raise ValueError(Errors.CE434.format(layer=up_to, encoder=encoder))
        return found

    return address_of


def _draw_anew(entries: Iterable[Entry]) -> None:
    """Draw initial values for some parameters; others of the same layers stay."""
    names: dict[int | str, set[str]] = {}
    # not of torch: what it holds cannot be drawn (CE242)
    nodes: dict[int | str, Any] = {entry.node.id: entry.node for entry in entries}
    for entry in entries:
        names.setdefault(entry.node.id, set()).add(entry.name)
    for node in nodes.values():
        kept = {name: node.get_param(name).copy() for name in node.param_names if name not in names[node.id]}
        node.initialize()
        for name, value in kept.items():
            node.set_param(name, value)


def _warn_of_vectors(nlp: Language, source: Language | None, plans: Iterable[Plan]) -> None:
    for plan in plans:
        if source is not None and plan.settings.loads and any(node.name in READERS for node in plan.block.nodes):
            ours, theirs = nlp.vocab.vectors.data, source.vocab.vectors.data
            if ours.shape != theirs.shape or (ours != theirs).any():
                warnings.warn(Warnings.CW230.format(block=plan.name), stacklevel=2)
