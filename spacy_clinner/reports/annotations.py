"""The entities and relations of a document with their probabilities, as tables and pages show them."""

from typing import NamedTuple

from spacy.tokens import Doc

from ..annotations.keys import ASSERTIONS_KEY, RELATIONS_KEY, SPANS_KEY
from ..annotations.span_groups import probabilities_of, steady_spans


class Annotation(NamedTuple):
    """An entity that a pipeline found.

    start (int): Offset of its first character.
    end (int): Offset after its last character.
    label (str): Its label.
    probability (Optional[float]): How sure the pipeline is; None where no component said so.
    assertions (Tuple[str, ...]): "negated", "family" and the like, where a component said so.
    """

    start: int
    end: int
    label: str
    probability: float | None
    assertions: tuple[str, ...] = ()


class Link(NamedTuple):
    """A relation between two entities.

    head (Tuple[int, int]), child (Tuple[int, int]): Offsets of their characters.
    label (str): Its label.
    probability (Optional[float]): How sure the pipeline is; None of gold.
    """

    head: tuple[int, int]
    child: tuple[int, int]
    label: str
    probability: float | None


class AnnotatedNote(NamedTuple):
    """What a pipeline said of a note, as plain data.

    id (str): The note's id.
    text (str): Its text.
    entities (List[Annotation]): Its entities, by start, longest first.
    links (Optional[List[Link]]): Its relations; None if nobody has looked for any.
    """

    id: str
    text: str
    entities: list[Annotation]
    links: list[Link] | None


def read_note(doc_id: str, doc: Doc, spans_key: str | None = None) -> AnnotatedNote:
    """Read what a document says.

    doc_id (str): Its id.
    doc (Doc): The annotated document.
    spans_key (Optional[str]): As for `annotations_of`.
    RETURNS (AnnotatedNote): The note.
    """
    links = links_of(doc) if RELATIONS_KEY in doc.user_data else None
    return AnnotatedNote(doc_id, doc.text, annotations_of(doc, spans_key), links)


def annotations_of(doc: Doc, spans_key: str | None = None) -> list[Annotation]:
    """Collect a document's entities in order.

    doc (Doc): An annotated document.
    spans_key (Optional[str]): Span group to show; None: `doc.ents`, with the probabilities of the default group.
    RETURNS (List[Annotation]): The entities, by start, longest first.
    """
    probability = probabilities_of(doc, spans_key or SPANS_KEY)
    assertions: dict[tuple[int, int], list[str]] = {}
    for start, end, assertion in doc.user_data.get(ASSERTIONS_KEY, ()):
        assertions.setdefault((start, end), []).append(assertion)
    found = [
        Annotation(
            span.start_char,
            span.end_char,
            span.label_,
            probability.get((span.start, span.end, span.label)),
            tuple(assertions.get((span.start_char, span.end_char), ())),
        )
        for span in (steady_spans(doc, spans_key) if spans_key else doc.ents)
    ]
    return sorted(found, key=lambda entity: (entity.start, -entity.end, entity.label))


def links_of(doc: Doc) -> list[Link]:
    """Collect a document's relations in order.

    doc (Doc): A document, annotated or gold.
    RETURNS (List[Link]): Its relations.
    """
    return [
        Link(tuple(relation["head"]), tuple(relation["child"]), relation["label"], relation.get("probability"))
        for relation in doc.user_data.get(RELATIONS_KEY, ())
    ]


def show_probability(probability: float | None) -> str:
    """A probability with three digits, as all that people read shows it.

    probability (Optional[float]): The probability.
    RETURNS (str): The digits; nothing if it is not known.
    """
    return "" if probability is None else f"{probability:.3f}"
