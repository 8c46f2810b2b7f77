"""The argument of all commands that read a corpora file."""

from pathlib import Path
from typing import Annotated

from typer import Argument

CorporaFile = Annotated[
    Path,
    Argument(
        help="TOML file: corpora, and what each annotates (docs/guide/many_corpora.md)", exists=True, dir_okay=False
    ),
]
