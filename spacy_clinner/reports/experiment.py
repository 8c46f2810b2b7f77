"""What an experiment found: a page of tables, a plot, and every run in a line."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files import write_atomically
from ..provenance import provenance
from .grid import plot_grid
from .runs import Record, values
from .transfer import plot_curve, plot_layers

# Of a run, beside its keys and its scores, as far as it has them.
KEPT = ("identity", "dev", "best_step", "seconds", "date", "versions")
PLOTS = {"curve": plot_curve, "layers": plot_layers, "grid": plot_grid}


def write_experiment(
    path: Path,
    kind: str,
    title: str,
    records: Sequence[Record],
    tables: Sequence[str],
    scores: Mapping[str, Any] | None = None,
) -> str:
    """Write PATH.md, PATH.json, PATH.png and PATH.svg.

    path (Path): The files without their endings.
    kind (str): One of `PLOTS`.
    title (str): Title of the plot.
    records (Sequence[Record]): All runs, as of `run_steps`.
    tables (Sequence[str]): What the page shows, Markdown.
    scores (Optional[Mapping[str, Any]]): Further scores for the JSON file.
    RETURNS (str): The page.
    """
    source = provenance()
    page = "\n\n".join([_heading(source, len(values(records, "seed"))), *tables]) + "\n"
    lines = ",\n".join(json.dumps(_shortened(record), ensure_ascii=False) for record in records)
    told = {"written": source, "kind": kind, "title": title, **({} if scores is None else {"scores": scores})}
    head = json.dumps(told, ensure_ascii=False)[1:-1]
    write_atomically(path.with_name(f"{path.name}.md"), page)
    write_atomically(path.with_name(f"{path.name}.json"), f'{{{head}, "runs": [\n{lines}\n]}}\n')
    draw_experiment(path)
    return page


def draw_experiment(path: Path, output: Path | None = None) -> None:
    """Draw the plot of an experiment from its JSON file.

    path (Path): The JSON file without its ending.
    output (Optional[Path]): The plot's files without their endings; None: beside the JSON file.
    """
    content = json.loads(path.with_name(f"{path.name}.json").read_text(encoding="utf8"))
    PLOTS[content["kind"]]([_with_keys(run) for run in content["runs"]], output or path, content["title"])


def _heading(source: dict[str, Any], n_seeds: int) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in source["versions"].items())
    runs = f"mean ± sample standard deviation over {n_seeds} seeds" if n_seeds > 1 else "one seed"
    return f"{source['date']}; `{source['command']}`; {versions}. Strict micro F1 on test in percent, {runs}."


def _shortened(record: Record) -> dict[str, Any]:
    """A run without its history and the counts of every document."""
    test = record["test"]
    scores = {measure: test[measure] for measure in "prf"}
    size = {"n_documents": len(test["documents"]), "n_entities": sum(gold for _, gold, _ in test["documents"].values())}
    return {**record["keys"], **{name: record[name] for name in KEPT if name in record}, "test": scores | size}


def _with_keys(run: dict[str, Any]) -> Record:
    return {"keys": {name: run[name] for name in run.keys() - {*KEPT, "test"}}, "test": run["test"]}
