"""How probable a model finds its entities, and those that it does not predict."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import minibatch

from ..annotations.documents import document_ids, entities_of
from ..annotations.entity import Entity
from ..annotations.span_groups import probabilities_of, steady_spans
from ..annotations.writers import entity_tagger, written_group
from ..errors import Errors
from ..progress import progress
from .documents import Predictions, ProbabilityOf
from .predictions import read_lines_of_predictions

AT_LEAST = 0.05
# documents whose spans are asked for at once
BATCH_SIZE = 16


@dataclass(frozen=True)
class Probabilities:
    """What a model says of its entities.

    predicted (ProbabilityOf): Of predicted entities, where it is known.
    possible (Optional[ProbabilityOf]): Of all spans of `AT_LEAST` and more, predicted or not; None: not known.
    """

    predicted: ProbabilityOf
    possible: ProbabilityOf | None


def predict_with_probabilities(
    nlp: Language, docs: Sequence[Doc], spans_key: str | None = None
) -> tuple[Predictions, Probabilities]:
    """As `predictions.predict`, and ask the tagger that writes the entities how probable it finds which.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): The documents; nothing but their texts and identifiers is used.
    spans_key (Optional[str]): Span group that the pipeline writes; None: `doc.ents`.
    RETURNS (Tuple[Predictions, Probabilities]): Predicted entities by document identifier, and their probabilities.
    RAISES (ValueError): CE064 if identifiers repeat.
    """
    ids, texts = document_ids(docs), (doc.text for doc in docs)
    tagger = entity_tagger(nlp, spans_key)
    possible: list[dict[Entity, float]] = []
    annotated = _ask(nlp, tagger, texts, possible) if tagger else nlp.pipe(texts)
    group = spans_key or (written_group(nlp, tagger) if tagger else None)
    predicted, probabilities = {}, {}
    for name, doc in zip(ids, progress(annotated, total=len(docs), unit="doc", desc="Predict"), strict=True):
        predicted[name] = entities_of(doc, spans_key)
        probabilities[name] = _probabilities(doc, spans_key, group) if group else {}
    return predicted, Probabilities(probabilities, dict(zip(ids, possible, strict=True)) if tagger else None)


def read_probabilities(path: Path) -> Probabilities:
    """Read the probabilities of another tool's predictions: `probabilities` of a line, in the order of its `entities`.

    path (Path): A JSONL file, as for `predictions.read_predictions`.
    RETURNS (Probabilities): Those of predicted entities; entities without one are left out.
    RAISES (ValueError): CE361 if they are no probabilities of these entities; those of `read_predictions`.
    """
    found: dict[str, dict[Entity, float]] = {}
    for number, name, entities, record in read_lines_of_predictions(path):
        given = record.get("probabilities")
        if given is None:
            given = [None] * len(entities)
        paired = set(zip(entities, given, strict=False)) if _are_probabilities(given, len(entities)) else None
        if paired is None or len(paired) > len(set(entities)):
            raise ValueError(Errors.CE361.format(path=path.name, line=number))
        found[name] = {entity: float(probability) for entity, probability in paired if probability is not None}
    return Probabilities(found, None)


def _ask(nlp: Language, tagger: str, texts: Iterable[str], possible: list[dict[Entity, float]]) -> Iterator[Doc]:
    """Annotate, and ask the tagger of each document as it sees it: components behind it may change tokens and rows."""
    names = nlp.pipe_names
    behind = names.index(tagger) + 1
    pipe: Any = nlp.get_pipe(tagger)

    def asked() -> Iterator[Doc]:
        for docs in minibatch(nlp.pipe(texts, disable=names[behind:]), BATCH_SIZE):
            for doc, (rows, probabilities) in zip(docs, pipe.spans_above(docs, AT_LEAST), strict=True):
                spans = (Span(doc, start, end, label=pipe.labels[label]) for start, end, label in rows.tolist())
                possible.append(dict(zip(map(_entity, spans), probabilities.tolist(), strict=True)))
            yield from docs

    return nlp.pipe(asked(), disable=names[:behind])


def _probabilities(doc: Doc, spans_key: str | None, group: str) -> dict[Entity, float]:
    known = probabilities_of(doc, group)
    spans = doc.ents if spans_key is None else steady_spans(doc, spans_key)
    found = ((_entity(span), known.get((span.start, span.end, span.label))) for span in spans)
    return {entity: probability for entity, probability in found if probability is not None}


def _entity(span: Span) -> Entity:
    return Entity(span.start_char, span.end_char, span.label_)


def _are_probabilities(given: Any, n: int) -> bool:
    if not isinstance(given, list) or len(given) != n:
        return False
    return all(one is None or (type(one) in (int, float) and 0 <= one <= 1) for one in given)
