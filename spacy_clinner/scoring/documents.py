"""What is scored: a document's gold and predicted entities, and the tokens that the token modes count."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc

from ..annotations.documents import annotated_labels, document_ids, entities_of, is_annotated
from ..annotations.entity import Entity
from ..annotations.keys import DOC_ID_KEY
from ..errors import Errors

Predictions = Mapping[str, frozenset[Entity]]
# By the documents' identifiers, then by entity.
ProbabilityOf = Mapping[str, Mapping[Entity, float]]


@dataclass(frozen=True)
class ScoredDocument:
    """Gold and prediction of a document.

    id (str): Identifier of the document.
    tokens (ndarray): Character offsets of the reference tokens that token modes count, integers of shape (tokens, 2).
    gold (FrozenSet[Entity]): Gold entities.
    predicted (FrozenSet[Entity]): Predicted entities, without those where the gold is missing.
    """

    id: str
    tokens: np.ndarray
    gold: frozenset[Entity]
    predicted: frozenset[Entity]


def pair_documents(docs: Sequence[Doc], predictions: Predictions, spans_key: str | None = None) -> list[ScoredDocument]:
    """Put gold and predictions together; documents without gold are left out.

    docs (Sequence[Doc]): All documents of a file, with gold.
    predictions (Predictions): Predicted entities by the documents' identifiers.
    spans_key (Optional[str]): Span group of the gold; None: `doc.ents`.
    RETURNS (List[ScoredDocument]): What can be scored.
    RAISES (ValueError): CE064 if identifiers repeat, CE065 if a document has no prediction, CE066 if a prediction has
        no document, CE067 if an offset lies outside of its document, CE069 if there is no gold at all.
    """
    ids = document_ids(docs)
    if missing := [name for name in ids if name not in predictions]:
        raise ValueError(Errors.CE065.format(n=len(missing), docs=missing[:5]))
    if unknown := sorted(predictions.keys() - set(ids)):
        raise ValueError(Errors.CE066.format(n=len(unknown), docs=unknown[:5]))
    if docs and not any(is_annotated(doc, spans_key) for doc in docs):
        raise ValueError(Errors.CE069.format(n=len(docs), keys=sorted({key for doc in docs for key in doc.spans})))
    scored = []
    for name, doc in zip(ids, docs, strict=True):
        length = len(doc.text)
        if outside := next((entity for entity in predictions[name] if entity.end > length), None):
            raise ValueError(Errors.CE067.format(doc=name, start=outside.start, end=outside.end, length=length))
        if is_annotated(doc, spans_key):
            guesses = drop_unannotated(predictions[name], doc, spans_key)
            scored.append(ScoredDocument(name, _counted_tokens(doc, spans_key), entities_of(doc, spans_key), guesses))
    return scored


def check_text(predicted: Doc, reference: Doc) -> None:
    """See that offsets of a predicted document are those of its gold.

    predicted (Doc): The predicted document.
    reference (Doc): The gold document.
    RAISES (ValueError): CE061 if their texts differ.
    """
    if predicted.text != reference.text:
        raise ValueError(Errors.CE061.format(doc=reference.user_data.get(DOC_ID_KEY)))


def drop_unannotated(entities: frozenset[Entity], reference: Doc, spans_key: str | None) -> frozenset[Entity]:
    """Leave out entities of labels that were not annotated, and those in tokens whose annotation is missing.

    entities (FrozenSet[Entity]): Predicted entities.
    reference (Doc): The gold document.
    spans_key (Optional[str]): Span group of the gold, where no token is missing; None: `doc.ents`, where an entity is
        left out that lies fully in such tokens.
    RETURNS (FrozenSet[Entity]): The entities that the gold can judge.
    """
    entities = of_annotated_labels(entities, reference)
    if spans_key is not None or reference.to_array("ENT_IOB").all():
        return entities
    starts, ends = _offsets(token for token in reference if token.ent_iob).T
    return frozenset(entity for entity in entities if ((starts < entity.end) & (entity.start < ends)).any())


def of_annotated_labels(entities: frozenset[Entity], reference: Doc) -> frozenset[Entity]:
    """RETURNS (FrozenSet[Entity]): The predicted entities of labels for which the gold document was annotated."""
    labels = annotated_labels(reference)
    return entities if labels is None else frozenset(entity for entity in entities if entity.label in labels)


def _counted_tokens(doc: Doc, spans_key: str | None) -> np.ndarray:
    return _offsets(token for token in doc if not token.text.isspace() and (spans_key or token.ent_iob))


def _offsets(tokens: Iterable) -> np.ndarray:
    return np.array([(token.idx, token.idx + len(token)) for token in tokens], dtype=int).reshape(-1, 2)
