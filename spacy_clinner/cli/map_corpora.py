"""`python -m spacy clinner map-corpora`: corpora as one model is to find them."""

from pathlib import Path
from typing import Annotated

from typer import Argument, BadParameter, Option

from ._app import CORPORA, clinner_cli
from ._coded import coded_errors
from ._corpora_file import CorporaFile


@clinner_cli.command("map-corpora", rich_help_panel=CORPORA)
def map_corpora_cli(
    corpora: CorporaFile,
    out: Annotated[Path, Argument(help="Folder: a folder for each corpus, with train, dev and test")],
    force: Annotated[bool, Option("--force", "-F", help="Replace files that are there")] = False,
) -> None:
    """Write all corpora with the labels of the model; each document says which of them it was annotated for, so that
    evaluate and calibrate judge a model of many corpora by no others."""
    from wasabi import msg

    from ..apart import check_apart
    from ..corpora.importing import write_docbin
    from ..multitask.check import check_corpora
    from ..multitask.corpora_file import read_corpora_file
    from ..multitask.documents import read_part

    with coded_errors():
        plan = read_corpora_file(corpora)
        check_corpora(plan)
        files = {
            out / corpus.name / f"{part}.spacy": (corpus, part)
            for corpus in plan.corpora.values()
            for part in corpus.parts
        }
        check_apart(files, [path for corpus in plan.corpora.values() for path in corpus.parts.values()])
        for path in files:
            if path.exists() and not force:
                raise BadParameter(f"{path} is there already; --force replaces it.", param_hint="OUT")
        for path, (corpus, part) in files.items():
            write_docbin(read_part(corpus, part), path)
        msg.good(f"Wrote {len(files)} files to {out}")
