"""What an experiment found: a page of tables, a plot, and every run in a line."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..files import write_atomically
from ..scoring.provenance import provenance
from .runs import Record, values

# Of a run, beside its keys and its scores.
KEPT = ("identity", "dev", "best_step", "seconds", "date", "versions")


def write_experiment(
    path: Path, records: Sequence[Record], tables: Sequence[str], plot: Callable[[Sequence[Record], Path], None]
) -> str:
    """Write PATH.md, PATH.json, PATH.png and PATH.svg.

    path (Path): The files without their endings.
    records (Sequence[Record]): All runs, as of `run_cells`.
    tables (Sequence[str]): What the page shows, Markdown.
    plot (Callable[[Sequence[Record], Path], None]): Draws the runs to the files of this name.
    RETURNS (str): The page.
    """
    source = provenance()
    page = "\n\n".join([_heading(source, len(values(records, "seed"))), *tables]) + "\n"
    lines = ",\n".join(json.dumps(_shortened(record), ensure_ascii=False) for record in records)
    head = json.dumps(source, ensure_ascii=False)
    write_atomically(path.with_name(f"{path.name}.md"), page)
    write_atomically(path.with_name(f"{path.name}.json"), f'{{"written": {head}, "runs": [\n{lines}\n]}}\n')
    plot(records, path)
    return page


def _heading(source: dict[str, Any], n_seeds: int) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in source["versions"].items())
    runs = f"mean ± sample standard deviation over {n_seeds} seeds" if n_seeds > 1 else "one seed"
    return f"{source['date']}; `{source['command']}`; {versions}. Strict micro F1 on test in percent, {runs}."


def _shortened(record: Record) -> dict[str, Any]:
    """A run without its history and the counts of every document."""
    scores = {measure: record["test"][measure] for measure in "prf"}
    return {**record["keys"], **{name: record[name] for name in KEPT}, "test": scores}
