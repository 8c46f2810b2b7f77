"""Options that the commands `curve` and `layers` share, and how both end."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from wasabi import msg

from ._coded import coded_errors
from ._experiment import show_plan


def _once(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise typer.BadParameter("the same is there twice, and would count as two.")
    return values


Config = Annotated[
    Path, typer.Argument(help="Config whose [initialize.after_init] is spacy_clinner.transfer_layers.v1")
]
Source = Annotated[Path, typer.Option(help="Trained pipeline to transfer from")]
Train = Annotated[Path, typer.Option(help="Training documents of the target, .spacy")]
Dev = Annotated[Path, typer.Option(help="Documents to choose the checkpoint on")]
Test = Annotated[Path, typer.Option(help="Documents to score the chosen checkpoint on")]
Shares = Annotated[
    list[float], typer.Option("--share", help="Percent of the corpus to train on; again for more", callback=_once)
]
Whole = Annotated[float, typer.Option(help="Percent of the corpus that the training documents are")]
Seeds = Annotated[list[int], typer.Option("--seed", help="Seed of a training; again for more", callback=_once)]
Title = Annotated[str | None, typer.Option(help="Title of the plot; default: the test file's folder")]
SHARES, SEEDS = [5.0, 10.0, 20.0, 40.0, 60.0], [0, 1, 2]
SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}


def run_transfer(
    make_cells: Callable,
    name: str,
    overrides: Sequence[str],
    shares: list[float],
    seeds: list[int],
    jobs: int,
    title: str | None,
    dry: bool,
    why: bool,
    **settings: Any,
) -> None:
    """Run an experiment and write its table and plots.

    make_cells (Callable): From a `TransferExperiment` to cells.
    name (str): Name of the files, and kind of the experiment.
    overrides (Sequence[str]): Further command-line arguments, `--section.setting value`.
    shares (List[float]), seeds (List[int]): As in `TransferExperiment`.
    jobs (int): Number of processes.
    title (Optional[str]): Title of the plot.
    dry (bool), why (bool): Whether to list what would be run, and why, and to run nothing.
    settings (Any): The other fields of the experiment.
    """
    from spacy.cli._util import parse_config_overrides

    from ..experiments.runner import run_steps
    from ..experiments.transfer_cells import TransferExperiment
    from ..reports.experiment import write_experiment
    from ..reports.plots import check_plots
    from ..reports.transfer import curve_reading, transfer_tables

    output = settings["output"]
    with coded_errors():
        experiment = TransferExperiment(
            shares=shares,
            seeds=seeds,
            overrides=parse_config_overrides(list(overrides)),
            **settings,
        )
        cells = make_cells(experiment)
        if dry or why:
            return show_plan(cells, output, why)
        check_plots()
        records = run_steps(cells, output, jobs)
        tables = [*transfer_tables(records), *([curve_reading(records)] if name == "curve" else [])]
        title = title or settings["test"].resolve().parent.name
        print(write_experiment(output / name, name, title, records, tables))
        msg.good(f"Saved {output / name}.md, .json, .png and .svg; all of every run is in {output / 'results.jsonl'}")
