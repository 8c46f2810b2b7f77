"""Compare a layer's gradients with finite differences."""

import numpy as np


def assert_gradients(model, X, to_loss, from_outputs, step=1e-2, tolerance=2e-2):
    """Every parameter's largest gradient entry equals the central difference of the loss.

    to_loss maps the model's output to a number; from_outputs maps it to the loss's gradient by that output.
    """
    Y, backprop = model(X, is_train=True)
    backprop(from_outputs(Y))
    checked = 0
    for node in model.walk():
        for name in node.param_names:
            param, grad = node.get_param(name), node.get_grad(name)
            where = np.unravel_index(np.abs(grad).argmax(), grad.shape)
            kept = param[where]
            param[where] = kept + step
            above = to_loss(model.predict(X))
            param[where] = kept - step
            below = to_loss(model.predict(X))
            param[where] = kept
            assert np.isclose((above - below) / (2 * step), grad[where], rtol=tolerance, atol=1e-3), (node.name, name)
            checked += 1
    assert checked


def squares(Y):
    """Half the sum of squares of a list of arrays; its gradient is the arrays."""
    return sum(float((y.astype("float64") ** 2).sum()) for y in Y) / 2
