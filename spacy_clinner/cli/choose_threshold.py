"""`python -m spacy clinner choose-threshold`: how sure a relation must be, chosen on dev and stored."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import PIPELINES, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("choose-threshold", rich_help_panel=PIPELINES)
def choose_threshold_cli(
    model: Annotated[str, Argument(help="Pipeline with a relation extractor (path or name)")],
    dev: Annotated[Path, Argument(help="Documents with gold relations, a .spacy file", exists=True, dir_okay=False)],
    out: Annotated[Path, Argument(help="Folder of the pipeline with the chosen threshold")],
    gold_entities: Annotated[bool, Option("--gold-entities", help="Choose given gold entities")] = False,
    relative: Annotated[
        bool | None,
        Option("--relative/--absolute", help="Compare odds with the document's best, or probabilities; as it was"),
    ] = None,
    force: Annotated[bool, Option("--force", "-F", help="Replace a pipeline that is there")] = False,
) -> None:
    """Try thresholds from 0.05 to 0.95, and save the pipeline with the one of the best F1."""
    import spacy
    from wasabi import msg, table

    from ..annotations.documents import read_docs
    from ..errors import Errors
    from ..experiments.relation_runs import find_extractor
    from ..experiments.thresholds import TRIED, choose_threshold
    from ..files import check_replaceable, write_folder_atomically
    from ..reports.tables import percent

    with coded_errors():
        check_replaceable(out, force)
        nlp = spacy.load(model)
        if relative is None:
            relative = find_extractor(nlp)[1].cfg["relative"]
        best, scores = choose_threshold(nlp, read_docs(dev), gold_entities, relative)
        rows = [(f"{at:.2f}", *map(percent, prf)) for at, prf in zip(TRIED, scores, strict=True)]
        print(table(rows, header=("Threshold", "P", "R", "F1"), divider=True, aligns=["r"] * 4))
        if not any(f for *_, f in scores):
            raise ValueError(Errors.CE448)
        write_folder_atomically(out, nlp.to_disk, force)
        msg.good(f"Saved the pipeline with `threshold = {best}`, `relative = {str(relative).lower()}` to {out}")
