"""`python -m spacy clinner ensemble`: taggers of the same labels, trained with different seeds, as one."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import PIPELINES, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("ensemble", rich_help_panel=PIPELINES)
def ensemble_cli(
    models: Annotated[list[str], Argument(help="Pipelines (paths or names), each with one tagger of the same labels")],
    out: Annotated[Path, Argument(help="Folder of the new pipeline")],
    force: Annotated[bool, Option("--force", "-F", help="Replace a pipeline that is there")] = False,
) -> None:
    """Save the first pipeline with the taggers of all as one, whose scores are the means of theirs.

    Each counts as it predicts, at its own temperature. Calibrate the ensemble anew: it has the first one's threshold,
    and a temperature of 1. All components but the tagger are those of the first pipeline.
    """
    import spacy
    from wasabi import msg

    from ..assembly.ensemble import ensemble_pipelines
    from ..files import check_replaceable, write_folder_atomically

    with coded_errors():
        check_replaceable(out, force)
        nlp = ensemble_pipelines([spacy.load(model) for model in models])
        write_folder_atomically(out, nlp.to_disk, force)
        msg.good(f"Saved an ensemble of {len(models)} taggers to {out}")
        msg.info(f"Calibrate it on documents that none of them has seen: python -m spacy clinner calibrate {out} DEV")
