"""What a listener is: the part of a component's model that receives the rows of a shared encoder.

spaCy's and those of spacy-transformers are classes of their own; what they share is that they name their encoder.
"""

from spacy.pipeline.tok2vec import Tok2VecListener
from thinc.api import Model


def listeners_of(model: Model) -> list[Model]:
    """RETURNS (List[Model]): The listeners in a model."""
    return [node for node in model.walk() if hasattr(node, "upstream_name")]


def hears_transformer(listener: Model) -> bool:
    """RETURNS (bool): Whether a listener's encoder leaves its rows in `doc._.trf_data`, not in `doc.tensor`."""
    return not isinstance(listener, Tok2VecListener)


def listener_at(node: Model) -> Model | None:
    """RETURNS (Optional[Model]): The listener that a node is, or that it pools the rows of; None if it is another."""
    if node.has_ref("listener"):
        node = node.get_ref("listener")
    return node if hasattr(node, "upstream_name") else None
