"""What an evaluation tells on a terminal, section by section."""

from collections.abc import Iterator
from typing import Any

from ..scoring.run import Run
from .tables import comparison_table, confusion_table, fate_table, gold_table, label_table, mode_table

ANNOTATORS = "the annotators' offsets"


def score_sections(run: Run, gold: str) -> Iterator[tuple[str, str]]:
    """The scores of a model, each section saying against which gold.

    run (Run): The model's predictions and scores.
    gold (str): What to call the gold of the data.
    YIELDS (Tuple[str, str]): Titles and tables.
    """
    yield f"Strict, per label, against {gold}", label_table(run.evaluation.modes["strict"])
    yield f"All modes, against {gold}", mode_table(run.evaluation)
    yield "Most frequent confusions", confusion_table(run.evaluation.entity_confusion)
    if run.original:
        yield f"Strict, per label, against {ANNOTATORS}", label_table(run.original.modes["strict"])
        yield "What the import changed", fate_table(run.original, gold)
        yield f"Against {gold} and against {ANNOTATORS}", gold_table(run.evaluation, run.original, gold)


def comparison_sections(comparison: dict[str, Any], names: tuple[str, str], gold: str) -> Iterator[tuple[str, str]]:
    """Two models beside each other, each section saying against which gold.

    comparison (Dict[str, Any]): From `scoring.run.compare_runs`.
    names (Tuple[str, str]): What to call the models.
    gold (str): What to call the gold of the data.
    YIELDS (Tuple[str, str]): Titles and tables.
    """
    yield f"Strict micro F1, compared, against {gold}", comparison_table(comparison, names)
    if found := comparison["original_gold"]:
        yield f"Strict micro F1, compared, against {ANNOTATORS}", comparison_table(found, names)
