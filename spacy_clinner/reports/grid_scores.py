"""Tables of a grid whose predictions were kept: the modes of scoring, intervals and paired tests, task by task."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from .markdown import markdown_table
from .runs import Record, select, spread_of

# heading of a column: gold, mode, average
ENTITIES = {
    "strict": ("doc.ents", "strict", "micro"),
    "strict, macro": ("doc.ents", "strict", "macro"),
    "exact": ("doc.ents", "exact", "micro"),
    "partial": ("doc.ents", "partial", "micro"),
    "type": ("doc.ents", "type", "micro"),
    "strict, all annotations": ("all annotations", "strict", "micro"),
    "strict, annotators' offsets": ("annotators' offsets", "strict", "micro"),
}
TOKENS = {
    "BIO tags": ("doc.ents", "token_tags", "micro"),
    "types": ("doc.ents", "token_types", "micro"),
    "BIO tags with O, micro": ("doc.ents", "token_tags_with_o", "micro"),
    "BIO tags with O, weighted": ("doc.ents", "token_tags_with_o", "weighted"),
    "types with O, micro": ("doc.ents", "token_types_with_o", "micro"),
    "types with O, weighted": ("doc.ents", "token_types_with_o", "weighted"),
    "binary": ("doc.ents", "token_binary", "micro"),
}


def score_tables(scores: Mapping[str, Any], records: Sequence[Record]) -> list[str]:
    """F1 in every mode, of each task; beside it the score on dev that chose the checkpoint.

    scores (Mapping[str, Any]): As of `experiments.grid_scores.score_grid`.
    records (Sequence[Record]): The grid's runs.
    RETURNS (List[str]): Headings and Markdown tables.
    """
    tables = []
    for task in scores["tasks"]:
        name = f"{task['source']} → {task['target']}"
        own = select(records, source=task["source"], target=task["target"])
        dev = [_dev(select(own, method=method)) for method in task["methods"]]
        last = ["95 % interval of strict"] + ([f"strict against {scores['baseline']}"] if scores["baseline"] else [])
        tables += [
            f"## Entities, {name}",
            _table(task["methods"], ENTITIES, last, {"dev": dev}),
            f"## Tokens, {name}",
            _table(task["methods"], TOKENS),
        ]
    return [*tables, "Intervals and tests resample documents; modes as in docs/guide/scoring.md."]


def _table(
    methods: Mapping[str, Any],
    columns: Mapping[str, tuple[str, str, str]],
    last: Sequence[str] = (),
    first: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> str:
    known = {name: keys for name, keys in columns.items() if all(keys[0] in row["scores"] for row in methods.values())}
    rows = []
    for number, (method, row) in enumerate(methods.items()):
        cells = [str(spread_of(row["scores"][gold][mode][average]["f"])) for gold, mode, average in known.values()]
        found = [_interval(row["interval"]), _difference(row.get("against_baseline"))][: len(last)]
        rows.append([method, str(row["runs"]), *(cells_of[number] for cells_of in first.values()), *cells, *found])
    return markdown_table(["method", "runs", *first, *known, *last], rows)


def _dev(records: Sequence[Record]) -> str:
    """Predictions of another tool have none."""
    found = [record["dev"] for record in records if record["dev"] is not None]
    return str(spread_of(found)) if found else ""


def _interval(bounds: Sequence[float] | None) -> str:
    return "" if bounds is None else " to ".join(f"{100 * bound:.1f}" for bound in bounds)


def _difference(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    change, lower, upper = (f"{100 * value:+.1f}" for value in (found["difference"], *found["interval"]))
    return f"{change} ({lower} to {upper}), p = {found['p_value']:.4f}"
