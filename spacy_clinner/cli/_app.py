"""The Typer application that every command of `python -m spacy clinner` joins."""

from contextlib import chdir
from pathlib import Path
from typing import Annotated

import typer
from spacy.cli._util import app

# the groups in which `--help` lists the commands
CORPORA, NOTES, PIPELINES, SCORES, EXPERIMENTS = "Corpora", "Notes", "Pipelines", "Scores", "Training"

clinner_cli = typer.Typer(
    name="clinner", help="Clinical NER: convert and audit corpora, evaluate, annotate, transfer.", no_args_is_help=True
)
app.add_typer(clinner_cli)


@clinner_cli.callback()
def in_folder(
    ctx: typer.Context,
    directory: Annotated[
        Path | None,
        typer.Option("--directory", "-C", exists=True, file_okay=False, help="Work as if started in this folder"),
    ] = None,
) -> None:
    """Clinical NER: convert and audit corpora, evaluate, annotate, transfer."""
    # steps of a project start in its own folder, files of experiments name paths from the repository's root
    if directory is not None:
        ctx.with_resource(chdir(directory))
