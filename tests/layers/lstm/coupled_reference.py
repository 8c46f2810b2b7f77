"""The coupled LSTM written down step by step, from its definition and in TensorFlow's layout."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def run_cell(X, weights, bias, hidden, cell):
    """Hidden states of every step. Shape: X (L, nI), weights (nI + H, 3H), bias (3H,), hidden and cell (H,)."""
    states = []
    for x in X:
        j, f, o = np.split(np.concatenate([x, hidden]) @ weights + bias, 3)
        f = sigmoid(f + 1.0)
        cell = f * cell + (1 - f) * np.tanh(j)
        hidden = sigmoid(o) * np.tanh(cell)
        states.append(hidden)
    return np.array(states)


def run_both(X, forward, backward):
    """Both directions side by side, rows in the order of the input. Each is (weights, bias, hidden, cell)."""
    return np.concatenate([run_cell(X, *forward), run_cell(X[::-1], *backward)[::-1]], axis=1)
