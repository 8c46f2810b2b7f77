"""`python -m spacy clinner train`: as `spacy train`, and a training that was killed goes on."""

import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Exit, Option
from wasabi import msg

from ._app import EXPERIMENTS, clinner_cli
from ._coded import coded_errors
from ._gpu import GpuId, use_gpu
from ._transfer_options import SETTINGS

# as of a process that SIGTERM has ended
STOPPED = 143


@clinner_cli.command("train", rich_help_panel=EXPERIMENTS, context_settings=SETTINGS)
def train_cli(
    ctx: Context,
    config: Annotated[Path, Argument(help="Config of the training", exists=True, dir_okay=False)],
    output: Annotated[Path, Option("--output", "-o", help="Folder of the pipelines, the log and checkpoints")],
    resume: Annotated[bool, Option("--resume", help="Go on where the training in this folder was stopped")] = False,
    every: Annotated[float, Option(min=0, help="Minutes between checkpoints")] = 5.0,
    code: Annotated[Path | None, Option("--code", "-c", help="Python file with registered functions")] = None,
    gpu_id: GpuId = -1,
) -> None:
    """Train as `spacy train` does, with checkpoints: with --resume, a stopped or killed training ends with the same
    weights as one that was not.

    Settings of the config are given as to `spacy train` (--paths.train FILE). SIGUSR1 asks for a checkpoint, SIGTERM
    for one and the end (status 143). See docs/guide/training.md.
    """
    from spacy.cli._util import import_code, parse_config_overrides

    from ..configs import read_config
    from ..resuming.training import Stopped, train

    with coded_errors():
        import_code(code)
        use_gpu(gpu_id)
        settings = read_config(config, parse_config_overrides(list(ctx.args)))
        try:
            done = train(
                settings, output, resume=resume, every=60 * every, stdout=sys.stdout, stderr=sys.stderr, use_gpu=gpu_id
            )
        except Stopped:
            msg.warn(f"Stopped, with a checkpoint: go on by --resume --output {output}")
            raise Exit(STOPPED) from None
    if done:
        msg.good(f"Saved the pipeline to {output / 'model-best'}")
    else:
        msg.info(f"The training in {output} had ended: nothing to do")
