"""`python -m spacy clinner strip`: a trained pipeline without what only its training needed."""

from pathlib import Path
from typing import Annotated

from typer import Argument, BadParameter, Option

from ._app import PIPELINES, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("strip", rich_help_panel=PIPELINES)
def strip_cli(
    model: Annotated[str, Argument(help="Pipeline (path or name)")],
    out: Annotated[Path, Argument(help="Folder of the new pipeline")],
    drop: Annotated[list[str] | None, Option(help="Name of a component to leave out; repeat it for more")] = None,
    keep: Annotated[
        list[str] | None, Option(help="Name of a head to keep, of all that learn to find entities; again for more")
    ] = None,
    force: Annotated[bool, Option("--force", "-F", help="Replace a pipeline that is there")] = False,
) -> None:
    """Save a pipeline without some components, such as the source's head or an aligner.

    With --keep all other heads go, and encoders that no component needs then; all else stays.
    """
    import spacy
    from wasabi import msg

    from ..assembly.drop_components import drop_components
    from ..assembly.keep_heads import others_than
    from ..files import write_folder_atomically

    if not (drop or keep):
        raise BadParameter("name components to --drop, or heads to --keep")
    if both := sorted({*(drop or ())} & {*(keep or ())}):
        raise BadParameter(f"{', '.join(both)} cannot be dropped and kept")
    with coded_errors():
        nlp = spacy.load(model)
        stripped = drop_components(nlp, others_than(nlp, keep, drop or ()) if keep else drop or ())
        write_folder_atomically(out, stripped.to_disk, force)
        msg.good(f"Saved the pipeline {', '.join(stripped.pipe_names)} to {out}")
