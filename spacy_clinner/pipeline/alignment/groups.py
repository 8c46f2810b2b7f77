"""Which rows of a batch belong to which domain and label, so that domains can be compared label by label."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from spacy.training import Example
from thinc.types import Ints1d

from ...annotations.keys import DOMAIN_KEY
from ...layers.crf import UNKNOWN
from ...layers.tags.layout import B, S, split_tags
from ..gold import encode_gold
from ..gold_settings import GoldFrom, GoldSettings

Align = Literal["tags", "labels", "all"]
OUTSIDE = "O"


class Sides(NamedTuple):
    """Which tokens of a batch are of the source, and which of the target. *Shapes:* (number of tokens,)"""

    source: np.ndarray
    target: np.ndarray


class TokenGroup(NamedTuple):
    """Tokens that are compared across domains.

    name (str): the same in both domains, as "B-DRUG".
    label (str): the entity label, "O", or "" for all tokens.
    tokens (Ints1d): their numbers in the batch.
    """

    name: str
    label: str
    tokens: Ints1d


def find_sides(examples: Sequence[Example], source: Sequence[str], target: Sequence[str]) -> Sides:
    """Find the tokens of either domain.

    examples (Sequence[Example]): the batch.
    source (Sequence[str]): names of the source domains; empty for every stamped domain that is no target.
    target (Sequence[str]): names of the target domains.
    RETURNS (Sides): masks over the predicted tokens; documents of other domains, and without one, are on neither side.
    """
    domains = [example.reference.user_data.get(DOMAIN_KEY) for example in examples]
    lengths = [len(example.predicted) for example in examples]
    is_target = [domain in target for domain in domains]
    is_source = [domain is not None and (domain in source if source else domain not in target) for domain in domains]
    return Sides(*(np.repeat(np.array(side, dtype=bool), lengths) for side in (is_source, is_target)))


def find_groups(
    examples: Sequence[Example], *, align: Align, include_outside: bool, gold_from: GoldFrom, spans_key: str
) -> list[TokenGroup]:
    """Group the tokens of a batch by their gold.

    examples (Sequence[Example]): the batch.
    align (str): "tags": first tokens of a label's entities (B) and further ones (I) apart, as in La-DTL; "labels": all
        tokens of a label's entities; "all": every token, whether annotated or not.
    include_outside (bool): whether annotated tokens outside of entities are a group as well.
    gold_from (str), spans_key (str): where gold is, as of `GoldSettings`.
    RETURNS (List[TokenGroup]): the groups by name; tokens that nobody annotated are in none.
    RAISES: CE202 as `gold.encode_gold`.
    """
    if align == "all":
        return [TokenGroup("all", "", np.arange(sum(len(example.predicted) for example in examples)))]
    # labels are those of the batch: what one domain lacks just finds no partner
    settings = GoldSettings(gold_from, spans_key)
    labels = settings.labels(example.reference for example in examples)
    numbers = {label: number for number, label in enumerate(labels)}
    tags = encode_gold(examples, numbers, settings).tags
    groups = [TokenGroup(OUTSIDE, OUTSIDE, np.flatnonzero(tags == 0))] if include_outside else []
    entity = np.flatnonzero((tags != 0) & (tags != UNKNOWN))
    kind, label = split_tags(tags[entity], max(len(labels), 1))
    first = (kind == B) | (kind == S)
    for number, name in enumerate(labels):
        of_label = label == number
        if align == "labels":
            groups.append(TokenGroup(name, name, entity[of_label]))
        else:
            groups.append(TokenGroup(f"B-{name}", name, entity[of_label & first]))
            groups.append(TokenGroup(f"I-{name}", name, entity[of_label & ~first]))
    return groups
