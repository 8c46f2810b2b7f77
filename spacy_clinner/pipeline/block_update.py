"""Components whose blocks of weights learn each in their own way: frozen, slower, or pulled to where they began."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from thinc.api import Model, Optimizer
from thinc.types import FloatsXd

# (node, name of the parameter, index of the weights in it)
Weights = tuple[Model, str, Any]


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

    A class that mixes it in calls `forget_blocks` when it is made, and `update_blocks` in its `finish_update`.
    """

    model: Model
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
            self._rules[node.id, name] = Rule(index, origin, freeze, lr_scale, pull)

    def update_blocks(self, sgd: Optimizer, lr_scale: float = 1.0) -> None:
        """Apply the gradients of all weights, each by its rule.

        sgd (Optimizer): The optimizer.
        lr_scale (float): Learning rate of the component as a multiple of the training's.
        """

        def step(key: tuple[int, str], weights: FloatsXd, gradient: FloatsXd) -> tuple[FloatsXd, FloatsXd]:
            rule = self._rules.get(key)
            if rule is None:
                return sgd(key, weights, gradient, lr_scale=lr_scale)
            return _step_by_rule(sgd, key, weights, gradient, rule, lr_scale)

        self.model.finish_update(step)


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
        # weight decay has touched them
        weights[rule.index] = rule.origin
    return weights, gradient
