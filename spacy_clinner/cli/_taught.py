"""Options of the commands that train on notes which a model labels, and what both of them do."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from ._transfer_options import SETTINGS

if TYPE_CHECKING:
    from ..experiments.self_training import SelfTraining

__all__ = ["SETTINGS"]

# no argument: that would take the settings of the config, too
Notes = Annotated[list[Path], Option(help="Text files, folders of .txt, .jsonl(.gz), .spacy; repeat it", exists=True)]
Output = Annotated[Path, Option(help="Folder of models and results")]
Labels = Annotated[str, Option(help="soft: by probability; sure: sure spans alone; all: as predicted")]
Sure = Annotated[float, Option(help="Of sure: probability that an entity needs")]
Outside = Annotated[float, Option(help="Of sure: most probability of an entity at a token outside")]
Sharpness = Annotated[float, Option(help="Of soft and sure: above 1 the pipeline is taken for surer than it is")]
Share = Annotated[float, Option(help="Words of notes in a batch, as a multiple of those of gold")]
Words = Annotated[int | None, Option(min=1, help="Words of notes to label, drawn at random; default: all")]
Tagger = Annotated[str | None, Option(help="Tagger that labels, if there are several")]


def run(
    train: "Callable[[SelfTraining], list[dict[str, Any]]]",
    overrides: list[str],
    labels: Any,
    sure: float,
    outside: float,
    sharpness: float,
    **settings: Any,
) -> list[dict[str, Any]]:
    """Train, print the table of rounds, and write it to the output folder.

    train (Callable): From a `SelfTraining` to its rounds.
    overrides (List[str]): Further command-line arguments, `--section.setting value`.
    labels (str), sure (float), outside (float), sharpness (float): As of `Labelling`.
    settings (Any): The other fields of `SelfTraining`.
    RETURNS (List[Dict[str, Any]]): The rounds.
    """
    from spacy.cli._util import parse_config_overrides

    from ..experiments.self_training import SelfTraining
    from ..files import write_atomically
    from ..provenance import provenance
    from ..reports.self_training import rounds_table
    from ..unlabelled.labelling import Labelling

    labelling = Labelling(labels, sure, outside, sharpness).check()
    rows = train(SelfTraining(labelling=labelling, overrides=parse_config_overrides(overrides), **settings))
    table = rounds_table(rows)
    print(table)
    source = provenance()
    write_atomically(settings["output"] / "rounds.md", f"{source['date']}; `{source['command']}`.\n\n{table}\n")
    return rows
