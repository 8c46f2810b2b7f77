"""`python -m spacy clinner layers`."""

import typer

from . import _experiment as shared
from . import _transfer_options as options
from ._app import EXPERIMENTS, clinner_cli


@clinner_cli.command("layers", rich_help_panel=EXPERIMENTS, context_settings=options.SETTINGS)
def layers_cli(
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
    """Transfer up to each layer, at each share of the target's labels. A stopped run goes on where it was."""
    from ..experiments.transfer_cells import layer_cells

    options.run_transfer(
        layer_cells, "layers", ctx.args, shares, seeds, jobs, title, dry, why,
        config=config, source=source, train=train, dev=dev, test=test, output=output, whole=whole,
    )  # fmt: skip
