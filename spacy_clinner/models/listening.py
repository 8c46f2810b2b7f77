"""What a listener is: the part of a component's model that receives the rows of a shared encoder.

spaCy's and those of spacy-transformers are classes of their own; what they share is that they name their encoder.
"""

from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model


def listeners_of(model: Model) -> list[Model]:
    """RETURNS (List[Model]): The listeners in a model."""
    return [node for node in model.walk() if hasattr(node, "upstream_name")]


def hears_transformer(listener: Model) -> bool:
    """RETURNS (bool): Whether a listener's encoder leaves its rows in `doc._.trf_data`, not in `doc.tensor`."""
    return not isinstance(listener, Tok2VecListener)


def answer_with_zeros(model: Model, docs: list[Doc]) -> bool:
    """Tell the encoders that a model listens to that it has nothing to teach them; its layers are not run.

    model (Model): a component's model.
    docs (List[Doc]): the batch, which the encoders have read.
    RETURNS (bool): False if a transformer is listened to, whose listener takes no rows back: nothing was told then.
    """
    listeners = listeners_of(model)
    if any(map(hears_transformer, listeners)):
        return False
    for listener in listeners:
        rows, backprop = listener.begin_update(docs)
        backprop([model.ops.alloc2f(*of_doc.shape) for of_doc in rows])
    return True


def listener_at(node: Model) -> Model | None:
    """RETURNS (Optional[Model]): The listener that a node is, or that it pools the rows of; None if it is another."""
    if node.has_ref("listener"):
        node = node.get_ref("listener")
    return node if hasattr(node, "upstream_name") else None
