"""`python -m spacy clinner pretrain`: a recurrent encoder as a language model of unlabelled notes."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from . import _unlabelled as options
from ._app import EXPERIMENTS, clinner_cli
from ._coded import coded_errors
from ._gpu import GpuId, use_gpu


@clinner_cli.command("pretrain", rich_help_panel=EXPERIMENTS)
def pretrain_cli(
    config: Annotated[Path, Argument(help="Config of the tagger that is to use the encoder", exists=True)],
    notes: options.Notes,
    output: Annotated[Path, Option(help="Folder for the encoder (model-last), a log and what to go on from")],
    vectors: Annotated[
        Path | None, Option(help="Word vectors, as --paths.vectors would name them", exists=True)
    ] = None,
    lang: Annotated[str | None, Option(help="Code of the language; the config's own else")] = None,
    against: options.Against = None,
    seed: Annotated[int, Option(min=0)] = 0,
    epochs: Annotated[int, Option(min=1, help="How often the notes are read")] = 2,
    n_words: Annotated[int, Option(min=1, help="Words that are told apart, the most frequent ones")] = 5000,
    batch_words: Annotated[int, Option(min=1, help="Words of a batch, about")] = 1000,
    learn_rate: Annotated[float, Option(min=0, help="Highest learning rate")] = 0.002,
    dropout: Annotated[float, Option(min=0, max=0.9, help="Dropout of the encoder")] = 0.2,
    held_out: Annotated[float, Option(min=0, max=0.5, help="Share of the notes that is held out")] = 0.02,
    save_every: Annotated[int, Option(min=1, help="Steps from one checkpoint to the next")] = 250,
    min_words: options.MinWords = 10000,
    keep_repeated: options.KeepRepeated = False,
    gpu_id: GpuId = -1,
) -> None:
    """Pretrain an encoder as a language model, for --paths.source_model. A stopped run goes on where it was.

    Its forward states learn to tell the next word, its backward states the one before. See docs/guide/unlabelled.md.
    """
    from functools import partial

    from wasabi import msg

    from ..configs import read_config
    from ..ledger import only_run
    from ..unlabelled.encoder_of import encoder_pipeline
    from ..unlabelled.pretraining import MODEL, Pretraining, PretrainSettings
    from ..unlabelled.texts import Reading, check_lengths
    from ..unlabelled.words import common_words

    with coded_errors():
        use_gpu(gpu_id)
        make_pipeline = partial(encoder_pipeline, read_config(config), vectors, lang)
        settings = PretrainSettings(seed, epochs, n_words, batch_words, learn_rate, dropout, held_out, save_every)
        nlp = make_pipeline()
        found = list(options.read(notes, against, keep_repeated, min_words, Reading()))
        check_lengths(found, nlp.max_length)
        words = common_words(found, nlp.tokenizer)
        with only_run(output):
            pretraining = Pretraining(make_pipeline, [note.text for note in found], words, output, settings)
            if pretraining.progress.step:
                msg.info(f"Goes on from step {pretraining.progress.step}")
            pretraining.run(msg.info)
        msg.good(f"Saved the encoder to {output / MODEL}: train with --paths.source_model {output / MODEL}")
