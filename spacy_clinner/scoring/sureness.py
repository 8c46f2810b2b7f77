"""How sure a model is of its entities, and how far that can be believed: over all, by label, by domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.tokens import Doc

from ..annotations.documents import document_ids
from ..annotations.keys import DOMAIN_KEY
from .calibration import Calibration, JudgedSpans, measure_calibration
from .documents import ProbabilityOf, ScoredDocument, pair_documents
from .evaluation import Bootstrap
from .probabilities import AT_LEAST, Probabilities
from .review import Review, review_least_sure


@dataclass(frozen=True)
class Group:
    """Some spans.

    calibration (Calibration): How far their probabilities can be believed.
    review (Optional[Review]): What a review of the least sure of them finds; None: they are not predicted.
    """

    calibration: Calibration
    review: Review | None

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): JSON-able measures."""
        found = self.calibration.to_dict()
        return found if self.review is None else {**found, "review": self.review.to_dict()}


@dataclass(frozen=True)
class Groups:
    """Spans by what they have in common.

    all (Group): All of them.
    labels (Dict[str, Group]): Those of each label.
    domains (Dict[str, Group]): Those of each domain; none if there is but one.
    """

    all: Group
    labels: dict[str, Group]
    domains: dict[str, Group]

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): JSON-able measures."""
        labels, domains = ({n: one.to_dict() for n, one in part.items()} for part in (self.labels, self.domains))
        return {"all": self.all.to_dict(), "per_label": labels, "per_domain": domains}


@dataclass(frozen=True)
class Sureness:
    """How sure a model is, and how far that can be believed.

    predicted (Groups): Predicted entities.
    others (Optional[Groups]): Spans of `AT_LEAST` and more that were not predicted; None: none are known.
    without (int): Number of predicted entities whose probability is not known, which are left out.
    """

    predicted: Groups
    others: Groups | None
    without: int

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): JSON-able measures."""
        return {
            "predicted": self.predicted.to_dict(),
            "not_predicted": self.others and {"at_least": AT_LEAST, **self.others.to_dict()},
            "without_probability": self.without,
        }


def measure_sureness(
    docs: Sequence[Doc],
    documents: Sequence[ScoredDocument],
    probabilities: Probabilities,
    *,
    spans_key: str | None = None,
    bootstrap: Bootstrap | None = None,
) -> Sureness | None:
    """Compare a model's probabilities with the gold, strictly: an entity is right when offsets and label are.

    docs (Sequence[Doc]): All documents of a file, with gold.
    documents (Sequence[ScoredDocument]): Those that can be scored, with the predictions.
    probabilities (Probabilities): What the model said.
    spans_key (Optional[str]): Span group of the gold; None: `doc.ents`.
    bootstrap (Optional[Bootstrap]): Settings of the intervals; None: the defaults.
    RETURNS (Optional[Sureness]): The measures; None if no predicted entity has a probability.
    """
    bootstrap = bootstrap or Bootstrap()
    domains = [doc.user_data.get(DOMAIN_KEY) for doc in docs]
    domain_of = {name: domain or "" for name, domain in zip(document_ids(docs), domains, strict=True)}
    judged = _judge(documents, probabilities.predicted, domain_of)
    predicted = _groups(judged, bootstrap, review=True)
    if predicted is None:
        return None
    others = None
    if probabilities.possible is not None:
        said = {document.id: document.predicted for document in documents}
        unsaid = {
            name: frozenset(possible.keys() - said.get(name, ())) for name, possible in probabilities.possible.items()
        }
        unsaid_documents = pair_documents(docs, unsaid, spans_key)
        others = _groups(_judge(unsaid_documents, probabilities.possible, domain_of), bootstrap, review=False)
    n_predicted = sum(len(document.predicted) for document in documents)
    return Sureness(predicted, others, n_predicted - len(judged.right))


def _judge(documents: Sequence[ScoredDocument], known: ProbabilityOf, domain_of: dict[str, str]) -> JudgedSpans:
    return JudgedSpans.of(
        (known[document.id][entity], entity in document.gold, number, entity.label, domain_of[document.id])
        for number, document in enumerate(documents)
        for entity in sorted(document.predicted)
        if entity in known[document.id]
    )


def _groups(spans: JudgedSpans, bootstrap: Bootstrap, *, review: bool) -> Groups | None:
    if not len(spans.right):
        return None
    by_label = {label: spans.where(spans.label == label) for label in np.unique(spans.label).tolist()}
    names = np.unique(spans.domain).tolist()
    by_domain = {name: spans.where(spans.domain == name) for name in names if name and len(names) > 1}
    labels, domains = (
        {name: _group(some, bootstrap, review) for name, some in part.items()} for part in (by_label, by_domain)
    )
    return Groups(_group(spans, bootstrap, review, bin_intervals=True), labels, domains)


def _group(spans: JudgedSpans, bootstrap: Bootstrap, review: bool, bin_intervals: bool = False) -> Group:
    calibration = measure_calibration(spans, bootstrap, bin_intervals=bin_intervals)
    return Group(calibration, review_least_sure(spans, bootstrap) if review else None)
