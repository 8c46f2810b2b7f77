"""`python -m spacy clinner distil`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Context
from wasabi import msg

from . import _taught as options
from ._app import EXPERIMENTS, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("distil", rich_help_panel=EXPERIMENTS, context_settings=options.SETTINGS)
def distil_cli(
    ctx: Context,
    teacher: Annotated[Path, Argument(help="Pipeline to learn from", exists=True, file_okay=False)],
    config: Annotated[Path, Argument(help="Config of the pipeline that learns", exists=True, dir_okay=False)],
    notes: options.Notes,
    output: options.Output,
    labels: options.Labels = "soft",
    sure: options.Sure = 0.8,
    outside: options.Outside = 0.1,
    sharpness: options.Sharpness = 1.0,
    share: options.Share = 1.0,
    words: options.Words = None,
    tagger: options.Tagger = None,
) -> None:
    """Train a small pipeline on gold and on what a large one, or an ensemble, finds in unlabelled notes.

    Settings of the config are given as to `spacy train` (--paths.train FILE). Notes that share text with the training's
    documents are left out. The pipeline is in OUTPUT/model-best. See docs/guide/unlabelled.md.
    """
    from ..experiments.self_training import distil

    with coded_errors():
        options.run(
            distil, ctx.args, labels, sure, outside, sharpness, model=teacher, config=config, notes=notes,
            output=output, tagger=tagger, share=share, words=words,
        )  # fmt: skip
        msg.good(f"Saved the pipeline that has learned to {output / 'model-best'}")
