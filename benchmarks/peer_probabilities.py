"""How far other tools' probabilities can be believed, as they are.

    python benchmarks/peer_probabilities.py TEST.spacy "spaCy's ner, beam of 16=training/probabilities-beam/*.jsonl"

A file is a run: predictions with probabilities, of which `python -m spacy clinner evaluate` says the same.
Writes benchmarks/results/peer_probabilities.{json,md}.
"""

from glob import glob
from pathlib import Path
from typing import Annotated, Any

import typer
from publishing import origin, publish

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.experiments.probability_cell import measure_predictions
from spacy_clinner.provenance import provenance, sha256
from spacy_clinner.reports.markdown import markdown_table
from spacy_clinner.reports.probabilities import COLUMNS, probability_cells
from spacy_clinner.scoring.predictions import read_predictions
from spacy_clinner.scoring.probabilities import read_probabilities

ROOT = Path(__file__).parents[1]


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): A row of each tool."""
    rows = [[name, str(len(runs)), *probability_cells(list(runs.values()))] for name, runs in result["tools"].items()]
    return (
        f"{origin(result)}. {result['data']['path']}; mean ± sample standard deviation.\n\n"
        f"{markdown_table(['tool', 'runs', *COLUMNS], rows)}\n\n"
        "Percent, but for Brier and log p; columns as in docs/guide/probabilities.md. Files tell nothing of spans that "
        "were not predicted.\n"
    )


def main(
    data: Annotated[Path, typer.Argument(help="Documents with gold, a .spacy file")],
    tools: Annotated[list[str], typer.Argument(help="NAME=FILES of each tool, FILES being a pattern")],
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure predictions."""
    docs = read_docs(data)
    result: dict[str, Any] = {**provenance(), "data": {"path": str(data), "sha256": sha256(data)}, "tools": {}}
    for tool in tools:
        name, _, pattern = tool.partition("=")
        if not (paths := sorted(glob(pattern))):
            raise typer.BadParameter(f"no file is named {pattern}")
        result["tools"][name] = {
            str(path): measure_predictions(docs, read_predictions(path), read_probabilities(path))
            for path in map(Path, paths)
        }
    publish(output, "peer_probabilities", result, to_markdown(result))


if __name__ == "__main__":
    typer.run(main)
