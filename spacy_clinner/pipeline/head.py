"""The base of all components that learn from an encoder's rows: taggers, the relation extractor, the aligner."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from spacy.language import Language
from spacy.pipeline.trainable_pipe import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from thinc.api import Model, Optimizer, set_dropout_rate

from ..errors import Warnings
from ..models.listening import answer_with_zeros
from ..transfer.block_update import LearnsByBlocks
from .piping import PipesDocuments
from .stored_weights import StoredWeights


class Head(PipesDocuments, StoredWeights, LearnsByBlocks, TrainablePipe, ABC):
    """A component that learns from a batch in one pass forward and one back, and from each block of weights in its way.

    A subclass is its own factory, so its `__init__` takes `nlp` and `name`, and says in `learn` what is to be learned.
    Its settings lie in `cfg`, which is saved; `lr_scale` is the learning rate as a multiple of the training's.
    """

    def __init__(self, nlp: Language, name: str, model: Model, scorer: Callable | None = None, **cfg: Any) -> None:
        """Set up a component around a model.

        nlp (Language): The pipeline.
        name (str): Name of the component instance.
        model (Model): The model.
        scorer (Optional[Callable]): The scoring method.
        **cfg (Any): The settings, labels among them.
        """
        self.vocab = nlp.vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = cfg
        # of the batches since the weights were last moved: whether there was anything to learn from them
        self._taught: set[bool] = set()
        self.forget_blocks()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the model's output."""
        return tuple(self.cfg.get("labels", ()))

    @property
    def label_numbers(self) -> dict[str, int]:
        """The number of each label in the model's output."""
        return {label: number for number, label in enumerate(self.labels)}

    @abstractmethod
    def learn(self, examples: list[Example], outputs: Any) -> tuple[float, Any]:
        """Compare what the model returned with the gold.

        examples (List[Example]): The batch.
        outputs (Any): What the model returned for the predicted documents.
        RETURNS (Tuple[float, Any]): The loss, and its gradient by the outputs: zero where there is no gold.
        """

    def is_taught(self, examples: list[Example]) -> bool:
        """Tell whether a batch has anything to learn from; if not, the model need not read it.

        examples (List[Example]): The batch.
        RETURNS (bool): False if the gradient would be zero for certain.
        """
        return True

    def is_judged_by(self, reference: Doc) -> bool:
        """Tell whether a gold document may say anything about this head; if not, nobody has to annotate it for that.

        reference (Doc): The document.
        RETURNS (bool): False if it certainly does not.
        """
        return True

    def check_batch(self, examples: list[Example]) -> None:
        """See that a batch can be learned from, before the model reads it.

        examples (List[Example]): The batch.
        """

    def pull_weights(self) -> dict[str, float]:
        """Add the gradients of what is asked of the weights themselves, after those of the batch.

        RETURNS (Dict[str, float]): Its losses, by name.
        """
        return {}

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch; an encoder that is listened to always gets an answer, zero where there is no gold.

        examples (Iterable[Example]): The batch.
        drop (float): The dropout rate.
        sgd (Optional[Optimizer]): The optimizer; without one, gradients stay until `finish_update`.
        losses (Optional[Dict[str, float]]): Losses by component, added to.
        RETURNS (Dict[str, float]): The losses.
        RAISES (ValueError): As `check_batch` and `learn`.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        self.check_batch(examples)
        docs = [example.predicted for example in examples]
        loss, taught = 0.0, self.is_taught(examples)
        if taught or not answer_with_zeros(self.model, docs):
            set_dropout_rate(self.model, drop)
            outputs, backprop = self.model.begin_update(docs)
            loss, gradient = self.learn(examples, outputs)
            backprop(gradient)
        pulls = self.pull_weights()
        for name, of_weights in pulls.items():
            losses[name] = losses.get(name, 0.0) + of_weights
        self._taught.add(taught or bool(pulls))
        if sgd not in (None, False):
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses

    def take_pull(self) -> None:
        """Move the weights next time, whatever the batch says: another head has added to their gradients."""
        self._taught.add(True)

    def finish_update(self, sgd: Optimizer) -> None:
        """Move the weights by their gradients; they rest where no batch had anything for this head.

        Momentum and weight decay would else go on moving a head of one corpus in the batches of all others.

        sgd (Optimizer): The optimizer.
        """
        rests = self._taught == {False}
        self._taught.clear()
        if not rests:
            super().finish_update(sgd)


def warn_of_others(head: Head, labels: Iterable[str]) -> None:
    """Warn (CW383) of labels in a gold that is to judge a head which does not know them.

    head (Head): The head.
    labels (Iterable[str]): Labels of the gold.
    """
    if others := sorted(set(labels) - set(head.labels)):
        warnings.warn(Warnings.CW383.format(name=head.name, labels=", ".join(others)), stacklevel=3)
