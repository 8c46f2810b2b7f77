"""The entities of a document with their probabilities, as tables and pages show them."""

from typing import NamedTuple

from spacy.tokens import Doc

from ..constants import SPANS_KEY


class Annotation(NamedTuple):
    """An entity that a pipeline found.

    start (int): Offset of its first character.
    end (int): Offset after its last character.
    label (str): Its label.
    probability (Optional[float]): How sure the pipeline is; None where no component said so.
    """

    start: int
    end: int
    label: str
    probability: float | None


def annotations_of(doc: Doc, spans_key: str | None = None) -> list[Annotation]:
    """Collect a document's entities in order.

    doc (Doc): An annotated document.
    spans_key (Optional[str]): Span group to show; None: `doc.ents`, with the probabilities of the default group.
    RETURNS (List[Annotation]): The entities, by start, longest first.
    """
    group = doc.spans.get(spans_key or SPANS_KEY, ())
    scores = group.attrs.get("scores", ()) if group else ()
    probability = {(span.start, span.end, span.label): float(p) for span, p in zip(group, scores, strict=False)}
    found = [
        Annotation(
            span.start_char, span.end_char, span.label_, probability.get((span.start, span.end, span.label))
        )
        for span in (group if spans_key else doc.ents)
    ]
    return sorted(found, key=lambda entity: (entity.start, -entity.end, entity.label))
