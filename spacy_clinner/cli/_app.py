"""The Typer application that every command of `python -m spacy clinner` joins."""

import typer
from spacy.cli._util import app

clinner_cli = typer.Typer(
    name="clinner", help="Clinical NER: convert and audit corpora, evaluate, annotate, transfer.", no_args_is_help=True
)
app.add_typer(clinner_cli)
