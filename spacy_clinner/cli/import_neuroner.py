"""`python -m spacy clinner import-neuroner`: a published NeuroNER model as a spaCy pipeline."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import PIPELINES, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("import-neuroner", rich_help_panel=PIPELINES)
def import_neuroner_cli(
    folder: Annotated[Path, Argument(help="Folder of the model: model.ckpt.*, dataset.pickle, parameters.ini")],
    output: Annotated[Path, Argument(help="Folder of the pipeline to write")],
    vectors: Annotated[Path, Option(help="GloVe 6B 100d: text file, or what `spacy init vectors` made of it")],
    force: Annotated[bool, Option("--force", help="Replace a pipeline at OUTPUT")] = False,
) -> None:
    """Make a pipeline of a published NeuroNER model (de-identification); see docs/guide/neuroner.md."""
    from wasabi import msg

    from ..checkpoints.neuroner import read_checkpoint
    from ..checkpoints.neuroner_pipeline import make_pipeline
    from ..files import check_replaceable, write_folder_atomically

    with coded_errors():
        check_replaceable(output, force)
        nlp = make_pipeline(read_checkpoint(folder), vectors)
        write_folder_atomically(output, nlp.to_disk, force)
    msg.good(f"Wrote a tagger of {len(nlp.pipe_labels['ner'])} labels to {output}")
    msg.info(f"{nlp.vocab.vectors.n_keys} words have vectors")
