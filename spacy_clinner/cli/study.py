"""`python -m spacy clinner study`."""

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from . import _experiment as options
from ._app import EXPERIMENTS, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("study", rich_help_panel=EXPERIMENTS)
def study_cli(
    spec: Annotated[Path, typer.Argument(help="TOML file of systems of relations; see docs/guide/experiments.md")],
    jobs: options.Jobs = 1,
    dry: options.Dry = False,
    why: options.Why = False,
) -> None:
    """Train, combine and score systems of relations, each with several seeds. A stopped run goes on where it was."""
    from ..experiments.relation_study import read_study
    from ..experiments.runner import run_steps
    from ..reports.relation_study import write_study

    with coded_errors():
        study = read_study(spec)
        if dry or why:
            return options.show_plan(study.systems, study.output, why)
        records = run_steps(study.systems, study.output, jobs)
        print(write_study(study.output, study.settings, records, study.data()))
        msg.good(f"Saved {study.output}/results.md and results.json; the pipelines are in {study.output}/models")
