"""`python -m spacy clinner init-multitask`: the config of one model for many corpora."""

from pathlib import Path
from typing import Annotated

from typer import Argument, BadParameter, Option

from ._app import EXPERIMENTS, clinner_cli
from ._coded import coded_errors
from ._corpora_file import CorporaFile


@clinner_cli.command("init-multitask", rich_help_panel=EXPERIMENTS)
def init_multitask_cli(
    corpora: CorporaFile,
    out: Annotated[Path, Argument(help="The config to write")],
    force: Annotated[bool, Option("--force", "-F", help="Replace a file that is there")] = False,
) -> None:
    """Write the filled config of a training on many corpora, after all of them were read and checked."""
    from wasabi import msg

    from ..apart import check_apart
    from ..files import write_atomically
    from ..multitask.check import check_corpora
    from ..multitask.config import compose_multitask
    from ..multitask.corpora_file import read_corpora_file
    from ..multitask.table import corpora_table, heads_table

    if out.exists() and not force:
        raise BadParameter(f"{out} is there already; --force replaces it.", param_hint="OUT")
    with coded_errors():
        check_apart([out], [corpora])
        plan = read_corpora_file(corpora)
        config = compose_multitask(plan)
        print(corpora_table(plan, check_corpora(plan)))
        print(heads_table(plan))
        write_atomically(out, config.to_str())
        msg.good(f"Saved the config to {out}: python -m spacy train {out} --output OUT")
