"""What follows from `training.max_steps`, so that it is the one number that says how long a training is."""

import re
import sys
from collections.abc import Iterable

from spacy.util import registry
from thinc.schedules import warmup_linear

from ..errors import Errors

# The warm-up takes at most one step in so many, however few there are.
WARMUP_PART = 5
REFERENCE = re.compile(r"\$\{[\w.:]+\}")


@registry.misc("spacy_clinner.eval_frequency.v1")
def make_eval_frequency(max_steps: int, evaluations: int) -> int:
    """Spread so many evaluations over the training: for `eval_frequency` in `[training]`.

    max_steps (int): how many steps the training has, `${training.max_steps}`.
    evaluations (int): how often to evaluate after the first step, which is always evaluated, too. If they do not divide
        the steps, at most so many steps follow the last evaluation.
    RETURNS (int): steps from one evaluation to the next.
    RAISES (ValueError): CE350 if one of them is less than 1.
    """
    if max_steps < 1 or evaluations < 1:
        raise ValueError(Errors.CE350.format(max_steps=max_steps, evaluations=evaluations))
    return max(1, max_steps // evaluations)


@registry.schedules("spacy_clinner.warmup_linear.v1")
def make_warmup_linear(initial_rate: float, warmup_steps: int, total_steps: int | str) -> Iterable[float]:
    """Rise to a rate, then fall to zero at the end of the training.

    A program that trains for itself (`nlp.resume_training()`, `nlp.create_optimizer()`) has no end that a config could
    know: there spaCy makes the optimizer of its block alone and hands over the reference `${training.max_steps}` as it
    is written. The rate rises and stays.

    initial_rate (float): the highest rate.
    warmup_steps (int): how many steps it rises, at most a fifth of the training.
    total_steps (Union[int, str]): how many steps the training has, `${training.max_steps}`.
    RETURNS (Iterable[float]): the rates.
    RAISES (ValueError): CE351 if `total_steps` is neither a reference nor a number of at least 1.
    """
    if isinstance(total_steps, str):
        if not REFERENCE.fullmatch(total_steps):
            raise ValueError(Errors.CE351.format(total_steps=total_steps))
        return warmup_linear(initial_rate, warmup_steps, sys.maxsize)
    if total_steps < 1:
        raise ValueError(Errors.CE351.format(total_steps=total_steps))
    return warmup_linear(initial_rate, min(warmup_steps, total_steps // WARMUP_PART), total_steps)
