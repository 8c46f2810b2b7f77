"""Runs of an experiment summarised: mean, spread, and paired tests between two groups of runs."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..scoring.resampling import permutation_test, sign_flip_test

Record = Mapping[str, Any]


class Spread(NamedTuple):
    """Mean, sample standard deviation (0 of a single run) and number of runs."""

    mean: float
    sd: float
    n: int

    def __str__(self) -> str:
        spread = f" ± {100 * self.sd:.1f}" if self.n > 1 else ""
        return f"{100 * self.mean:.1f}{spread}"


class Difference(NamedTuple):
    """Of paired runs: mean difference of F1, its standard error, p-value, and how many of how many are positive."""

    mean: float
    error: float
    p_value: float
    wins: int
    n: int


def select(records: Sequence[Record], **keys: Any) -> list[Record]:
    """RETURNS (List[Record]): The records with these values under "keys", in order."""
    return [record for record in records if all(record["keys"].get(key) == value for key, value in keys.items())]


def values(records: Sequence[Record], key: str) -> list[Any]:
    """RETURNS (List[Any]): The different values of a key, in the order in which they occur."""
    return list(dict.fromkeys(record["keys"][key] for record in records))


def spread(records: Sequence[Record]) -> Spread:
    """RETURNS (Spread): Of strict micro F1 on test, over runs."""
    return spread_of([record["test"]["f"] for record in records])


def spread_of(scores: Sequence[float]) -> Spread:
    """RETURNS (Spread): Of scores, over runs."""
    return Spread(statistics.fmean(scores), statistics.stdev(scores) if len(scores) > 1 else 0.0, len(scores))


def test_size(record: Record) -> str:
    """RETURNS (str): On how many documents with how many entities a run was tested."""
    test = record["test"]
    return f"{test['n_documents']:,} documents, {test['n_entities']:,} entities"


def measured_on(records: Sequence[Record]) -> str:
    """Say what runs were scored on, and how often they were trained.

    records (Sequence[Record]): The runs.
    RETURNS (str): A line for a plot.
    """
    sizes = list(dict.fromkeys(map(test_size, records)))
    n_seeds = len(values(records, "seed"))
    seeds = f"mean ± sample standard deviation of {n_seeds} seeds" if n_seeds > 1 else "one seed"
    return f"Scored on {sizes[0] if len(sizes) == 1 else f'{len(sizes)} sets'}; {seeds}"


def compare_runs(one: Sequence[Record], other: Sequence[Record]) -> Difference:
    """Compare runs paired in order: the same task and seed by two methods.

    one (Sequence[Record]), other (Sequence[Record]): The runs.
    RETURNS (Difference): One minus other; the p-value is that of a sign-flip test over runs.
    """
    found = [left["test"]["f"] - right["test"]["f"] for left, right in zip(one, other, strict=True)]
    error = statistics.stdev(found) / len(found) ** 0.5 if len(found) > 1 else 0.0
    wins = sum(difference > 0 for difference in found)
    return Difference(statistics.fmean(found), error, sign_flip_test(found), wins, len(found))


def compare_documents(one: Sequence[Record], other: Sequence[Record]) -> float:
    """Compare two methods on one test set, documents being the unit.

    one (Sequence[Record]), other (Sequence[Record]): Runs on the same test documents.
    RETURNS (float): P-value of the permutation test of micro F1, in which a document's counts, averaged over the runs,
        are swapped.
    """
    ids = list(one[0]["test"]["documents"])
    return permutation_test(_mean_counts(one, ids), _mean_counts(other, ids))


def _mean_counts(records: Sequence[Record], ids: Sequence[str]) -> np.ndarray:
    """Counts of shape (documents, 1, 4), in the order of `scoring.counts`."""
    rows = np.array([[record["test"]["documents"][name] for name in ids] for record in records], dtype=float)
    matched, gold, predicted = np.moveaxis(rows.mean(0), -1, 0)
    return np.stack([matched, gold, matched, predicted], -1)[:, None]
