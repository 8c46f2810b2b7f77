"""`python -m spacy clinner adapt-transformer`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option
from wasabi import msg

from . import _unlabelled as options
from ._app import EXPERIMENTS, clinner_cli
from ._coded import coded_errors
from ._gpu import GpuId, use_gpu


@clinner_cli.command("adapt-transformer", rich_help_panel=EXPERIMENTS)
def adapt_transformer_cli(
    model: Annotated[Path, Argument(help="Folder of a transformer and its tokenizer", exists=True, file_okay=False)],
    notes: options.Notes,
    output: Annotated[Path, Argument(help="New folder for the transformer, for `--paths.transformer`")],
    against: options.Against = None,
    epochs: Annotated[float, Option(min=0.001, help="How often it reads the notes")] = 1.0,
    block: Annotated[int, Option(min=8, help="Word pieces that it reads at once")] = 128,
    batch: Annotated[int, Option(min=1, help="Blocks of a step")] = 16,
    rate: Annotated[float, Option(min=0, max=1, help="Learning rate")] = 5e-5,
    save_steps: Annotated[int, Option(min=1, help="Steps between checkpoints")] = 200,
    seed: Annotated[int, Option(help="Seed of masks and order")] = 0,
    min_words: options.MinWords = 1000,
    keep_repeated: options.KeepRepeated = False,
    gpu_id: GpuId = -1,
) -> None:
    """Go on training a transformer on notes, whose masked words it guesses; a stopped run goes on.

    See docs/guide/unlabelled.md.
    """
    from ..files import check_replaceable
    from ..unlabelled.masked_language_model import MaskedSettings, continue_training
    from ..unlabelled.texts import Reading

    with coded_errors():
        check_replaceable(output, force=False)
        use_gpu(gpu_id)
        texts = [note.text for note in options.read(notes, against, keep_repeated, min_words, Reading())]
        settings = MaskedSettings(epochs, block, batch, rate, save_steps=save_steps, seed=seed)
        found = continue_training(model, texts, output, settings)
        msg.info(f"Perplexity of {found.blocks} blocks held out: {found.before:.1f} before, {found.after:.1f} after")
        msg.good(f"Saved the transformer to {output}")
