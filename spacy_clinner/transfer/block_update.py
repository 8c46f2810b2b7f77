"""Components whose blocks of weights learn each in their own way: frozen, slower, or pulled to where they began."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast

from spacy.training import Example
from thinc.api import Model, Optimizer
from thinc.types import FloatsXd

from .torch_weights import TorchNode, step_key

# (node, name of the parameter, index of the weights in it)
Weights = tuple[Model | TorchNode, str, Any]


class Rule(NamedTuple):
    """How some weights of a parameter learn.

    index (Any): The weights that are frozen or pulled; `...` for all.
    origin (FloatsXd): Their values when the rule was made.
    freeze (bool), lr_scale (float), pull (float): As for `LearnsByBlocks.learn_block`.
    """

    index: Any
    origin: FloatsXd
    freeze: bool
    lr_scale: float
    pull: float


class LearnsByBlocks:
    """A trainable component that takes rules for blocks of its weights; they last as long as the training.

    A class mixes it in before spaCy's class, and calls `forget_blocks` when it is made and when it is initialized.
    """

    model: Model
    cfg: dict[str, Any]
    _rules: dict[tuple[int, str], Rule]

    def forget_blocks(self) -> None:
        """Let all weights learn alike."""
        self._rules = {}

    def learn_block(
        self, weights: Iterable[Weights], *, freeze: bool = False, lr_scale: float = 1.0, pull: float = 0.0
    ) -> None:
        """Make a rule for some weights, instead of the one they had.

        weights (Iterable[Weights]): Parameters of the model: node, name, and index of the weights that are meant.
        freeze (bool): Whether they stay as they are; weight decay leaves them alone, too.
        lr_scale (float): Learning rate of their whole parameters, as a multiple of the component's.
        pull (float): Strength s of a penalty s/2 ||w - w0||^2 that draws them to their present values w0 (L2-SP).
        Source: Li, Grandvalet & Davoine 2018, "Explicit inductive bias for transfer learning", equation 4.
        """
        for node, name, index in weights:
            origin = node.get_param(name)[index].copy()
            self._rules[step_key(node, name)] = Rule(index, origin, freeze, lr_scale, pull)

    def finish_update(self, sgd: Optimizer) -> None:
        """Apply the gradients at this component's own learning rate, each block's by its rule.

        sgd (Optimizer): The optimizer.
        """
        own_scale = self.cfg.get("lr_scale", 1.0)

        def step(
            key: tuple[int, str], weights: FloatsXd, gradient: FloatsXd, *, lr_scale: float = 1.0
        ) -> tuple[FloatsXd, FloatsXd]:
            rule = self._rules.get(key)
            if rule is None:
                return sgd(key, weights, gradient, lr_scale=own_scale * lr_scale)
            return _step_by_rule(sgd, key, weights, gradient, rule, own_scale * lr_scale)

        # called like an optimizer, which is all that Thinc does with it
        self.model.finish_update(cast(Optimizer, step))


class _Adopted(LearnsByBlocks):
    """What learns by blocks in the place of a component of another package."""

    cfg: dict[str, Any] = {}

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self.forget_blocks()

    @property
    def model(self) -> Model:  # type: ignore[override]
        return self._pipe.model

    def initialize(self, get_examples: Callable[[], Iterable[Example]], **settings: Any) -> None:
        """As the component does it by its own class."""
        self.forget_blocks()
        type(self._pipe).initialize(self._pipe, get_examples, **settings)


def can_learn_by_blocks(pipe: Any) -> bool:
    """Tell whether `let_learn_by_blocks` can do so.

    pipe (Any): A component.
    RETURNS (bool): False if it does not learn, or if, as spaCy's `ner` and `parser`, it is of a compiled class.
    """
    # the objects of a compiled class take no method of their own
    return hasattr(pipe, "finish_update") and hasattr(pipe, "__dict__")


def let_learn_by_blocks(pipe: Any) -> None:
    """Have a component of any package take rules for blocks of its weights, as long as the training lasts.

    pipe (Any): A component that `can_learn_by_blocks`, such as spaCy's `tok2vec` or the `transformer` of
        spacy-transformers.
    """
    if not isinstance(pipe, LearnsByBlocks) and not isinstance(getattr(pipe.finish_update, "__self__", None), _Adopted):
        adopted = _Adopted(pipe)
        # of this one component: the rules belong to its training, so nothing of them is saved
        pipe.learn_block, pipe.finish_update = adopted.learn_block, adopted.finish_update
        pipe.initialize = adopted.initialize


def _step_by_rule(
    sgd: Optimizer, key: tuple[int, str], weights: FloatsXd, gradient: FloatsXd, rule: Rule, lr_scale: float
) -> tuple[FloatsXd, FloatsXd]:
    if rule.freeze:
        # in both cases before the optimizer: it clips by the norm of the gradient
        gradient[rule.index] = 0
        if rule.index is ...:
            return weights, gradient
    elif rule.pull:
        gradient[rule.index] += rule.pull * (weights[rule.index] - rule.origin)
    weights, gradient = sgd(key, weights, gradient, lr_scale=lr_scale * rule.lr_scale)
    if rule.freeze:
        # weight decay has touched them, and the means that are saved in their place
        weights[rule.index] = rule.origin
        if sgd.averages is not None:
            sgd.averages[key][rule.index] = rule.origin
    return weights, gradient
