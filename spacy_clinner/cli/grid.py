"""`python -m spacy clinner grid`."""

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ._app import clinner_cli
from ._coded import coded_errors


@clinner_cli.command("grid")
def grid_cli(
    spec: Annotated[Path, typer.Argument(help="TOML file of tasks and methods; see docs/experiments.md")],
    output: Annotated[Path, typer.Option(help="Folder of results, table and plots")],
    jobs: Annotated[int, typer.Option(help="Trainings at once, each on one thread")] = 1,
) -> None:
    """Source by target, method by method. A stopped run goes on where it was."""
    from ..experiments.grid_cells import read_grid
    from ..experiments.runner import run_steps
    from ..reports.experiment import write_experiment
    from ..reports.grid import grid_tables
    from ..reports.plots import check_plots

    with coded_errors():
        check_plots()
        grid = read_grid(spec)
        records = run_steps(grid.cells, output, jobs)
        path = output / spec.stem
        print(write_experiment(path, "grid", grid.title, records, grid_tables(records, grid.baseline)))
        msg.good(f"Saved {path}.md, .json, .png and .svg; all of every run is in {output / 'results.jsonl'}")
