"""The table of a study of relations."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files import write_atomically
from ..provenance import provenance
from .markdown import markdown_table
from .runs import Record, select, spread_of, values

# Of a run, beside its scores.
KEPT = ("identity", "model", "seconds", "date", "versions")


def write_study(
    output: Path, settings: Mapping[str, Any], records: Sequence[Record], data: Sequence[Mapping[str, Any]]
) -> str:
    """Write results.md and results.json.

    output (Path): The folder.
    settings (Mapping[str, Any]): What the study's file holds.
    records (Sequence[Record]): Runs with the keys "system" and "seed", and scores by name.
    data (Sequence[Mapping[str, Any]]): Files of data and their checksums.
    RETURNS (str): The table.
    """
    systems = values(records, "system")
    runs = {name: [record["scores"] for record in select(records, system=name)] for name in systems}
    details = {name: [_details(record) for record in select(records, system=name)] for name in systems}
    source, seeds = provenance(), values(records, "seed")
    result = {**source, "study": settings, "data": data, "runs": runs, "details": details}
    table = study_table(runs)
    write_atomically(output / "results.json", json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    write_atomically(output / "results.md", f"{source['date']}; `{source['command']}`; seeds {seeds}.\n\n{table}\n")
    return table


def study_table(runs: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """One line a score, one column a system.

    runs (Mapping[str, Sequence[Mapping[str, float]]]): Scores by name, of each seed of each system.
    RETURNS (str): A Markdown table: mean and sample standard deviation over the seeds.
    """
    names = list(dict.fromkeys(name for of_one in runs.values() for found in of_one for name in found))
    rows = []
    for name in names:
        found = [[run[name] for run in of_one if run.get(name) is not None] for of_one in runs.values()]
        rows.append((name, *(str(spread_of(scores)) if scores else "" for scores in found)))
    return markdown_table(("F1 on test (but threshold and share proposed), %", *runs), rows)


def _details(record: Record) -> dict[str, Any]:
    return {"seed": record["keys"]["seed"], **{name: record[name] for name in KEPT}}
