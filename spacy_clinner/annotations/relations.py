"""Relations and the entities between which they hold, as they are stored."""

from collections.abc import Sequence
from typing import Any

from spacy.tokens import Doc, Span

from .span_groups import steady_spans


def relation_of(head: Span, child: Span, label: str) -> dict[str, Any]:
    """A relation as plain data.

    head (Span): What the relation is about.
    child (Span): What it says of it.
    label (str): Its label.
    RETURNS (Dict[str, Any]): The relation.
    """
    return {
        "head": [head.start_char, head.end_char],
        "child": [child.start_char, child.end_char],
        "label": label,
    }


def sort_key(relation: dict[str, Any]) -> tuple:
    """Relations are sorted by head, child and label.

    relation (Dict[str, Any]): A relation as plain data.
    RETURNS (Tuple): Its place among those of a document.
    """
    return *relation["head"], *relation["child"], relation["label"]


def spans_of(doc: Doc, spans_key: str | None) -> Sequence[Span]:
    """The entities of a document in the order of their starts.

    doc (Doc): the document.
    spans_key (Optional[str]): span group that holds them, an absent one holds none; None: `doc.ents`.
    RETURNS (Sequence[Span]): the entities.
    """
    if spans_key is None:
        return doc.ents
    return sorted(steady_spans(doc, spans_key), key=lambda span: (span.start, span.end, span.label_))


def labels_by_offsets(doc: Doc, spans_key: str | None) -> dict[tuple[int, int], str]:
    """The labels of a document's entities by their character offsets, by which relations name them.

    doc (Doc): the document.
    spans_key (Optional[str]): as for `spans_of`.
    RETURNS (Dict[Tuple[int, int], str]): the labels.
    """
    return {(span.start_char, span.end_char): span.label_ for span in spans_of(doc, spans_key)}
