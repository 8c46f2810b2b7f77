"""The CRF by enumeration of every path: what the tests compare with. Only for short sequences and few labels."""

import itertools
from typing import NamedTuple

import numpy as np

from spacy_clinner.layers.crf import CRFParams, param_shapes, to_chain
from spacy_clinner.layers.tags.layout import count_tags


class Paths(NamedTuple):
    """All legal paths of one sequence, best first: tags (p, L), scores (p,), log Z, probabilities (p,)."""

    tags: np.ndarray
    scores: np.ndarray
    log_z: float
    probabilities: np.ndarray


def random_params(rng, n_labels, scale=1.0, dtype="float64"):
    return CRFParams(*(rng.normal(scale=scale, size=shape).astype(dtype) for shape in param_shapes(n_labels).values()))


def random_batch(rng, n_labels, lengths, scale=1.0, dtype="float64"):
    """Parameters, emissions and lengths."""
    lengths = np.array(lengths)
    emissions = rng.normal(scale=scale, size=(lengths.sum(), count_tags(n_labels))).astype(dtype)
    return random_params(rng, n_labels, scale, dtype), emissions, lengths


def split(emissions, lengths):
    return np.split(emissions, np.cumsum(lengths)[:-1])


def all_paths(params, emissions, allowed=None) -> Paths:
    chain = to_chain(params)
    length, n_tags = emissions.shape
    emissions = emissions.astype("float64")
    if allowed is not None:
        emissions = np.where(allowed, emissions, -np.inf)
    tags = np.array(list(itertools.product(range(n_tags), repeat=length)), dtype=int)
    scores = emissions[np.arange(length), tags].sum(axis=1)
    scores += chain.transitions[tags[:, :-1], tags[:, 1:]].sum(axis=1)
    if length:
        scores += chain.start[tags[:, 0]] + chain.end[tags[:, -1]]
    legal = scores > -np.inf
    tags, scores = tags[legal], scores[legal]
    order = np.argsort(-scores, kind="stable")
    tags, scores = tags[order], scores[order]
    if not len(scores):
        return Paths(tags, scores, -np.inf, scores)
    log_z = scores[0] + np.log(np.exp(scores - scores[0]).sum())
    return Paths(tags, scores, float(log_z), np.exp(scores - log_z))


def tag_marginals(paths, n_tags):
    """Probability of each tag at each token (L, T)."""
    hits = paths.tags[:, :, None] == np.arange(n_tags)
    return np.einsum("p,plt->lt", paths.probabilities, hits)


def span_probability(paths, start, end, label, n_labels):
    """Summed probability of the paths in which [start, end) is an entity of that label."""
    wanted = np.full(end - start, 1 + n_labels + label)
    wanted[0], wanted[-1] = 1 + label, 1 + 2 * n_labels + label
    if end - start == 1:
        wanted[0] = 1 + 3 * n_labels + label
    return paths.probabilities[(paths.tags[:, start:end] == wanted).all(axis=1)].sum()
