"""`python -m spacy clinner debug`: what the data of a config hold, before it is trained."""

from pathlib import Path
from typing import Annotated

import typer

from ._app import CORPORA, clinner_cli
from ._coded import coded_errors


@clinner_cli.command(
    "debug", rich_help_panel=CORPORA, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def debug_cli(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(help="Config to train, with overrides as of train", exists=True)],
    test: Annotated[Path | None, typer.Option(help="Documents with gold to score later, .spacy", exists=True)] = None,
    code: Annotated[Path | None, typer.Option("--code", "-c", help="Python file with registered functions")] = None,
) -> None:
    """Count documents, labels, words with a vector, and entities that windows or tokens cut. No text is shown."""
    from spacy.cli._util import import_code, parse_config_overrides
    from wasabi import msg

    from ..configs import read_config
    from ..reports.data_check import check_data
    from ..reports.data_tables import data_problems, data_sections

    with coded_errors():
        import_code(code)
        check = check_data(read_config(config, parse_config_overrides(ctx.args)), test)
    for title, table in data_sections(check):
        msg.divider(title)
        print(table)
    for problem in data_problems(check):
        msg.warn(problem)
