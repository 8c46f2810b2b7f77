import numpy as np
import pytest

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.scoring.documents import ScoredDocument
from spacy_clinner.scoring.evaluation import Bootstrap, evaluate
from spacy_clinner.scoring.losses import measure_losses

GOLD = [Entity(0, 4, "DRUG"), Entity(5, 9, "DRUG"), Entity(10, 14, "DOSE"), Entity(15, 19, "DOSE")]


def scores(predicted):
    tokens = np.array([(start, start + 4) for start in range(0, 25, 5)])
    return evaluate([ScoredDocument("n", tokens, frozenset(GOLD), frozenset(predicted))], Bootstrap(resamples=0))


def test_points_by_label_and_the_limits_count_in():
    # one of two drugs is lost, and another label is invented that the gold does not have
    losses = measure_losses(scores(GOLD), scores([*GOLD[1:], Entity(20, 24, "FORM")]))
    assert losses.support == {"DOSE": 2, "DRUG": 2}
    assert losses.recalls == {"DOSE": (100, 100), "DRUG": (100, 50)}
    assert losses.f == (100, pytest.approx(75))
    losses.check(25, 50)
    with pytest.raises(ValueError, match=r"CE406.*25\.00 points of strict F1 \(allowed: 24\).*none too much"):
        losses.check(24, 50)
    with pytest.raises(ValueError, match=r"CE406.*DRUG 50\.00 \(allowed: 49\)"):
        losses.check(25, 49)


def test_what_is_gained_is_no_loss():
    losses = measure_losses(scores(GOLD[:1]), scores(GOLD))
    assert losses.recalls["DOSE"] == (0, 100)
    losses.check(0, 0)


@pytest.mark.parametrize("before", [[], [Entity(20, 24, "FORM")]])
def test_who_found_nothing_has_nothing_to_lose(before):
    """Such as a tagger that writes another span group than the one that is scored."""
    with pytest.raises(ValueError, match="CE408"):
        measure_losses(scores(before), scores(before)).check(100, 100)
