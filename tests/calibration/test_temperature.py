import numpy as np
import pytest

from spacy_clinner.calibration.temperature import TRIED, fit_temperature

N_CLASSES = 5


def softmax_losses(n_documents, n_tokens, sharpening, seed=0):
    """Losses of a classifier whose scores are `sharpening` times those that its labels are drawn by."""
    rng = np.random.default_rng(seed)
    true = rng.normal(scale=2, size=(n_documents, n_tokens, N_CLASSES))
    labels = (true + rng.gumbel(size=true.shape)).argmax(-1)[..., None]

    def loss(temperature):
        scores = true * sharpening / temperature
        return (np.logaddexp.reduce(scores, axis=-1, keepdims=True) - np.take_along_axis(scores, labels, -1)).sum(
            (1, 2)
        )

    return loss


def at_tried(loss):
    return np.stack([loss(temperature) for temperature in TRIED], axis=1)


@pytest.mark.parametrize("sharpening", [0.5, 1.0, 1.7, 4.0])
def test_finds_by_how_much_scores_are_too_sharp(sharpening):
    loss = softmax_losses(200, 50, sharpening)
    fit = fit_temperature(at_tried(loss))
    grid = np.geomspace(0.2, 10, 2000)
    lowest = grid[np.argmin([loss(t).sum() for t in grid])]
    assert fit.best == pytest.approx(lowest, rel=0.02)
    assert fit.best == pytest.approx(sharpening, rel=0.05)
    assert fit.interval[0] <= fit.best <= fit.interval[1] and fit.interval[1] / fit.interval[0] < 1.15
    assert fit.temperature == pytest.approx(fit.best, rel=0.01)
    assert fit.documents == 200


def test_few_documents_draw_it_to_1():
    kept = []
    for n in (2, 8, 400):
        fits = [fit_temperature(at_tried(softmax_losses(n, 3, 3.0, seed))) for seed in range(10)]
        assert all(abs(np.log(fit.temperature)) <= abs(np.log(fit.best)) + 1e-12 for fit in fits)
        kept.append(np.mean([np.log(fit.temperature) / np.log(fit.best) for fit in fits]))
    assert kept[0] < kept[1] < kept[2] and kept[2] > 0.95


def test_one_document_or_none_tell_nothing():
    losses = at_tried(softmax_losses(1, 50, 3.0))
    assert fit_temperature(losses).temperature == 1.0 and fit_temperature(losses).documents == 1
    nothing = np.zeros((4, len(TRIED)))
    assert fit_temperature(nothing)[:2] == (1.0, 1.0) and fit_temperature(nothing).documents == 0
    # a document without gold does not count
    some = at_tried(softmax_losses(30, 5, 2.0))
    assert fit_temperature(np.concatenate([some, nothing])) == fit_temperature(some)


def test_ends_of_what_is_tried():
    for sharpening, end in ((100.0, TRIED[-1]), (0.01, TRIED[0])):
        assert fit_temperature(at_tried(softmax_losses(50, 20, sharpening))).best == pytest.approx(end)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_few_documents_without_an_error_do_not_say_how_sure_to_be(n):
    margins = np.random.default_rng(n).uniform(1, 4, size=(n, 5))

    def fit(times):
        return fit_temperature(at_tried(lambda temperature: np.logaddexp(0, -times * margins / temperature).sum(1)))

    found = [fit(times).temperature for times in (1, 3, 10, 10_000)]
    assert fit(1).best == pytest.approx(TRIED[0])
    # the surer it is already, the less there is to gain, down to what rounds to nothing
    assert 0.6 < found[0] < found[1] < found[2] < found[3] == 1.0
    assert found[2] > 0.98


def test_many_documents_may_go_as_far_as_is_tried():
    assert fit_temperature(at_tried(softmax_losses(50, 20, 100.0))).temperature == pytest.approx(TRIED[-1])


def test_same_seed_same_fit():
    losses = at_tried(softmax_losses(10, 5, 2.0))
    assert fit_temperature(losses, seed=3) == fit_temperature(losses, seed=3)
    assert fit_temperature(losses, seed=3).interval != fit_temperature(losses, seed=4).interval
