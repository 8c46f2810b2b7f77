"""Draw the plots of experiments again from their JSON files, without any training.

    python scripts/draw_results.py benchmarks/results/specialties.json benchmarks/results/cardiology_curve.json ...

Each gets a PNG beside it.
"""

from pathlib import Path
from typing import Annotated

import typer

from spacy_clinner.cli._coded import coded_errors
from spacy_clinner.reports.experiment import draw_experiment
from spacy_clinner.reports.plots import check_plots


def main(results: Annotated[list[Path], typer.Argument(help="JSON files that an experiment wrote")]) -> None:
    """Draw the plot of each file."""
    with coded_errors():
        check_plots()
        for path in results:
            draw_experiment(path.with_suffix(""))
            print(path.with_suffix(".png"))


if __name__ == "__main__":
    typer.run(main)
