"""Keep the results of a grid of trainings: every run in a line, the table, the plot.

    python scripts/publish_grid.py configs/grid_specialties.toml training/specialties benchmarks/results/specialties

Trains nothing: every cell of the grid must be done (`spacy clinner grid` goes on with what is missing). Writes
OUTPUT.json (what decided each run, and its scores), OUTPUT.md and OUTPUT.png.
"""

import json
from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from spacy_clinner.cli._coded import coded_errors
from spacy_clinner.experiments.grid_cells import read_grid
from spacy_clinner.experiments.runner import RESULTS, read_results
from spacy_clinner.files import write_atomically
from spacy_clinner.reports.grid import grid_page, plot_grid
from spacy_clinner.scoring.provenance import provenance

KEPT = ("identity", "dev", "best_step", "seconds", "date", "versions")


def main(
    spec: Annotated[Path, typer.Argument(help="TOML file of the grid", exists=True)],
    folder: Annotated[Path, typer.Argument(help="Its results", exists=True)],
    output: Annotated[Path, typer.Argument(help="Files to write, without their endings")],
) -> None:
    """Write the results of a grid."""
    with coded_errors():
        grid = read_grid(spec)
        done = read_results(folder / RESULTS)
        if missing := sum(cell.identity not in done for cell in grid.cells):
            msg.fail(f"{missing} of {len(grid.cells)} trainings are missing in {folder / RESULTS}.", exits=1)
        records = [{"keys": dict(cell.keys), **done[cell.identity]} for cell in grid.cells]
    source = provenance()
    runs = [
        {**record["keys"], **{name: record[name] for name in KEPT}, "test": {m: record["test"][m] for m in "prf"}}
        for record in records
    ]
    lines = ",\n".join(json.dumps(run, ensure_ascii=False) for run in runs)
    write_atomically(output.with_suffix(".json"), f'{{"published": {json.dumps(source)}, "runs": [\n{lines}\n]}}\n')
    write_atomically(output.with_suffix(".md"), grid_page(source, records, grid.baseline))
    plot_grid(records, output)
    output.with_suffix(".svg").unlink()
    msg.good(f"Saved {len(runs)} runs to {output}.json, .md and .png")


if __name__ == "__main__":
    typer.run(main)
