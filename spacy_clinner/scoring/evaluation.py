"""The evaluation of record: every mode, per label, with intervals and confusion, in one result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ..errors import Errors
from .confusion import Confusion, count_confusion
from .counts import MATCHED_GOLD, PREDICTED, PRF, SUPPORT, Counts, macro, micro, prf, weighted
from .documents import ScoredDocument
from .entities import ENTITY_MODES, align_entities, count_entities
from .resampling import bootstrap_interval, permutation_test
from .tokens import OUTSIDE, count_tokens, project, tags_to_binary, tags_to_types

AVERAGES = ("micro", "macro", "weighted")


@dataclass(frozen=True)
class Bootstrap:
    """Settings of the interval.

    resamples (int): Number of resamples; 0: no intervals.
    level (float): Coverage.
    seed (int): Seed of the random generator.
    """

    resamples: int = 1000
    level: float = 0.95
    seed: int = 0


@dataclass(frozen=True)
class ModeScores:
    """Scores of one mode.

    counts (Counts): What was counted.
    bounds (Optional[ndarray]): Lower and upper bounds of `summary`, shape (2, averages + labels, 3); None: not wanted.
    """

    counts: Counts
    bounds: np.ndarray | None

    @cached_property
    def averages(self) -> dict[str, PRF]:
        """P, R and F1 by name of the average."""
        return {name: PRF(*row) for name, row in zip(AVERAGES, summary(self.counts.total).tolist(), strict=False)}

    @cached_property
    def per_label(self) -> dict[str, PRF]:
        """P, R and F1 by label."""
        rows = prf(self.counts.total).tolist()
        return {label: PRF(*row) for label, row in zip(self.counts.labels, rows, strict=True)}

    def interval(self, average: str, measure: str = "f") -> tuple[float, float] | None:
        """The interval of an average.

        average (str): One of `AVERAGES`.
        measure (str): "p", "r" or "f".
        RETURNS (Optional[Tuple[float, float]]): Lower and upper bound.
        """
        if self.bounds is None:
            return None
        return tuple(self.bounds[:, AVERAGES.index(average), PRF._fields.index(measure)].tolist())

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): JSON-able scores; intervals are [lower, upper]."""
        scores = [*self.averages.values(), *self.per_label.values()]
        rows = [row._asdict() for row in scores]
        if self.bounds is not None:
            for i, row in enumerate(rows):
                row["interval"] = dict(zip(PRF._fields, self.bounds[:, i].T.tolist(), strict=True))
        n = len(AVERAGES)
        for row, total in zip(rows[n:], self.counts.total.tolist(), strict=True):
            row |= {"matched": total[MATCHED_GOLD], "support": int(total[SUPPORT]), "predicted": int(total[PREDICTED])}
        return {
            **dict(zip(AVERAGES, rows[:n], strict=True)),
            "per_label": dict(zip(self.counts.labels, rows[n:], strict=True)),
        }


@dataclass(frozen=True)
class Evaluation:
    """All scores of one model on one set of documents.

    ids (Tuple[str, ...]): Identifiers of the documents.
    n_tokens (int): Number of tokens that the token modes counted.
    modes (Dict[str, ModeScores]): Scores by name of the mode: those of `entities.ENTITY_MODES` and, from tokens,
        `token_tags`, `token_types` (each also with O: `_with_o`) and `token_binary`.
    entity_confusion (Confusion): Labels of aligned entities.
    token_confusion (Confusion): Types of tokens; what is missed and spurious is O on the other side.
    bootstrap (Bootstrap): Settings of the intervals.
    """

    ids: tuple[str, ...]
    n_tokens: int
    modes: dict[str, ModeScores]
    entity_confusion: Confusion
    token_confusion: Confusion
    bootstrap: Bootstrap

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): JSON-able scores, without the documents' identifiers."""
        total = self.modes["strict"].counts.total.sum(0)
        return {
            "documents": len(self.ids),
            "tokens": self.n_tokens,
            "entities": int(total[SUPPORT]),
            "predicted": int(total[PREDICTED]),
            "bootstrap": {**vars(self.bootstrap), "unit": "document"},
            "modes": {name: scores.to_dict() for name, scores in self.modes.items()},
            "confusion": {"entities": self.entity_confusion.to_dict(), "tokens": self.token_confusion.to_dict()},
        }


def summary(counts: np.ndarray) -> np.ndarray:
    """All scores of a mode at once: the averages, then the labels.

    counts (ndarray): Counts of shape (..., labels, 4).
    RETURNS (ndarray): P, R and F1, shape (..., averages + labels, 3).
    """
    averages = np.stack([micro(counts), macro(counts), weighted(counts)], -2)
    return np.concatenate([averages, prf(counts)], -2)


def score_counts(counts: Counts, settings: Bootstrap) -> ModeScores:
    """Put intervals to counts.

    counts (Counts): What one mode counted.
    settings (Bootstrap): Settings of the intervals.
    RETURNS (ModeScores): The scores.
    """
    if not settings.resamples:
        return ModeScores(counts, None)
    bounds = bootstrap_interval(
        counts.values, summary, n_resamples=settings.resamples, level=settings.level, seed=settings.seed
    )
    return ModeScores(counts, bounds)


def evaluate(documents: Sequence[ScoredDocument], bootstrap: Bootstrap | None = None) -> Evaluation:
    """Score documents in every mode.

    documents (Sequence[ScoredDocument]): Gold and predictions, see `documents.pair_documents`.
    bootstrap (Optional[Bootstrap]): Settings of the intervals; None: the defaults.
    RETURNS (Evaluation): The scores.
    RAISES (ValueError): CE062 if there is no document.
    """
    if not documents:
        raise ValueError(Errors.CE062)
    bootstrap = bootstrap or Bootstrap()
    pairs = [align_entities(document.gold, document.predicted) for document in documents]
    labels = sorted({entity.label for document in documents for entity in document.gold | document.predicted})
    gold = [project(document.gold, document.tokens) for document in documents]
    predicted = [project(document.predicted, document.tokens) for document in documents]
    counts = {mode: count_entities(pairs, labels, mode) for mode in ENTITY_MODES} | _token_counts(gold, predicted)
    return Evaluation(
        ids=tuple(document.id for document in documents),
        n_tokens=sum(len(document.tokens) for document in documents),
        modes={mode: score_counts(counted, bootstrap) for mode, counted in counts.items()},
        entity_confusion=count_confusion(
            ((one and one.label, other and other.label) for document in pairs for one, other in document), labels
        ),
        token_confusion=count_confusion(
            (pair for tags in zip(gold, predicted, strict=True) for pair in zip(*map(_types, tags), strict=True)),
            labels,
        ),
        bootstrap=bootstrap,
    )


class StrictScores(Protocol):
    """What can be compared: the documents' identifiers, scores under "strict", and the settings of the interval."""

    @property
    def ids(self) -> tuple[str, ...]: ...
    @property
    def modes(self) -> Mapping[str, ModeScores]: ...
    @property
    def bootstrap(self) -> Bootstrap: ...


def compare(one: StrictScores, other: StrictScores, *, n_permutations: int = 10_000, seed: int = 0) -> dict[str, Any]:
    """Compare two models' strict micro F1 on the same documents.

    one (StrictScores): The first model's scores.
    other (StrictScores): The second model's scores, against the same gold.
    n_permutations (int): Number of random swaps of the paired permutation test.
    seed (int): Seed of the test.
    RETURNS (Dict[str, Any]): Both scores, their difference (first minus second), its bootstrap interval, the p-value.
    RAISES (ValueError): CE063 if the documents differ.
    """
    if one.ids != other.ids:
        raise ValueError(Errors.CE063.format(one=len(one.ids), other=len(other.ids)))
    first, second = (evaluation.modes["strict"].counts.values for evaluation in (one, other))
    scores = [evaluation.modes["strict"].averages["micro"].f for evaluation in (one, other)]
    settings, interval = one.bootstrap, None
    if settings.resamples:
        both = np.stack([first.sum(1), second.sum(1)], 1)
        interval = bootstrap_interval(
            both, _difference, n_resamples=settings.resamples, level=settings.level, seed=settings.seed
        ).tolist()
    return {
        "score": "strict micro F1",
        "model": scores[0],
        "other": scores[1],
        "difference": scores[0] - scores[1],
        "interval": interval,
        "p_value": permutation_test(first, second, n_permutations=n_permutations, seed=seed),
        "permutations": n_permutations,
        "seed": seed,
    }


def _token_counts(gold: Sequence[list[str]], predicted: Sequence[list[str]]) -> dict[str, Counts]:
    tags = count_tokens(gold, predicted)
    types = count_tokens([tags_to_types(doc) for doc in gold], [tags_to_types(doc) for doc in predicted])
    binary = count_tokens([tags_to_binary(doc) for doc in gold], [tags_to_binary(doc) for doc in predicted])
    return {
        "token_tags": tags.without(OUTSIDE),
        "token_tags_with_o": tags,
        "token_types": types.without(OUTSIDE),
        "token_types_with_o": types,
        "token_binary": binary.without(OUTSIDE),
    }


def _types(tags: list[str]) -> list[str | None]:
    return [None if tag == OUTSIDE else tag for tag in tags_to_types(tags)]


def _difference(counts: np.ndarray) -> np.ndarray:
    """F1 of the first model minus the second's, from counts of shape (..., 2, 4)."""
    f = prf(counts)[..., 2]
    return f[..., 0] - f[..., 1]
