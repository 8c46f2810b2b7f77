"""`python -m spacy clinner strip`: a trained pipeline without what only its training needed."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import PIPELINES, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("strip", rich_help_panel=PIPELINES)
def strip_cli(
    model: Annotated[str, Argument(help="Pipeline (path or name)")],
    out: Annotated[Path, Argument(help="Folder of the new pipeline")],
    drop: Annotated[list[str], Option(help="Name of a component to leave out; repeat it for more")],
    force: Annotated[bool, Option("--force", "-F", help="Replace a pipeline that is there")] = False,
) -> None:
    """Save a pipeline without some components, such as the source's head or an aligner."""
    import spacy
    from wasabi import msg

    from ..assembly.drop_components import drop_components
    from ..files import write_folder_atomically

    with coded_errors():
        stripped = drop_components(spacy.load(model), drop)
        write_folder_atomically(out, stripped.to_disk, force)
        msg.good(f"Saved the pipeline {', '.join(stripped.pipe_names)} to {out}")
