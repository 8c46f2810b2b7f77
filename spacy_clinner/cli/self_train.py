"""`python -m spacy clinner self-train`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option
from wasabi import msg

from . import _taught as options
from ._app import EXPERIMENTS, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("self-train", rich_help_panel=EXPERIMENTS, context_settings=options.SETTINGS)
def self_train_cli(
    ctx: Context,
    model: Annotated[Path, Argument(help="Pipeline that labels first", exists=True, file_okay=False)],
    notes: options.Notes,
    output: options.Output,
    config: Annotated[Path | None, Option(help="Config of the training; default: the pipeline's own")] = None,
    labels: options.Labels = "soft",
    sure: options.Sure = 0.8,
    outside: options.Outside = 0.1,
    sharpness: options.Sharpness = 2.0,
    share: options.Share = 1.0,
    words: options.Words = None,
    rounds: Annotated[int, Option(min=1, help="How often the best model labels, at most")] = 1,
    tagger: options.Tagger = None,
) -> None:
    """Label notes with a pipeline, train again with them beside the gold, and let dev decide; a stopped run goes on.

    Settings of the config are given as to `spacy train` (--paths.train FILE, --training.max_steps 600). Notes that
    share text with the training's documents are left out. The best model is in OUTPUT/model-best: the old one if none
    is better. See docs/guide/unlabelled.md.
    """
    from ..experiments.self_training import self_train

    with coded_errors():
        rows = options.run(
            self_train, ctx.args, labels, sure, outside, sharpness, model=model, config=config or model / "config.cfg",
            notes=notes, output=output, tagger=tagger, share=share, words=words, rounds=rounds,
        )  # fmt: skip
        if rows[0]["kept"]:
            msg.warn(f"No round was better on dev: {output / 'model-best'} is the pipeline that labelled first")
        else:
            msg.good(f"Saved the best model to {output / 'model-best'}")
