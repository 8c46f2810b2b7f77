"""Addresses of parts of a pipeline's models: `pipe:name.name`, as in `ner:tok2vec.embed.chars`.

A name is a reference of the model so far (`get_ref`), or at the end one of its parameters. Where the model so far wraps
one layer only, the layer's names count as well. A listener stands for the encoder that it listens to, a `tok2vec` or a
`transformer`, so one address serves a pipeline with a shared encoder and one without.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.ty import ListenedToComponent
from thinc.api import Model
from thinc.types import FloatsXd

from ..errors import Errors
from ..layers.tags.entries import label_entries
from ..models.listening import listener_at
from .torch_weights import TorchNode, weight_nodes

# Attributes that say what the rows of a table stand for. Tables of equal shape that differ in them are not the same.
_MEANINGS = ("columns", "column", "seed", "characters", "vocabulary")
# Refs of a CRF tagger's model whose weights belong to labels.
_LABEL_BOUND = ("emissions", "crf")


class Block(NamedTuple):
    """What an address names.

    address (str): The address.
    pipe (Any): The component that owns the weights: for a listener, the encoder listened to.
    node (Model): The part of its model.
    param (Optional[str]): The only parameter that is meant; None for all below the node.
    """

    address: str
    pipe: Any
    node: Model
    param: str | None

    @property
    def nodes(self) -> list[Model | TorchNode]:
        return [self.node] if self.param else weight_nodes(self.node)

    @property
    def is_in_torch(self) -> bool:
        """Whether torch keeps some of the weights."""
        return any(isinstance(node, TorchNode) for node in self.nodes)

    def has_part(self, name: str) -> bool:
        """RETURNS (bool): Whether an address may go on with a name."""
        return _step(self.node, name) is not None

    def param_names(self, node: Model | TorchNode) -> tuple[str, ...]:
        return (self.param,) if self.param else node.param_names

    @property
    def label_bound(self) -> set[int]:
        """Ids of the nodes whose weights belong to labels by name."""
        if not is_tagger(self.pipe):
            return set()
        return {self.pipe.model.get_ref(name).id for name in _LABEL_BOUND} & {node.id for node in self.nodes}

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The labels of such weights; None if the block has none."""
        return tuple(self.pipe.labels) if self.label_bound else None


class Entry(NamedTuple):
    """Some weights of a block: where they are, and what they are to become (None: left as they are)."""

    node: Model | TorchNode
    name: str
    index: Any = ...
    value: FloatsXd | None = None

    @property
    def key(self) -> tuple[int | str, str]:
        return self.node.id, self.name

    @property
    def size(self) -> int:
        return self.node.get_param(self.name)[self.index].size


def find_block(nlp: Language, address: str, block: str) -> Block:
    """Find the part of a pipeline that an address names.

    nlp (Language): The pipeline; its disabled components count, too.
    address (str): The address.
    block (str): Name of the block in the config, for errors.
    RETURNS (Block): The part.
    RAISES (ValueError): CE233 if there is no such component, CE234 if a name does not exist.
    """
    pipe_name, _, path = address.partition(":")
    if pipe_name not in nlp.component_names:
        raise ValueError(Errors.CE233.format(block=block, name=pipe_name, pipes=", ".join(nlp.component_names)))
    pipe = nlp.get_pipe(pipe_name)
    node, param = getattr(pipe, "model", None), None
    for name in path.split(".") if path else []:
        found = None if param or not isinstance(node, Model) else _step(node, name)
        if found is None:
            known = [] if param or not isinstance(node, Model) else _names(node)
            raise ValueError(
                Errors.CE234.format(block=block, address=address, name=name, known=", ".join(known) or "none")
            )
        pipe, node = _follow(nlp, pipe, found[0])
        param = found[1]
    if not isinstance(node, Model):
        raise ValueError(Errors.CE234.format(block=block, address=address, name=pipe_name, known="none"))
    return Block(address, pipe, node, param)


def is_tagger(pipe: Any) -> bool:
    """RETURNS (bool): Whether a component is a CRF tagger with weights that belong to labels."""
    model = getattr(pipe, "model", None)
    return isinstance(model, Model) and all(model.has_ref(name) for name in _LABEL_BOUND)


def all_entries(block: Block) -> list[Entry]:
    """RETURNS (List[Entry]): All weights of a block, to be left as they are."""
    return [Entry(node, name) for node in block.nodes for name in block.param_names(node)]


def pair_entries(name: str, target: Block, source: Block) -> list[Entry]:
    """Pair the weights of two blocks, those of labels by the labels' names.

    name (str): Name of the block in the config, for errors.
    target (Block), source (Block): The blocks, initialised.
    RETURNS (List[Entry]): The target's weights, with the source's as values.
    RAISES (ValueError): CE235 if shapes differ, CE236 if the layers do, CE237 if the blocks have no label in common.
    """
    ours, theirs = target.nodes, source.nodes
    if [_kind(node, target) for node in ours] != [_kind(node, source) for node in theirs]:
        raise ValueError(
            Errors.CE236.format(
                block=name, target=target.address, source=source.address, ours=_describe(ours), theirs=_describe(theirs)
            )
        )
    to, taken = _label_index(name, target, source)
    by_label = target.label_bound
    entries = []
    for node, other in zip(ours, theirs, strict=True):
        for param, other_param in zip(target.param_names(node), source.param_names(other), strict=True):
            old, new = node.get_param(param), other.get_param(other_param)
            index, value = ..., new
            if node.id in by_label:
                index, value = to.get(param, ...), new[taken.get(other_param, ...)]
            if old[index].shape != value.shape:
                raise ValueError(
                    Errors.CE235.format(
                        block=name,
                        target=target.address,
                        source=source.address,
                        param=f"{node.name}.{param}",
                        ours=old.shape,
                        theirs=new.shape,
                    )
                )
            entries.append(Entry(node, param, index, value))
    return entries


def shared_labels(target: Block, source: Block) -> list[str] | None:
    """RETURNS (Optional[List[str]]): Labels that both blocks have weights of; None if these are weights of no labels"""
    if target.labels is None or source.labels is None:
        return None
    return [label for label in target.labels if label in source.labels]


def _label_index(name: str, target: Block, source: Block) -> tuple[dict[str, Any], dict[str, Any]]:
    shared = shared_labels(target, source)
    if shared is None:
        return {}, {}
    # both have labels, if only none that are shared
    ours, theirs = target.labels or (), source.labels or ()
    if not shared:
        raise ValueError(Errors.CE237.format(block=name, ours=_quote(ours), theirs=_quote(theirs)))
    return _entries_of(shared, ours), _entries_of(shared, theirs)


def _entries_of(shared: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    return label_entries([labels.index(label) for label in shared], len(labels))


def _step(node: Model, name: str) -> tuple[Model, str | None] | None:
    while True:
        if node.has_ref(name):
            return node.get_ref(name), None
        if name in node.param_names:
            return node, name
        if len(node.layers) != 1:
            return None
        node = node.layers[0]


def _names(node: Model) -> list[str]:
    names = {name for name in node.ref_names if node.has_ref(name)} | set(node.param_names)
    return sorted(names | set(_names(node.layers[0]) if len(node.layers) == 1 else []))


def _follow(nlp: Language, pipe: Any, node: Model) -> tuple[Any, Model]:
    """Go from a listener to the last encoder before it that it listens to."""
    listener = listener_at(node)
    if listener is None:
        return pipe, node
    before = nlp.components[: nlp.component_names.index(pipe.name)]
    for name, upstream in reversed(before):
        if isinstance(upstream, ListenedToComponent) and listener.upstream_name in ("*", name):
            return upstream, upstream.model
    return pipe, node


def _kind(node: Model | TorchNode, block: Block) -> tuple:
    """What two layers must have in common before their weights can be compared."""
    meanings = {name: node.attrs[name] for name in _MEANINGS if name in node.attrs}
    return len(block.param_names(node)), None if block.param else node.param_names, meanings


def _describe(nodes: Sequence[Model | TorchNode]) -> str:
    parts = []
    for node in nodes:
        meanings = {name: node.attrs[name] for name in _MEANINGS if name in node.attrs}
        parts.append(f"{node.name} {meanings}" if meanings else node.name)
    return ", ".join(parts)


def _quote(labels: Sequence[str]) -> str:
    return ", ".join(labels) or "none"
