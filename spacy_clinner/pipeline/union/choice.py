"""Entities of several heads made one set, and of those that overlap the ones that stay."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

Rule = Literal["probability", "longest", "priority"]


class Found(NamedTuple):
    """An entity that a head has found.

    start (int), end (int): Its first token, and the one after its last.
    label (str): Its label in the union.
    probability (float): How probable the head finds it.
    head (int): Place of the head among all, the first is 0.
    kb_id (int), span_id (int): Its concept and id, as spaCy numbers strings.
    """

    start: int
    end: int
    label: str
    probability: float
    head: int
    kb_id: int = 0
    span_id: int = 0


# What of two overlapping entities stays: the one whose key is less. All end alike, so that no two keys are the same.
_KEYS: dict[Rule, Callable[[Found], Any]] = {
    "probability": lambda one: (-one.probability, *_place(one), one.head, one.label),
    "longest": lambda one: (one.start - one.end, -one.probability, *_place(one), one.head, one.label),
    "priority": lambda one: (one.head, -one.probability, *_place(one), one.label),
}


def merge_same(found: Iterable[Found]) -> list[Found]:
    """Make one of what several heads have found with the same tokens and label.

    It keeps the highest probability, since that of a head which has not found the span is not known: it may have been
    taught by a corpus without that label. A mean of the others would punish agreement, for whoever agrees with the
    surest head is less sure; and a product takes heads for independent, which a shared encoder's are not.

    found (Iterable[Found]): The entities of all heads.
    RETURNS (List[Found]): Each span and label once, as the first head's, in the order of the text, longest first; with
        the concept and id of the surest head, or of another one if that tells none.
    """
    merged: dict[tuple[int, int, str], Found] = {}
    for one in sorted(found, key=lambda one: one.head):
        known = merged.setdefault(one[:3], one)
        surest, other = (one, known) if one.probability > known.probability else (known, one)
        merged[one[:3]] = surest._replace(
            head=known.head, kb_id=surest.kb_id or other.kb_id, span_id=surest.span_id or other.span_id
        )
    return sorted(merged.values(), key=lambda one: (*_place(one), one.label))


def without_overlaps(found: Iterable[Found], rule: Rule) -> list[Found]:
    """Choose entities of which no two share a token: the best by the rule, then the best of what does not touch it.

    found (Iterable[Found]): Entities, each span and label once.
    rule (str): "probability": the most probable; "longest": that of most tokens, then the most probable; "priority":
        that of the first head, then the most probable. If that is the same for two, the earlier start decides, then the
        greater length, the first head, and the order of the labels' letters.
    RETURNS (List[Found]): Those that stay, best first.
    """
    taken: set[int] = set()
    chosen = []
    for one in sorted(found, key=_KEYS[rule]):
        tokens = range(one.start, one.end)
        if taken.isdisjoint(tokens):
            taken.update(tokens)
            chosen.append(one)
    return chosen


def _place(one: Found) -> tuple[int, int]:
    """The order of the text, longest first."""
    return one.start, -one.end
