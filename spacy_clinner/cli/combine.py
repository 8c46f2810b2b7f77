"""`python -m spacy clinner combine`: a tagger and a relation extractor that were trained apart, in one pipeline."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import PIPELINES, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("combine", rich_help_panel=PIPELINES)
def combine_cli(
    models: Annotated[list[str], Argument(help="Pipelines (paths or names), the tagger's first")],
    out: Annotated[Path, Argument(help="Folder of the new pipeline")],
    context: Annotated[
        list[str] | None, Option(help="Label whose entities get medspaCy's context rules; again for more")
    ] = None,
    force: Annotated[bool, Option("--force", "-F", help="Replace a pipeline that is there")] = False,
) -> None:
    """Save one pipeline with the components of several, and context rules if wanted."""
    import spacy
    from wasabi import msg

    from ..assembly.combine_pipelines import add_context, combine_pipelines
    from ..files import check_replaceable, write_folder_atomically

    with coded_errors():
        check_replaceable(out, force)
        nlp = combine_pipelines([spacy.load(model) for model in models])
        if context:
            add_context(nlp, context)
        write_folder_atomically(out, nlp.to_disk, force)
        msg.good(f"Saved the pipeline {', '.join(nlp.pipe_names)} to {out}")
