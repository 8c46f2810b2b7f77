"""`python -m spacy clinner grid`."""

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from . import _experiment as options
from ._app import EXPERIMENTS, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("grid", rich_help_panel=EXPERIMENTS)
def grid_cli(
    spec: Annotated[Path, typer.Argument(help="TOML file of tasks and methods; see docs/guide/experiments.md")],
    output: options.Output,
    jobs: options.Jobs = 1,
    dry: options.Dry = False,
    why: options.Why = False,
) -> None:
    """Source by target, method by method. A stopped run goes on where it was."""
    from ..experiments.grid_cells import read_grid
    from ..experiments.grid_scores import score_grid
    from ..experiments.runner import run_steps
    from ..reports.experiment import write_experiment
    from ..reports.grid import grid_tables
    from ..reports.grid_scores import score_tables
    from ..reports.plots import check_plots
    from ..reports.probabilities import probability_tables

    with coded_errors():
        grid = read_grid(spec)
        if dry or why:
            return options.show_plan([*grid.cells, *grid.probabilities], output, why)
        check_plots()
        found = run_steps([*grid.cells, *grid.probabilities], output, jobs)
        records, measured = found[: len(grid.cells)], found[len(grid.cells) :]
        tables, scores = grid_tables(records, grid.baseline), None
        if grid.keep_predictions:
            scores = score_grid(grid, output)
            tables += score_tables(scores, records)
        if measured:
            scores = {**(scores or {}), "probabilities": measured}
            tables += probability_tables(measured)
        path = output / spec.stem
        print(write_experiment(path, "grid", grid.title, records, tables, scores))
        msg.good(f"Saved {path}.md, .json, .png and .svg; all of every run is in {output / 'results.jsonl'}")
