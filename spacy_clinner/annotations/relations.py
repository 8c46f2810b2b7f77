"""Relations: one shape in Python, and the one in which they are stored on a Doc.

Only this file knows the stored form: each is `{"head": [start, end], "child": [start, end], "label": str}`;
predicted ones have "head_label", "child_label" and "probability", too.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from spacy.tokens import Doc, Span

from .keys import RELATIONS_KEY
from .span_groups import steady_spans

# Where an entity is: its first character and the one after its last.
Offsets = tuple[int, int]
End = TypeVar("End")


class Relation(NamedTuple, Generic[End]):
    """A directed relation. Its ends are offsets of entities, as on a Doc; or what somebody makes of them: entities with
    their labels, the concepts that they name, spans.

    head (End): What the relation is about.
    child (End): What it says of it.
    label (str): Its label.
    probability (Optional[float]): How sure the pipeline is; None of gold.
    """

    head: End
    child: End
    label: str
    probability: float | None = None


def relation_of(head: Span, child: Span, label: str, probability: float | None = None) -> Relation[Offsets]:
    """Relate two entities.

    head (Span): What the relation is about.
    child (Span): What it says of it.
    label (str): Its label.
    probability (Optional[float]): Its probability; None of gold.
    RETURNS (Relation[Offsets]): The relation.
    """
    return Relation((head.start_char, head.end_char), (child.start_char, child.end_char), label, probability)


def has_relations(doc: Doc) -> bool:
    """RETURNS (bool): Whether somebody has looked for relations; "none" is annotation, too."""
    return RELATIONS_KEY in doc.user_data


def read_relations(doc: Doc) -> list[Relation[Offsets]]:
    """Read the relations of a document.

    doc (Doc): The document.
    RETURNS (List[Relation[Offsets]]): Its relations, in their order; none if nobody has looked for any.
    """
    return [
        Relation(tuple(one["head"]), tuple(one["child"]), one["label"], one.get("probability"))
        for one in doc.user_data.get(RELATIONS_KEY, ())
    ]


def read_end_labels(doc: Doc) -> list[tuple[str, str]]:
    """Read how the entities of relations were labelled when these were found.

    doc (Doc): The document.
    RETURNS (List[Tuple[str, str]]): Labels of head and child of each, as `read_relations` has them; "" of gold.
    """
    return [(one.get("head_label", ""), one.get("child_label", "")) for one in doc.user_data.get(RELATIONS_KEY, ())]


def write_relations(
    doc: Doc, relations: Iterable[Relation[Offsets]], end_labels: Iterable[tuple[str, str]] | None = None
) -> None:
    """Write the relations of a document, in the place of what is there.

    doc (Doc): The document.
    relations (Iterable[Relation[Offsets]]): Its relations.
    end_labels (Optional[Iterable[Tuple[str, str]]]): Labels of head and child of each; None of gold.
    """
    doc.user_data[RELATIONS_KEY] = to_stored(relations, end_labels)


def to_stored(
    relations: Iterable[Relation[Offsets]], end_labels: Iterable[tuple[str, str]] | None = None
) -> list[dict[str, Any]]:
    """Put relations in the form in which they are stored.

    relations (Iterable[Relation[Offsets]]), end_labels (Optional[Iterable[Tuple[str, str]]]): As for `write_relations`.
    RETURNS (List[Dict[str, Any]]): The relations, sorted by head, child and label.
    """
    found = []
    relations = list(relations)
    labels_of: Iterable[tuple[str, str] | None] = end_labels or [None] * len(relations)
    for relation, labels in zip(relations, labels_of, strict=True):
        stored: dict[str, Any] = {"head": list(relation.head), "child": list(relation.child), "label": relation.label}
        if labels is not None:
            stored |= dict(zip(("head_label", "child_label"), labels, strict=True))
        if relation.probability is not None:
            stored["probability"] = relation.probability
        found.append(stored)
    return sorted(found, key=lambda one: (one["head"], one["child"], one["label"]))


def keep_relations(doc: Doc, kept: Iterable[bool]) -> None:
    """Drop relations of a document; the others stay as they are stored.

    doc (Doc): The document.
    kept (Iterable[bool]): Whether each stays, as `read_relations` has them.
    """
    stored = doc.user_data[RELATIONS_KEY]
    doc.user_data[RELATIONS_KEY] = [one for one, is_kept in zip(stored, kept, strict=True) if is_kept]


def cut_relations(doc: Doc, window: Span, part: Doc) -> None:
    """Copy relations to a document that was made of a part of another one, if this has any annotated.

    doc (Doc): The whole document.
    window (Span): The part of it.
    part (Doc): The document made of it, which gets the relations within, by its own offsets.
    """
    if has_relations(doc):
        shift, end = window.start_char, window.end_char
        part.user_data[RELATIONS_KEY] = [
            one | {side: [offset - shift for offset in one[side]] for side in ("head", "child")}
            for one in doc.user_data[RELATIONS_KEY]
            if all(shift <= one[side][0] and one[side][1] <= end for side in ("head", "child"))
        ]


def spans_of(doc: Doc, spans_key: str | None) -> Sequence[Span]:
    """The entities of a document in the order of their starts.

    doc (Doc): the document.
    spans_key (Optional[str]): span group that holds them, an absent one holds none; None: `doc.ents`.
    RETURNS (Sequence[Span]): the entities.
    """
    if spans_key is None:
        return doc.ents
    return sorted(steady_spans(doc, spans_key), key=lambda span: (span.start, span.end, span.label_))


def labels_by_offsets(doc: Doc, spans_key: str | None) -> dict[Offsets, str]:
    """The labels of a document's entities by their character offsets, by which relations name them.

    doc (Doc): the document.
    spans_key (Optional[str]): as for `spans_of`.
    RETURNS (Dict[Offsets, str]): the labels.
    """
    return {(span.start_char, span.end_char): span.label_ for span in spans_of(doc, spans_key)}
