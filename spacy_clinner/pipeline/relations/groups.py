"""What a relation extractor judges together: a pair of mentions by itself, or all pairs of the same two concepts."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from spacy.tokens import Span
from thinc.api import Model
from thinc.types import Floats2d, Ints1d

from ...annotations.concepts import concepts_of
from ...errors import Errors
from ...layers.pairs.features import Entities
from ...layers.pairs.groups import pool_groups
from .portions import Portion, find_windows, join_portion


def number_concepts(spans: Sequence[Span]) -> Ints1d:
    """Number the concepts of entities.

    spans (Sequence[Span]): the entities of a document. One without a concept is a concept of its own, and what a
        composite mention names counts as one, too: its pairs have one score, which cannot answer for each of its
        concepts alone.
    RETURNS (Ints1d): the number of each entity's concept, by first mention. Shape: (m,)
    """
    names = [concepts_of(span) or number for number, span in enumerate(spans)]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype="int64")


def group_pairs(portion: Portion, all_entities: Sequence[Entities]) -> Ints1d:
    """Number the pairs of concepts that pairs of mentions belong to.

    portion (Portion): pairs of some documents; those of a document that has more than fit are grouped within each
        portion.
    all_entities (Sequence[Entities]): the entities of all documents; where they have no `concepts`, each pair of
        mentions is a group of its own.
    RETURNS (Ints1d): the number of each pair's group. Shape: (p,)
    """
    if any(all_entities[number].concepts is None for number, _ in portion):
        return np.arange(sum(len(pairs) for _, pairs in portion))
    concepts: list[Any] = [entities.concepts for entities in all_entities]
    rows = [np.column_stack([np.full(len(pairs), number), concepts[number][pairs]]) for number, pairs in portion]
    return np.unique(np.concatenate(rows), axis=0, return_inverse=True)[1].reshape(-1)


def targets_of_groups(targets: Floats2d, groups: Ints1d) -> Floats2d:
    """A group has a relation if one of its members has.

    targets (Floats2d): 1 where a member has a relation. Shape: (p, n_labels)
    groups (Ints1d): the number of each member's group. Shape: (p,)
    RETURNS (Floats2d): 1 where a group has one. Shape: (g, n_labels)
    """
    found = np.zeros((groups.max() + 1, targets.shape[1]), dtype=targets.dtype)
    np.maximum.at(found, groups, targets)
    return found


def score_groups(
    model: Model,
    portion: Portion,
    all_entities: Sequence[Entities],
    allowed: np.ndarray,
    rows: Sequence[Floats2d],
    is_train: bool,
) -> tuple[Floats2d, Ints1d, Callable[[Floats2d], list[tuple[int, slice, Floats2d]]]]:
    """Score what is judged together in a portion of pairs.

    model (Model): as `spacy_clinner.RelationClassifier.v1` makes it.
    portion (Portion): the pairs.
    all_entities (Sequence[Entities]): the entities of all documents.
    allowed (ndarray): whether relations of a head's label with a child's are known, by their numbers. Bool, square.
    rows (Sequence[Floats2d]): the encoder's rows of all documents.
    is_train (bool): whether dropout applies and the callback is used.
    RETURNS (Tuple[Floats2d, Ints1d, Callable]): logits of the groups, shape (g, n_labels); the number of each pair's
        group, shape (p,); and a callback from the logits' gradient to those of the rows that matter: number of the
        document, which of its rows, and their gradient.
    RAISES (ValueError): CE297 if logits are not finite: no threshold would find a relation among them.
    """
    windows = find_windows(portion, all_entities)
    pairs = join_portion(portion, all_entities, windows, allowed, rows, model.ops.xp)
    scores, backprop_scores = model.get_ref("pair_scores")(pairs, is_train)
    if not model.ops.xp.isfinite(scores).all():
        raise ValueError(Errors.CE297)
    groups = group_pairs(portion, all_entities)
    pooled, backprop_pool = pool_groups(model.ops, scores, groups)

    def backprop(d_pooled: Floats2d) -> list[tuple[int, slice, Floats2d]]:
        tokens = [window.tokens for window in windows.values()]
        lengths = model.ops.asarray1i([where.stop - where.start for where in tokens])
        gradients = model.ops.unflatten(backprop_scores(backprop_pool(d_pooled)), lengths)
        return list(zip(windows, tokens, gradients, strict=True))

    return pooled, groups, backprop
