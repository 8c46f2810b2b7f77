"""Blocks of a transfer as settings, and the weights that each of them will change: all is checked here."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from spacy.language import Language

from ..errors import Errors
from .block_update import can_learn_by_blocks
from .blocks import Block, Entry, all_entries, find_block, pair_entries, shared_labels


@dataclass(frozen=True)
class BlockSettings:
    """What is to become of a block.

    target (str): Address of the weights.
    source (Optional[str]): Address in the source pipeline, if it is another one.
    load (bool): Whether to load the source's weights.
    reinit (bool): Whether to draw the weights anew instead.
    freeze (bool): Whether to leave them unchanged in training.
    lr_scale (float): Learning rate as a multiple of the component's.
    pull (float): Strength of the pull back to the values after the transfer.
    """

    target: str
    source: str | None = None
    load: bool = True
    reinit: bool = False
    freeze: bool = False
    lr_scale: float = 1.0
    pull: float = 0.0

    @property
    def loads(self) -> bool:
        return self.load and not self.reinit

    @property
    def source_address(self) -> str:
        return self.source or self.target

    @property
    def is_learning_rule(self) -> bool:
        return self.freeze or self.lr_scale != 1.0 or self.pull != 0.0


class Plan(NamedTuple):
    """A block with the weights that it changes, and the labels whose weights are among them (None: of no labels)."""

    name: str
    settings: BlockSettings
    block: Block
    entries: list[Entry]
    labels: list[str] | None


_TYPES: dict[str, Any] = {"target": str, "source": (str, type(None)), "load": bool, "reinit": bool, "freeze": bool}


def read_settings(blocks: Mapping[str, Mapping[str, Any]], pull: float) -> dict[str, BlockSettings]:
    """Check the blocks of a config.

    blocks (Mapping[str, Mapping[str, Any]]): Settings of each block by a name of the user's choice.
    pull (float): The pull of blocks that name none of their own.
    RETURNS (Dict[str, BlockSettings]): The same, with defaults filled in.
    RAISES (ValueError): CE231 if a setting is unknown, misses or has a wrong value.
    """
    return {name: _read_block(name, {"pull": pull, **settings}) for name, settings in blocks.items()}


def _read_block(name: str, settings: dict[str, Any]) -> BlockSettings:
    known = [field.name for field in fields(BlockSettings)]
    problems = [f"it has no `{key}`" for key in ["target"] if key not in settings]
    problems += [f"`{key}` is no setting of a block" for key in settings if key not in known]
    for key in known:
        value: Any = settings.get(key)
        wanted = _TYPES.get(key, (int, float))
        is_number = wanted == (int, float)
        if key in settings and (not isinstance(value, wanted) or is_number and (isinstance(value, bool) or value < 0)):
            problems.append(f"`{key}` is {value!r}")
    if problems:
        raise ValueError(Errors.CE231.format(problem=f"block {name!r}: {', '.join(problems)}"))
    return BlockSettings(**settings)


def make_plans(nlp: Language, source: Language | None, blocks: Mapping[str, BlockSettings]) -> list[Plan]:
    """Find the weights that each block changes, and check that it can.

    Where blocks overlap, weights go with the narrower one: "all of the encoder, but its characters frozen".

    nlp (Language): The target pipeline.
    source (Optional[Language]): The source pipeline, unless no block loads.
    blocks (Mapping[str, BlockSettings]): The blocks by name.
    RETURNS (List[Plan]): A plan for each block; no weights are in two.
    RAISES (ValueError): CE233 to CE237 as `find_block` and `pair_entries`; CE238 if a component cannot learn by blocks,
        CE242 if weights that torch keeps are to be drawn anew; CE239 if weights are not initialised; CE243 if
        two blocks name the same weights; CE355 if a block names none.
    """
    plans = [_plan(nlp, source, name, settings) for name, settings in blocks.items()]
    owners: dict[tuple[int | str, str], Plan] = {}
    for plan in sorted(plans, key=lambda plan: len(plan.entries), reverse=True):
        for entry in plan.entries:
            other = owners.get(entry.key)
            if other is not None and len(other.entries) == len(plan.entries):
                raise ValueError(Errors.CE243.format(one=other.name, other=plan.name, param=entry.name))
            owners[entry.key] = plan
    return [plan._replace(entries=[e for e in plan.entries if owners[e.key] is plan]) for plan in plans]


def _plan(nlp: Language, source: Language | None, name: str, settings: BlockSettings) -> Plan:
    block = find_block(nlp, settings.target, name)
    if not all_entries(block):
        raise ValueError(Errors.CE355.format(block=name, address=block.address, pipe=block.pipe.name))
    if block.is_in_torch and settings.reinit:
        raise ValueError(Errors.CE242.format(block=name, address=block.address, pipe=block.pipe.name))
    if settings.is_learning_rule and not can_learn_by_blocks(block.pipe):
        raise ValueError(Errors.CE238.format(block=name, address=settings.target, pipe=block.pipe.name))
    _check_initialized(nlp, name, block)
    if not settings.loads:
        return Plan(name, settings, block, all_entries(block), None)
    assert source is not None, "blocks that load have a source (CE231)"
    other = find_block(source, settings.source_address, name)
    _check_initialized(source, name, other)
    return Plan(name, settings, block, pair_entries(name, block, other), shared_labels(block, other))


def _check_initialized(nlp: Language, name: str, block: Block) -> None:
    for entry in all_entries(block):
        if not entry.node.has_param(entry.name):
            pipeline = f"{nlp.meta['lang']}_{nlp.meta['name']}"
            param = f"{entry.node.name}.{entry.name}"
            raise ValueError(Errors.CE239.format(block=name, address=block.address, param=param, pipeline=pipeline))
