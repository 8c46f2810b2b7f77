"""How probable a model finds its entities, and those that it does not predict."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import minibatch

from ..annotations.documents import check_group, document_ids, entities_of
from ..annotations.entity import Entity
from ..annotations.span_groups import probabilities_of, steady_spans
from ..annotations.writers import Source, entity_sources, entity_tagger, written_group
from ..errors import Errors
from ..progress import progress
from .documents import Predictions, ProbabilityOf, check_text
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

    Of a union that is all of its heads; what several know is as probable as the surest finds it.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): The documents; nothing but their texts and identifiers is used.
    spans_key (Optional[str]): Span group that the pipeline writes; None: `doc.ents`.
    RETURNS (Tuple[Predictions, Probabilities]): Predicted entities by document identifier, and their probabilities.
    RAISES (ValueError): As `predictions.predict`.
    """
    ids, texts = document_ids(docs), (doc.text for doc in docs)
    tagger = entity_tagger(nlp, spans_key)
    sources = entity_sources(nlp, tagger) if tagger else []
    asked = _can_be_asked(nlp, sources)
    answers: dict[str, list[dict[Entity, float]]] = {name: [] for name in nlp.pipe_names if asked and name in asked}
    annotated = _annotate(nlp, texts, answers)
    group = spans_key or (written_group(nlp, tagger) if tagger else None)
    predicted, probabilities, groups = {}, {}, set[str]()
    shown = progress(annotated, total=len(docs), unit="doc", desc="Predict")
    for name, doc, reference in zip(ids, shown, docs, strict=True):
        check_text(doc, reference)
        predicted[name] = entities_of(doc, spans_key)
        groups |= {*doc.spans}
        probabilities[name] = _probabilities(doc, spans_key, group) if group else {}
    if docs:
        check_group(groups, spans_key)
    possible = dict(zip(ids, _unite(sources, answers, len(ids)), strict=True)) if asked else None
    return predicted, Probabilities(probabilities, possible)


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


def _can_be_asked(nlp: Language, sources: Sequence[Source]) -> set[str] | None:
    """Names of the taggers that know what else may be; None if any of the sources knows no more than it writes."""
    names = {source.name for source in sources}
    known = {name for name in names if name is not None and hasattr(nlp.get_pipe(name), "spans_above")}
    return known if known and known == names else None


def _annotate(nlp: Language, texts: Iterable[str], answers: dict[str, list[dict[Entity, float]]]) -> Iterator[Doc]:
    """Annotate, and ask each tagger of each document as it sees it: components behind it may change tokens and rows."""
    names, done = nlp.pipe_names, 0
    stream: Iterable[Any] = texts
    for tagger, answer in answers.items():
        behind = names.index(tagger) + 1
        stream = _ask(nlp.get_pipe(tagger), nlp.pipe(stream, disable=names[:done] + names[behind:]), answer)
        done = behind
    return nlp.pipe(stream, disable=names[:done])


def _ask(tagger: Any, annotated: Iterable[Doc], answer: list[dict[Entity, float]]) -> Iterator[Doc]:
    for docs in minibatch(annotated, BATCH_SIZE):
        for doc, (rows, probabilities) in zip(docs, tagger.spans_above(docs, AT_LEAST), strict=True):
            spans = (Span(doc, start, end, label=tagger.labels[label]) for start, end, label in rows.tolist())
            answer.append(dict(zip(map(_entity, spans), probabilities.tolist(), strict=True)))
        yield from docs


def _unite(
    sources: Sequence[Source], answers: dict[str, list[dict[Entity, float]]], n_docs: int
) -> list[dict[Entity, float]]:
    """What the taggers said of each document, by the labels that are written in the end."""
    united: list[dict[Entity, float]] = [{} for _ in range(n_docs)]
    for source in sources:
        assert source.name is not None, "who has answered has a name"
        for of_doc, said in zip(united, answers[source.name], strict=True):
            for entity, probability in said.items():
                if label := source.rename(entity.label):
                    renamed = entity._replace(label=label)
                    of_doc[renamed] = max(probability, of_doc.get(renamed, 0.0))
    return united


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
