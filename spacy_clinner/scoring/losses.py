"""What a changed model loses against the one that it was made of, and whether that is too much."""

from dataclasses import dataclass

from ..errors import Errors
from .counts import SUPPORT
from .evaluation import Evaluation


@dataclass(frozen=True)
class Losses:
    """Strict scores of a model before and after a change, in points of a hundred.

    f (Tuple[float, float]): Micro F1.
    recalls (Dict[str, Tuple[float, float]]): Recall of each label that the gold has.
    support (Dict[str, int]): Entities of the gold by label.
    """

    f: tuple[float, float]
    recalls: dict[str, tuple[float, float]]
    support: dict[str, int]

    def check(self, max_loss: float, max_recall_loss: float) -> None:
        """See that not too much was lost.

        max_loss (float): Points of F1 that may be lost.
        max_recall_loss (float): Points of recall that any label may lose.
        RAISES (ValueError): CE406 if more was lost, CE408 if nothing right was found that could be lost.
        """
        if not self.f[0]:
            raise ValueError(Errors.CE408)
        lost = {label: before - after for label, (before, after) in self.recalls.items()}
        # differences are not exact
        worse = {label: loss for label, loss in lost.items() if loss > max_recall_loss + 1e-9}
        of_f = self.f[0] - self.f[1]
        if worse or of_f > max_loss + 1e-9:
            recalls = ", ".join(f"{label} {loss:.2f}" for label, loss in worse.items()) or "none too much"
            raise ValueError(Errors.CE406.format(f=of_f, max_f=max_loss, recalls=recalls, max_recall=max_recall_loss))


def measure_losses(before: Evaluation, after: Evaluation) -> Losses:
    """Compare a model with what was made of it, against the same gold.

    before (Evaluation), after (Evaluation): The scores of both.
    RETURNS (Losses): What was lost.
    """
    strict = [evaluation.modes["strict"] for evaluation in (before, after)]
    f, other_f = (100 * scores.averages["micro"].f for scores in strict)
    totals = dict(zip(strict[0].counts.labels, strict[0].counts.total[:, SUPPORT].astype(int).tolist(), strict=True))
    support = {label: n for label, n in totals.items() if n}
    first, second = (scores.per_label for scores in strict)
    recalls = {label: (100 * first[label].r, 100 * second[label].r) for label in support}
    return Losses((f, other_f), recalls, support)
