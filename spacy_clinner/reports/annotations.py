"""The entities and relations of a document with their probabilities, as tables and pages show them."""

from typing import NamedTuple

from spacy.tokens import Doc

from ..annotations.keys import ASSERTIONS_KEY
from ..annotations.relations import Relation, has_relations, read_relations
from ..annotations.span_groups import probabilities_of, probabilities_of_ents, steady_spans


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


class AnnotatedNote(NamedTuple):
    """What a pipeline said of a note, as plain data.

    id (str): The note's id.
    text (str): Its text.
    entities (List[Annotation]): Its entities, by start, longest first.
    links (Optional[List[Relation]]): Its relations; None if nobody has looked for any.
    """

    id: str
    text: str
    entities: list[Annotation]
    links: list[Relation] | None


def read_note(doc_id: str, doc: Doc, spans_key: str | None = None, text: str | None = None) -> AnnotatedNote:
    """Read what a document says.

    doc_id (str): Its id.
    doc (Doc): The annotated document.
    spans_key (Optional[str]): As for `annotations_of`.
    text (Optional[str]): What the document was made of, if that is at hand: to put it together again from the tokens
        takes as long as all the rest. A text of another length, as of a tokenizer that loses some, is not used.
    RETURNS (AnnotatedNote): The note.
    """
    links = read_relations(doc) if has_relations(doc) else None
    if text is None or len(text) != _length(doc):
        text = doc.text
    return AnnotatedNote(doc_id, text, annotations_of(doc, spans_key), links)


def _length(doc: Doc) -> int:
    """Characters of a document."""
    return doc[-1].idx + len(doc[-1].text_with_ws) if len(doc) else 0


def annotations_of(doc: Doc, spans_key: str | None = None) -> list[Annotation]:
    """Collect a document's entities in order.

    doc (Doc): An annotated document.
    spans_key (Optional[str]): Span group to show; None: `doc.ents`, with the probabilities of their tagger.
    RETURNS (List[Annotation]): The entities, by start, longest first.
    """
    probability = probabilities_of(doc, spans_key) if spans_key else probabilities_of_ents(doc)
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


def round_probability(probability: float | None) -> float | None:
    """A probability as files for programs hold it: with what single precision is sure of.

    probability (Optional[float]): The probability.
    RETURNS (Optional[float]): It with six digits; None if it is not known.
    """
    return None if probability is None else round(probability, 6)


def show_probability(probability: float | None) -> str:
    """A probability with three digits, as all that people read shows it.

    probability (Optional[float]): The probability.
    RETURNS (str): The digits; nothing if it is not known.
    """
    return "" if probability is None else f"{probability:.3f}"
