"""Tables for the terminal."""

from collections.abc import Sequence
from typing import Any, Literal

from wasabi import table

from ..annotations.relations import Relation
from ..cells import printable
from ..scoring.confusion import Confusion
from ..scoring.counts import PREDICTED, SUPPORT
from ..scoring.evaluation import AVERAGES, Evaluation, ModeScores
from ..scoring.original_gold import OriginalEvaluation
from .annotations import Annotation, show_probability
from .table import Table

# What became of annotations in the gold of a data file, in the words of its readers.
FATES = {
    "as annotated": "in {gold} as annotated",
    "moved": "in {gold}, moved to whole tokens or off white space",
    "overlapping": "not in {gold}: overlaps one that is",
    "discontinuous": "not in {gold}: discontinuous, always missed",
    "left out": "not in {gold}: left out otherwise",
}


def label_table(scores: ModeScores) -> str:
    """P, R and F1 of each label and of the averages, in percent, with support and interval.

    scores (ModeScores): Scores of one mode.
    RETURNS (str): The table.
    """
    total = scores.counts.total
    bounds = scores.bounds if scores.bounds is not None else [[None] * (len(AVERAGES) + len(total))] * 2
    intervals = [_interval(lower, upper) for lower, upper in zip(*bounds, strict=True)]
    labels = [
        (label, *map(percent, row), interval, int(counts[SUPPORT]), int(counts[PREDICTED]))
        for (label, row), counts, interval in zip(
            scores.per_label.items(), total, intervals[len(AVERAGES) :], strict=True
        )
    ]
    overall = int(total[:, SUPPORT].sum()), int(total[:, PREDICTED].sum())
    averages = [
        (name, *map(percent, row), interval, *overall)
        for (name, row), interval in zip(scores.averages.items(), intervals, strict=False)
    ]
    return terminal_table(("Label", "P", "R", "F1", "interval", "support", "predicted"), [*labels, *averages])


def mode_table(evaluation: Evaluation) -> str:
    """One line a mode: micro P, R and F1 with its interval, macro and weighted F1, in percent.

    evaluation (Evaluation): All scores.
    RETURNS (str): The table.
    """
    rows = []
    for name, scores in evaluation.modes.items():
        micro, macro, weighted = (scores.averages[average] for average in AVERAGES)
        interval = scores.interval("micro")
        shown = f"{percent(interval[0])}-{percent(interval[1])}" if interval else ""
        rows.append((name, *map(percent, micro), shown, percent(macro.f), percent(weighted.f)))
    return terminal_table(("Mode", "P", "R", "F1", "interval", "macro F1", "weighted F1"), rows)


def confusion_table(confusion: Confusion, n: int = 10) -> str:
    """The most frequent confusions.

    confusion (Confusion): Counts of gold against predicted labels.
    n (int): Number of lines at most.
    RETURNS (str): The table.
    """
    rows = [
        (gold or "(spurious)", predicted or "(missed)", count) for gold, predicted, count in confusion.most_confused(n)
    ]
    return terminal_table(("Gold", "Predicted", "count"), rows, n_text=2)


def gold_table(evaluation: Evaluation, original: OriginalEvaluation, gold: str) -> str:
    """Strict micro P, R and F1 against both golds, and those of the one against the other, in percent.

    evaluation (Evaluation): Scores against the gold of the data.
    original (OriginalEvaluation): Scores against the annotators' offsets.
    gold (str): What to call the gold of the data.
    RETURNS (str): The table.
    """
    scores = {
        f"model against {gold}": evaluation.modes["strict"],
        "model against the annotators' offsets": original.modes["strict"],
        f"{gold} against the annotators' offsets": original.imported,
    }
    rows = [
        (name, *map(percent, found.averages["micro"]), int(found.counts.total[:, SUPPORT].sum()))
        for name, found in scores.items()
    ]
    return terminal_table(("Strict, micro", "P", "R", "F1", "support"), rows)


def fate_table(original: OriginalEvaluation, gold: str) -> str:
    """How many of the annotations the gold of the data holds as they are, moved, or not at all.

    original (OriginalEvaluation): Scores against the annotators' offsets.
    gold (str): What to call the gold of the data.
    RETURNS (str): The table.
    """
    rows = [(text.format(gold=gold), original.fates[fate]) for fate, text in FATES.items()]
    return terminal_table(("Annotations", "count"), [*rows, ("all", sum(original.fates.values()))])


def comparison_table(comparison: dict[str, Any], names: tuple[str, str]) -> str:
    """Two models' scores, their difference and its p-value.

    comparison (Dict[str, Any]): From `scoring.evaluation.compare`.
    names (Tuple[str, str]): What to call the models.
    RETURNS (str): The table.
    """
    interval = comparison["interval"]
    shown = f"{percent(interval[0])} to {percent(interval[1])}" if interval else ""
    rows = [
        (names[0], percent(comparison["model"]), "", ""),
        (names[1], percent(comparison["other"]), "", ""),
        ("difference", percent(comparison["difference"]), shown, f"{comparison['p_value']:.4f}"),
    ]
    return terminal_table(("Model", "F1", "interval", "p"), rows)


def annotation_table(text: str, annotations: Sequence[Annotation]) -> str:
    """The entities of a note, with their text: for the terminal of someone who may read the note.

    text (str): The note.
    annotations (Sequence[Annotation]): Its entities.
    RETURNS (str): The table.
    """
    rows = [
        (text[start:end], " ".join((label, *assertions)), start, end, show_probability(probability))
        for start, end, label, probability, assertions in annotations
    ]
    return terminal_table(("Entity", "Label", "start", "end", "probability"), rows, n_text=2)


def link_table(text: str, links: Sequence[Relation]) -> str:
    """The relations of a note, with their text: for the terminal of someone who may read the note.

    text (str): The note.
    links (Sequence[Relation]): Its relations.
    RETURNS (str): The table.
    """
    rows = [
        (text[slice(*head)], label, text[slice(*child)], show_probability(probability))
        for head, child, label, probability in links
    ]
    return terminal_table(("Head", "Relation", "Child", "probability"), rows, n_text=3)


def field_table(table: Table) -> str:
    """Entities with their fields, probabilities in brackets: for the terminal of someone who may read the notes.

    table (Table): As `note_table` makes it.
    RETURNS (str): The table.
    """
    if "head_text" not in table.columns:
        shown = [
            (_sure(row["text"], show_probability(row["probability"])), row["label"], row["assertions"] or "")
            for row in table.rows
        ]
        return terminal_table(("Entity", "Label", "assertions"), shown, n_text=3)
    fields = [name for name in table.columns if f"{name}_probability" in table.columns and name != "head"]
    rows = [
        (
            _sure(row["head_text"], show_probability(row["head_probability"])),
            *(_sure(row[name], row[f"{name}_probability"]) for name in fields),
            row["head_assertion"] or "",
        )
        for row in table.rows
    ]
    return terminal_table(("Head", *fields, "assertion"), rows, n_text=2 + len(fields))


def percent(score: float) -> str:
    """A score between 0 and 1 in percent with two decimals, as papers print it."""
    return f"{100 * score:.2f}"


def _sure(text: str | None, probability: str | None) -> str:
    return f"{text} ({probability})" if text and probability else text or ""


def _interval(lower: Sequence[float] | None, upper: Sequence[float] | None) -> str:
    return "" if lower is None or upper is None else f"{percent(lower[2])}-{percent(upper[2])}"


def terminal_table(header: Sequence[str], rows: Sequence[tuple], *, n_text: int = 1) -> str:
    """A table whose first columns are text, the others numbers.

    header (Sequence[str]): Headings.
    rows (Sequence[Tuple]): The cells.
    n_text (int): How many columns are text.
    RETURNS (str): The table; what is not printable in its cells is a space.
    """
    shown, *lines = [tuple(map(printable, row)) for row in (header, *rows)]
    aligns: list[Literal["l", "r"]] = ["l" if column < n_text else "r" for column in range(len(header))]
    return table(lines, header=shown, divider=True, aligns=aligns, max_col=60)
