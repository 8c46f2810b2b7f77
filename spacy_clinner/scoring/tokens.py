"""Token-level modes: entities projected onto the reference tokens, and tags compared token by token.

White-space tokens and tokens whose gold is missing take no part. NeuroNER's and scikit-learn's figures come from
`precision_recall_fscore_support` over tags; these functions count the same, and tests compare the two.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from ..annotations.entity import Entity
from .counts import Counts

OUTSIDE = "O"
ENTITY = "entity"


def project(entities: Iterable[Entity], tokens: np.ndarray) -> list[str]:
    """Tag the tokens that entities overlap, in the BIO scheme.

    A token belongs to one entity: the one that starts first, and of those the longest.

    entities (Iterable[Entity]): Entities, which may be tokenised differently, overlap or be nested.
    tokens (ndarray): Character offsets of the tokens in order, end exclusive, integers of shape (tokens, 2).
    RETURNS (List[str]): "B-label", "I-label" or "O" for each token.
    """
    tags = [OUTSIDE] * len(tokens)
    ordered = sorted(entities, key=lambda entity: (entity.start, -entity.end, entity.label))
    first = np.searchsorted(tokens[:, 1], [entity.start for entity in ordered], "right")
    last = np.searchsorted(tokens[:, 0], [entity.end for entity in ordered], "left")
    for entity, begin, end in zip(ordered, first.tolist(), last.tolist(), strict=True):
        free = [i for i in range(begin, end) if tags[i] == OUTSIDE]
        for i in free:
            tags[i] = f"{'B' if i == free[0] else 'I'}-{entity.label}"
    return tags


def tags_to_types(tags: Iterable[str]) -> list[str]:
    """Types without the B- and I- prefix: NeuroNER's `token` mode.

    tags (Iterable[str]): BIO tags.
    RETURNS (List[str]): A label or "O" for each tag.
    """
    return [tag if tag == OUTSIDE else tag[2:] for tag in tags]


def tags_to_binary(tags: Iterable[str]) -> list[str]:
    """Entity or not, whatever the label: NeuroNER's `binary` mode.

    Its micro F1 without O is what de-identification papers call "binary token-based"; NeuroNER's published scores
    on i2b2 2014 and MIMIC are of this kind, and so, it seems, are those of Lee et al. 2017.

    tags (Iterable[str]): BIO tags.
    RETURNS (List[str]): "entity" or "O" for each tag.
    """
    return [tag if tag == OUTSIDE else ENTITY for tag in tags]


def count_tokens(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> Counts:
    """Count tags token by token.

    With O as a label like any other, micro F1 is the accuracy, and the weighted F1 is mostly about O: studies that
    report one F1 over all tokens score this way, perhaps also the MACCROBAT report of 0.865, which does not say.
    `Counts.without("O")` gives the scores over entity tags, as NeuroNER reports.

    gold (Sequence[Sequence[str]]): Tags (or types) of each document.
    predicted (Sequence[Sequence[str]]): As many predicted tags.
    RETURNS (Counts): Per document and tag, O included.
    """
    labels = sorted({OUTSIDE}.union(*gold, *predicted))
    index = {label: i for i, label in enumerate(labels)}
    values = np.zeros((len(gold), len(labels), 4))
    for counts, gold_tags, predicted_tags in zip(values, gold, predicted, strict=True):
        true = np.array([index[tag] for tag in gold_tags], dtype=int)
        guess = np.array([index[tag] for tag in predicted_tags], dtype=int)
        for column, tokens in enumerate((true[true == guess], true, true[true == guess], guess)):
            counts[:, column] = np.bincount(tokens, minlength=len(labels))
    return Counts(tuple(labels), values)
