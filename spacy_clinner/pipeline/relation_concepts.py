"""Pairs of mentions of the same two concepts, which a relation extractor may judge together."""

from collections.abc import Sequence

import numpy as np
from spacy.tokens import Span
from thinc.types import Floats2d, Ints1d

from ..layers.pair_features import Entities
from .relation_portions import Portion


def number_concepts(spans: Sequence[Span]) -> Ints1d:
    """Number the concepts of entities.

    spans (Sequence[Span]): the entities of a document; `kb_id_` names an entity's concept, and one without is a
        concept of its own.
    RETURNS (Ints1d): the number of each entity's concept, by first mention. Shape: (m,)
    """
    names = [span.kb_id_ or number for number, span in enumerate(spans)]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype="int64")


def group_pairs(portion: Portion, all_entities: Sequence[Entities]) -> Ints1d:
    """Number the pairs of concepts that pairs of mentions belong to.

    portion (Portion): pairs of some documents; those of a document that has more than fit are grouped within each
        portion.
    all_entities (Sequence[Entities]): the entities of all documents.
    RETURNS (Ints1d): the number of each pair's group. Shape: (p,)
    """
    rows = [
        np.column_stack([np.full(len(pairs), number), all_entities[number].concepts[pairs]])
        for number, pairs in portion
    ]
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
