"""`python -m spacy clinner curve`."""

import typer

from . import _experiment as shared
from . import _transfer_options as options
from ._app import EXPERIMENTS, clinner_cli


@clinner_cli.command("curve", rich_help_panel=EXPERIMENTS, context_settings=options.SETTINGS)
def curve_cli(
    ctx: typer.Context,
    config: options.Config,
    source: options.Source,
    train: options.Train,
    dev: options.Dev,
    test: options.Test,
    output: shared.Output,
    shares: options.Shares = options.SHARES,
    whole: options.Whole = 60,
    seeds: options.Seeds = options.SEEDS,
    jobs: shared.Jobs = 1,
    title: options.Title = None,
    dry: shared.Dry = False,
    why: shared.Why = False,
) -> None:
    """Learning curve over the target's labels, with and without transfer. A stopped run goes on where it was."""
    from ..experiments.transfer_cells import curve_cells

    options.run_transfer(
        curve_cells, "curve", ctx.args, shares, seeds, jobs, title, dry, why,
        config=config, source=source, train=train, dev=dev, test=test, output=output, whole=whole,
    )  # fmt: skip
