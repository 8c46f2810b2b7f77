"""What follows from `training.max_steps`."""

from itertools import islice

import pytest
from spacy.util import registry
from thinc.schedules import warmup_linear

RATE = 0.003


def learning_rate(**settings):
    block = {"@schedules": "spacy_clinner.warmup_linear.v1", "initial_rate": RATE, **settings}
    return registry.resolve({"learn_rate": block})["learn_rate"]


def eval_frequency(**settings):
    block = {"@misc": "spacy_clinner.eval_frequency.v1", **settings}
    return registry.resolve({"eval_frequency": block})["eval_frequency"]


@pytest.mark.parametrize("warmup, total", [(100, 3000), (0, 10), (20, 100)])
def test_rate_is_that_of_thinc(warmup, total):
    rates = islice(learning_rate(warmup_steps=warmup, total_steps=total), total + 3)
    assert list(rates) == list(islice(warmup_linear(RATE, warmup, total), total + 3))


def test_warm_up_takes_a_fifth_at_most():
    rates = list(islice(learning_rate(warmup_steps=100, total_steps=50), 51))
    assert rates.index(max(rates)) == 10 and max(rates) == RATE and rates[-1] == 0
    assert list(islice(learning_rate(warmup_steps=100, total_steps=2), 3)) == [RATE, RATE / 2, 0]


def test_rate_stays_if_no_end_is_known():
    rates = list(islice(learning_rate(warmup_steps=4, total_steps="${training.max_steps}"), 100_000))
    assert rates[:5] == pytest.approx([0, RATE / 4, RATE / 2, RATE * 3 / 4, RATE])
    assert min(rates[4:]) == pytest.approx(RATE)


@pytest.mark.parametrize("total", [0, -1, "many", "", "1e3"])
def test_no_number_of_steps(total):
    with pytest.raises(ValueError, match="CE351"):
        learning_rate(warmup_steps=1, total_steps=total)


@pytest.mark.parametrize(
    "max_steps, evaluations, wanted", [(3000, 15, 200), (600, 10, 60), (605, 10, 60), (2, 15, 1), (15, 15, 1)]
)
def test_evaluations_are_spread(max_steps, evaluations, wanted):
    assert eval_frequency(max_steps=max_steps, evaluations=evaluations) == wanted


@pytest.mark.parametrize("max_steps, evaluations", [(0, 10), (-1, 10), (600, 0)])
def test_nothing_to_spread(max_steps, evaluations):
    with pytest.raises(ValueError, match="CE350"):
        eval_frequency(max_steps=max_steps, evaluations=evaluations)
