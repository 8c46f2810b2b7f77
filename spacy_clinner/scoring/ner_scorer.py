"""The scorer that components name: strict entity scores over `Example`s, with a prefix for further heads.

It runs at every evaluation of a training, so it counts sets and nothing else; `scoring.evaluation` has all the modes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from spacy import registry
from spacy.tokens import Doc
from spacy.training import Example

from ..annotations.documents import entities_of, is_annotated
from ..annotations.keys import DOMAIN_KEY, SPANS_KEY
from ..errors import Errors
from .counts import prf_of, report_labels
from .documents import check_text, drop_unannotated


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
    domains: Sequence[str] | None = None,
    gold_labels: Sequence[str] | None = None,
    score_prefix: str = "",
    **kwargs: Any,
) -> dict[str, Any]:
    """Score predicted entities strictly: an entity is right when both character offsets and the label are.

    Documents without gold are skipped, as are those that are known to come from a domain of other heads. In partly
    annotated documents, a prediction whose tokens are all unannotated, or whose label was not annotated, is neither
    right nor wrong, and is left out. If they come from several domains, each domain has its own F1 beside that of all.

    examples (Iterable[Example]): The examples; predicted and reference must have the same text.
    set_ents (bool): Whether the predictions are in `doc.ents`; else they are in `doc.spans[spans_key]`.
    spans_key (str): Span group of the predictions, and of the gold if that is in spans.
    gold_from (str): "ents" or "spans": where the reference holds its gold. A missing group means "not annotated".
    domains (Optional[Sequence[str]]): Domains of the head, by `user_data["clinner_domain"]` of the reference; None for
        all. A document without a domain is scored by every head.
    gold_labels (Optional[Sequence[str]]): Labels that the head learns; entities of others are no gold of its. None for
        all.
    score_prefix (str): Distinguishes the heads of a pipeline: with "x", the keys are `ents_x_p` and so on.
    **kwargs (Any): Further settings of the component, not used.
    RETURNS (Dict[str, Any]): `ents_p`, `ents_r`, `ents_f` and `ents_per_type`; all None if there was nothing to score.
        Of several domains also `ents_f_{domain}`.
    RAISES (ValueError): CE060 if gold_from is unknown, CE061 if the texts of an example differ.
    """
    if gold_from not in ("ents", "spans"):
        raise ValueError(Errors.CE060.format(value=gold_from))
    gold_key = None if gold_from == "ents" else spans_key
    matched, predicted, support = (Counter[str]() for _ in range(3))
    by_domain: dict[str, Counter] = {}
    for example in examples:
        if not is_annotated(example.reference, gold_key) or _belongs_to_others(example.reference, domains):
            continue
        check_text(example.predicted, example.reference)
        gold = entities_of(example.reference, gold_key)
        if gold_labels is not None:
            gold = frozenset(entity for entity in gold if entity.label in gold_labels)
        guesses = entities_of(example.predicted, None if set_ents else spans_key)
        guesses = drop_unannotated(guesses, example.reference, gold_key)
        matched.update(entity.label for entity in gold & guesses)
        predicted.update(entity.label for entity in guesses)
        support.update(entity.label for entity in gold)
        if (domain := example.reference.user_data.get(DOMAIN_KEY)) is not None:
            counts = {"matched": len(gold & guesses), "predicted": len(guesses), "support": len(gold)}
            by_domain.setdefault(domain, Counter()).update(counts)
    key = f"ents_{score_prefix}" if score_prefix else "ents"
    scores = report_labels(key, matched, predicted, support)
    if len(by_domain) > 1:
        scores |= {f"{key}_f_{domain}": prf_of(**counts)[2] for domain, counts in by_domain.items()}
    return scores


def _belongs_to_others(reference: Doc, domains: Sequence[str] | None) -> bool:
    domain = reference.user_data.get(DOMAIN_KEY)
    return domains is not None and domain is not None and domain not in domains
