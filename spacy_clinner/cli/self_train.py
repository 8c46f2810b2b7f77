"""`python -m spacy clinner self-train`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option
from wasabi import msg

from ._app import EXPERIMENTS, clinner_cli
from ._coded import coded_errors
from ._transfer_options import SETTINGS


@clinner_cli.command("self-train", rich_help_panel=EXPERIMENTS, context_settings=SETTINGS)
def self_train_cli(
    ctx: Context,
    model: Annotated[Path, Argument(help="Pipeline that labels first", exists=True, file_okay=False)],
    # no argument: that would take the settings of the config, too
    notes: Annotated[list[Path], Option(help="Text files, folders of .txt, .jsonl(.gz), .spacy; repeat", exists=True)],
    output: Annotated[Path, Option(help="Folder of models and results")],
    config: Annotated[Path | None, Option(help="Config of the training; default: the pipeline's own")] = None,
    labels: Annotated[str, Option(help="soft: by probability; sure: sure spans alone; all: as predicted")] = "soft",
    sure: Annotated[float, Option(help="Of sure: probability that an entity needs")] = 0.8,
    outside: Annotated[float, Option(help="Of sure: most probability of an entity at a token outside")] = 0.1,
    share: Annotated[float, Option(help="Words of notes in a batch, as a multiple of those of gold")] = 1.0,
    rounds: Annotated[int, Option(min=1, help="How often the best model labels, at most")] = 1,
    tagger: Annotated[str | None, Option(help="Tagger that labels, if there are several")] = None,
) -> None:
    """Label notes with a pipeline, train again with them beside the gold, and let dev decide; a stopped run goes on.

    Settings of the config are given as to `spacy train` (--paths.train FILE, --training.max_steps 600). Notes that
    share text with the training's documents are left out. The best model is in OUTPUT/model-best: the old one if none
    is better. See docs/guide/unlabelled.md.
    """
    from typing import cast

    from spacy.cli._util import parse_config_overrides

    from ..experiments.self_training import SelfTraining, self_train
    from ..files import write_atomically
    from ..provenance import provenance
    from ..reports.self_training import rounds_table
    from ..unlabelled.labelling import Labelling, Labels

    with coded_errors():
        training = SelfTraining(
            model=model,
            config=config or model / "config.cfg",
            notes=notes,
            output=output,
            labelling=Labelling(cast(Labels, labels), sure, outside).check(),
            tagger=tagger,
            share=share,
            rounds=rounds,
            overrides=parse_config_overrides(list(ctx.args)),
        )
        rows = self_train(training)
        table = rounds_table(rows)
        print(table)
        source = provenance()
        write_atomically(output / "self_train.md", f"{source['date']}; `{source['command']}`.\n\n{table}\n")
        if rows[0]["kept"]:
            msg.warn(f"No round was better on dev: {output / 'model-best'} is the pipeline that labelled first")
        else:
            msg.good(f"Saved the best model to {output / 'model-best'}")
