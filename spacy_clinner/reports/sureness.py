"""How sure a model is, as tables for the terminal."""

from collections.abc import Iterator, Sequence

from ..scoring.calibration import MEASURES, Bin, Calibration
from ..scoring.probabilities import AT_LEAST
from ..scoring.review import Review
from ..scoring.sureness import Groups, Sureness
from .tables import percent, terminal_table

UNKNOWN = "No predicted entity has a probability: nothing can be said of how sure the model is."
# The share that people can review, which the sentence is about.
SHARE = 0.2
HEADER = ("n", "probability", "right", "ECE", "interval", "by chance", "Brier", "interval", "log p", "interval")


def sureness_sections(sureness: Sureness | None, gold: str) -> Iterator[tuple[str, str]]:
    """How sure a model is, and how far that can be believed.

    sureness (Optional[Sureness]): What was measured; None: no predicted entity has a probability.
    gold (str): What to call the gold.
    YIELDS (Tuple[str, str]): Titles and tables.
    """
    if sureness is None:
        yield "How sure", UNKNOWN
        return
    left_out = f"\n{sureness.without} entities without a probability were left out." if sureness.without else ""
    yield f"How sure: predicted entities, against {gold}", group_table(sureness.predicted) + left_out
    if sureness.others:
        title = f"How sure: spans of {AT_LEAST} and more that were not predicted, against {gold}"
        yield title, bin_table(sureness.others.all.calibration)
    if review := sureness.predicted.all.review:
        yield "Reviewing the least sure entities", review_table(review)


def sureness_comparison(models: Sequence[tuple[str, Sureness | None]]) -> str:
    """How sure models are, one a line.

    models (Sequence[Tuple[str, Optional[Sureness]]]): What to call each model, and what was measured; None: it tells no
        probabilities.
    RETURNS (str): The table, and a sentence for each.
    """
    known = [(name, one.predicted.all) for name, one in models if one]
    unknown = [(name, *[""] * len(HEADER)) for name, one in models if one is None]
    rows = [_row(name, group.calibration) for name, group in known]
    sentences = [f"{name}: {review_sentence(group.review)}" for name, group in known if group.review]
    return "\n".join([terminal_table(("Model", *HEADER), [*rows, *unknown]), *sentences])


def group_table(groups: Groups) -> str:
    """All, each label and each domain: mean probability and share of right ones, and how well they agree.

    groups (Groups): The measures.
    RETURNS (str): The table; shares in percent.
    """
    named = [("all", groups.all), *groups.labels.items()]
    named += [(f"domain {name}", group) for name, group in groups.domains.items()]
    return terminal_table(("Entities", *HEADER), [_row(name, group.calibration) for name, group in named])


def bin_table(calibration: Calibration) -> str:
    """Each bin and all: mean probability against the share of right ones.

    calibration (Calibration): The measures.
    RETURNS (str): The table; shares in percent.
    """
    rows = [_bin_row(one) for one in calibration.bins]
    values = calibration.values
    interval = (calibration.intervals or {}).get("right")
    total = ("all", calibration.n, percent(values["probability"]), percent(values["right"]), _interval(interval))
    error = (percent(values["ece"]), percent(calibration.by_chance), f"{values['brier']:.3f}")
    header = ("Probability", "n", "mean", "right", "interval", "ECE", "by chance", "Brier")
    return terminal_table(header, [*(row + ("", "", "") for row in rows), total + error])


def review_table(review: Review) -> str:
    """What share of the wrong entities is found, by the share that is reviewed; and a sentence.

    review (Review): What was found.
    RETURNS (str): The table; shares in percent.
    """
    rows = [
        (
            f"{row.share:.0%}",
            f"{row.up_to:.3f}",
            percent(row.found),
            _interval(row.interval),
            percent(row.rest_right),
        )
        for row in review.rows
    ]
    header = ("Reviewed", "up to", "of the wrong ones", "interval", "right of the rest")
    return (terminal_table(header, rows) + "\n" if rows else "") + review_sentence(review)


def review_sentence(review: Review) -> str:
    """RETURNS (str): What a review of `SHARE` of the entities finds, in words."""
    if (row := review.at(SHARE)) is None:
        return f"None of {review.n} predicted entities is wrong."
    return f"Reviewing the least sure {SHARE:.0%} finds {row.found:.0%} of the {review.wrong} wrong ones."


def _row(name: str, found: Calibration) -> tuple:
    values, intervals = found.values, found.intervals or {}
    probability, right, ece, brier, log_likelihood = (values[measure] for measure in MEASURES)
    error = (percent(ece), _interval(intervals.get("ece")), percent(found.by_chance))
    brier_columns = (f"{brier:.3f}", _interval(intervals.get("brier"), "{:.3f}-{:.3f}"))
    log_columns = (f"{log_likelihood:.2f}", _interval(intervals.get("log_likelihood"), "{:.2f} to {:.2f}"))
    return (name, found.n, percent(probability), percent(right), *error, *brier_columns, *log_columns)


def _bin_row(one: Bin) -> tuple:
    shown = f"{one.low:.3f}-{one.high:.3f}"
    return (shown, one.n, percent(one.probability), percent(one.right), _interval(one.interval))


def _interval(bounds: tuple[float, float] | None, form: str | None = None) -> str:
    """In percent, if no other form is asked for."""
    if bounds is None:
        return ""
    return form.format(*bounds) if form else f"{percent(bounds[0])}-{percent(bounds[1])}"
