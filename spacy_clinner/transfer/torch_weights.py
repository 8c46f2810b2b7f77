"""Weights that torch keeps, such as a transformer's, addressed like those of Thinc: by name, as arrays."""

import hashlib

from thinc.api import Model, PyTorchShim, Shim, torch2xp
from thinc.types import FloatsXd

# What stands for the weights of a module that is not there yet.
_NOT_YET = ("weights",)


class TorchNode:
    """The torch module of a layer. Its arrays are the tensors' own memory: what is written to them, the module has.

    id (str): Unique in the pipeline.
    step_id (int): What an optimizer knows the module by.
    name (str): Name of the layer.
    attrs (Dict[str, str]): "vocabulary": a checksum of the word pieces that a transformer's rows stand for.
    param_names (Tuple[str, ...]): Names of the weights.
    """

    def __init__(self, node: Model, number: int) -> None:
        """Address a module.

        node (Model): The layer.
        number (int): Which of its modules.
        """
        shim = node.shims[number]
        module = shim._model if isinstance(shim, PyTorchShim) else None
        self._tensors = {} if module is None else module.state_dict()
        self.id = f"{node.id}/{number}"
        self.step_id = shim.id
        self.name = node.name
        self.param_names = tuple(self._tensors) or _NOT_YET
        self.attrs = _vocabulary(shim)

    def has_param(self, name: str) -> bool:
        """RETURNS (bool): Whether weights have a value."""
        return name in self._tensors

    def get_param(self, name: str) -> FloatsXd:
        """RETURNS (FloatsXd): Weights."""
        return torch2xp(self._tensors[name])


def weight_nodes(model: Model) -> list[Model | TorchNode]:
    """RETURNS (List[Union[Model, TorchNode]]): All that has weights in a model: its layers, and torch's modules."""
    nodes = list(model.walk())
    return [*nodes, *(TorchNode(node, number) for node in nodes for number in range(len(node.shims)))]


def step_key(node: Model | TorchNode, name: str) -> tuple[int, str]:
    """RETURNS (Tuple[int, str]): What an optimizer knows weights by."""
    return node.step_id if isinstance(node, TorchNode) else node.id, name


def _vocabulary(shim: Shim) -> dict[str, str]:
    """spacy-transformers keeps the tokenizer beside the transformer."""
    tokenizer = getattr(getattr(shim, "_hfmodel", None), "tokenizer", None)
    if tokenizer is None:
        return {}
    pieces = sorted(tokenizer.get_vocab().items())
    return {"vocabulary": hashlib.sha256(repr(pieces).encode()).hexdigest()[:8]}
