"""How far probabilities can be believed before and after calibration: a table for each task of a grid."""

from collections.abc import Mapping, Sequence
from typing import Any

from .markdown import markdown_table
from .runs import Record, select, spread_of, values
from .sureness import SHARE

STAGES = ("trained", "calibrated")
COLUMNS = ("F1", "probability", "right", "ECE", "by chance", "Brier", "log p", "ECE, not predicted", "review of 20 %")


def probability_tables(records: Sequence[Record]) -> list[str]:
    """Show each method as it was trained and calibrated.

    records (Sequence[Record]): Results of `ProbabilityCell`s.
    RETURNS (List[str]): Headings and Markdown tables.
    """
    tables = []
    for source, target in dict.fromkeys((record["keys"]["source"], record["keys"]["target"]) for record in records):
        own = select(records, source=source, target=target)
        rows = [row for method in values(own, "method") for row in probability_rows(method, select(own, method=method))]
        tables += [f"## Probabilities, {source} → {target}", markdown_table(["method", "", "T", *COLUMNS], rows)]
    return [
        *tables,
        "Percent, but for T, Brier and log p. ECE: expected calibration error of predicted entities in ten bins of "
        "equal mass; by chance: that of true probabilities in as large a sample; not predicted: of spans of 5 % and "
        "more; review of 20 %: share of the wrong entities among the least sure fifth (docs/guide/probabilities.md).",
    ]


def probability_rows(name: str, runs: Sequence[Record]) -> list[list[str]]:
    """Show runs as they were trained and calibrated.

    name (str): What they are.
    runs (Sequence[Record]): At least one; each has "trained", "calibrated" and "calibration" as `ProbabilityCell`.
    RETURNS (List[List[str]]): Name, stage, temperature and `COLUMNS`.
    """
    temperatures = {"trained": "1", "calibrated": _temperature(runs)}
    return [[name, stage, temperatures[stage], *probability_cells([run[stage] for run in runs])] for stage in STAGES]


def probability_cells(measured: Sequence[Mapping[str, Any]]) -> list[str]:
    """Show how far probabilities can be believed.

    measured (Sequence[Mapping[str, Any]]): Of each run, as `probability_cell.measure_predictions` returns it.
    RETURNS (List[str]): `COLUMNS`: mean and, of several runs, sample standard deviation.
    """
    told = [run["sureness"] or {} for run in measured]
    predicted, others = ([one.get(which) or {} for one in told] for which in ("predicted", "not_predicted"))
    percents = [[one.get(name) for one in predicted] for name in ("probability", "right", "ece", "ece_by_chance")]
    decimals = [[one.get(name) for one in predicted] for name in ("brier", "log_likelihood")]
    last = [[one.get("ece") for one in others], [_reviewed(one) for one in predicted]]
    return [
        *(_percent(column) for column in ([run["f"] for run in measured], *percents)),
        *(_decimal(column) for column in decimals),
        *(_percent(column) for column in last),
    ]


def _temperature(runs: Sequence[Record]) -> str:
    """Of the tagger; a pipeline has one."""
    return _decimal([next(iter(run["calibration"].values()))["temperature"] for run in runs], 2)


def _percent(found: Sequence[float | None]) -> str:
    """Of the runs that have it: none has an ECE of what it does not predict if there is no such span."""
    known = [value for value in found if value is not None]
    return str(spread_of(known)) if known else "-"


def _decimal(found: Sequence[float | None], digits: int = 3) -> str:
    known = [value for value in found if value is not None]
    if not known:
        return "-"
    spread = spread_of(known)
    return f"{spread.mean:.{digits}f}" + (f" ± {spread.sd:.{digits}f}" if spread.n > 1 else "")


def _reviewed(predicted: dict[str, Any]) -> float | None:
    rows = predicted.get("review", {}).get("reviewed", ())
    return next((row["found"] for row in rows if row["share"] == SHARE), None)
