"""The scorer that components name: strict entity scores over `Example`s, with a prefix for further heads.

It runs at every evaluation of a training, so it counts sets and nothing else; `scoring.evaluation` has all the modes.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Literal

import numpy as np
from spacy import registry
from spacy.tokens import Doc
from spacy.training import Example

from ..constants import DOC_ID_KEY, SPANS_KEY
from ..errors import Errors
from ..types import Entity


@registry.scorers("spacy_clinner.ner_scorer.v1")
def make_ner_scorer() -> Callable[..., dict[str, Any]]:
    """Make the scorer of entity taggers.

    RETURNS (Callable): `ner_score`.
    """
    return ner_score


def ner_score(
    examples: Iterable[Example],
    *,
    set_ents: bool = True,
    spans_key: str = SPANS_KEY,
    gold_from: Literal["ents", "spans"] = "ents",
    score_prefix: str = "",
    **kwargs: Any,
) -> dict[str, Any]:
    """Score predicted entities strictly: an entity is right when both character offsets and the label are.

    Documents without gold are skipped. In partly annotated documents, a prediction whose tokens are all
    unannotated is neither right nor wrong, and is left out.

    examples (Iterable[Example]): The examples; predicted and reference must have the same text.
    set_ents (bool): Whether the predictions are in `doc.ents`; else they are in `doc.spans[spans_key]`.
    spans_key (str): Span group of the predictions, and of the gold if that is in spans.
    gold_from (str): "ents" or "spans": where the reference holds its gold. A missing group means "not annotated".
    score_prefix (str): Distinguishes the heads of a pipeline: with "x", the keys are `ents_x_p` and so on.
    **kwargs (Any): Further settings of the component, not used.
    RETURNS (Dict[str, Any]): `ents_p`, `ents_r`, `ents_f` and `ents_per_type`; all None if there was nothing to score.
    RAISES (ValueError): CE060 if gold_from is unknown, CE061 if the texts of an example differ.
    """
    if gold_from not in ("ents", "spans"):
        raise ValueError(Errors.CE060.format(value=gold_from))
    matched, predicted, support = Counter(), Counter(), Counter()
    for example in examples:
        gold = _gold_entities(example.reference, gold_from, spans_key)
        if gold is None:
            continue
        if example.predicted.text != example.reference.text:
            raise ValueError(Errors.CE061.format(doc=example.reference.user_data.get(DOC_ID_KEY)))
        spans = example.predicted.ents if set_ents else example.predicted.spans.get(spans_key, ())
        guesses = _entities(spans)
        if gold_from == "ents":
            guesses = drop_unannotated(guesses, example.reference)
        matched.update(entity.label for entity in gold & guesses)
        predicted.update(entity.label for entity in guesses)
        support.update(entity.label for entity in gold)
    return _report(matched, predicted, support, f"ents_{score_prefix}" if score_prefix else "ents")


def drop_unannotated(entities: set[Entity], reference: Doc) -> set[Entity]:
    """Leave out the entities that lie fully in tokens whose entity annotation is missing.

    entities (Set[Entity]): Predicted entities.
    reference (Doc): The gold document.
    RETURNS (Set[Entity]): The entities that the gold can judge.
    """
    if reference.to_array("ENT_IOB").all():
        return entities
    annotated = np.array([(token.idx, token.idx + len(token)) for token in reference if token.ent_iob]).reshape(-1, 2)
    starts, ends = annotated.T
    return {entity for entity in entities if ((starts < entity.end) & (entity.start < ends)).any()}


def _gold_entities(reference: Doc, gold_from: str, spans_key: str) -> set[Entity] | None:
    """The gold of a document, None where it is not annotated."""
    if gold_from == "ents":
        return _entities(reference.ents) if reference.has_annotation("ENT_IOB") else None
    return _entities(reference.spans[spans_key]) if spans_key in reference.spans else None


def _entities(spans: Iterable) -> set[Entity]:
    return {Entity(span.start_char, span.end_char, span.label_) for span in spans}


def _report(matched: Counter, predicted: Counter, support: Counter, key: str) -> dict[str, Any]:
    per_type = {
        label: dict(zip("prf", _prf(matched[label], predicted[label], support[label]), strict=True))
        for label in sorted(predicted | support)
    }
    if not per_type:
        return {f"{key}_p": None, f"{key}_r": None, f"{key}_f": None, f"{key}_per_type": None}
    p, r, f = _prf(matched.total(), predicted.total(), support.total())
    return {f"{key}_p": p, f"{key}_r": r, f"{key}_f": f, f"{key}_per_type": per_type}


def _prf(matched: int, predicted: int, support: int) -> tuple[float, float, float]:
    """Precision, recall and F1; 0 where a denominator is."""
    return (
        matched / predicted if predicted else 0.0,
        matched / support if support else 0.0,
        2 * matched / (predicted + support) if predicted + support else 0.0,
    )
