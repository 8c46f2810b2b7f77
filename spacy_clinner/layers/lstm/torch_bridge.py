"""Run a function of torch tensors inside a Thinc layer, its weights kept as Thinc parameters.

Thinc parameters know their size only when they are initialised, are saved and averaged by Thinc and compared by shape
when layers are transferred; torch modules can do none of that. So torch lends its kernels and autograd, nothing else.
"""

from collections.abc import Callable

from thinc.api import Model, torch2xp, xp2torch
from thinc.types import FloatsXd

from ... import forks  # noqa: F401


def call_torch(
    model: Model, function: Callable, params: tuple[str, ...], X: FloatsXd | None, *args, is_train: bool
) -> tuple[FloatsXd, Callable[[FloatsXd], FloatsXd | None]]:
    """Compute `function(X, weights, *args)` in torch and return the result with its backprop callback.

    model (Model): the layer that owns the parameters.
    function (Callable): takes a tensor X (or None), a dict of weight tensors by name and `args`; returns one tensor.
    params (Tuple[str, ...]): names of the parameters of `model` that the function needs.
    X (Optional[FloatsXd]): the input that wants a gradient; None if the layer has no such input.
    is_train (bool): whether to record what the backward pass needs.
    RETURNS (Tuple[FloatsXd, Callable]): the output, and a callback from the output's gradient to that of X, which adds
        the gradients of the parameters to the model.
    """
    import torch

    inputs = [] if X is None else [xp2torch(X, requires_grad=is_train)]
    weights = {name: xp2torch(model.get_param(name), requires_grad=is_train) for name in params}
    with torch.set_grad_enabled(is_train):
        Y = function(inputs[0] if inputs else None, weights, *args)

    def backprop(dY: FloatsXd) -> FloatsXd | None:
        wanted = [*inputs, *weights.values()]
        grads = [torch2xp(g) for g in torch.autograd.grad(Y, wanted, xp2torch(dY))]
        for name, grad in zip(weights, grads[len(inputs) :], strict=True):
            model.inc_grad(name, grad)
        return grads[0] if inputs else None

    return torch2xp(Y.detach()), backprop
