import numpy as np
import pytest
import torch
from geomloss import SamplesLoss
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_clinner.layers.mmd.discrepancy import Group, label_aware_mmd, mmd
from spacy_clinner.layers.mmd.kernels import GaussianSum, make_kernel, median_squared_distance

KERNELS = ("median", "ladtl")
ESTIMATES = (False, True)


def draw(m, n, d=5, seed=0, dtype="float64"):
    """Two sets of rows that differ in mean and spread."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(m, d)).astype(dtype), (0.5 + 1.5 * rng.normal(size=(n, d))).astype(dtype)


def kernel_of(name, *sides):
    return make_kernel(name, np.concatenate(sides))


def brute_force(source, target, kernel, unbiased):
    """The definition: a loop over pairs."""

    def k(a, b):
        return kernel.scale * sum(np.exp(-((a - b) ** 2).sum() / (2 * v)) for v in kernel.variances)

    def within(rows):
        pairs = [(i, j) for i in range(len(rows)) for j in range(len(rows)) if not (unbiased and i == j)]
        return sum(k(rows[i], rows[j]) for i, j in pairs) / len(pairs)

    return within(source) + within(target) - 2 * np.mean([k(a, b) for a in source for b in target])


def group(m, n, weight=1.0, kept=None, start=0):
    """A group whose source rows come first."""
    return Group(np.arange(start, start + m), np.arange(start + m, start + m + n), weight, kept)


def compare(rows, groups, kernel="median", unbiased=False, max_rows=1000, seed=0):
    return label_aware_mmd(
        rows, groups, kernel=kernel, unbiased=unbiased, max_rows=max_rows, rng=np.random.default_rng(seed)
    )


# the estimate


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("unbiased", ESTIMATES)
@pytest.mark.parametrize("sizes", [(2, 2), (2, 3), (7, 4)])
def test_equals_the_sum_over_pairs(name, unbiased, sizes):
    sides = draw(*sizes)
    kernel = kernel_of(name, *sides)
    assert mmd(*sides, kernel, unbiased=unbiased).value == pytest.approx(brute_force(*sides, kernel, unbiased))
    single = [side.astype("float32") for side in sides]
    assert mmd(*single, kernel, unbiased=unbiased).value == pytest.approx(
        brute_force(*sides, kernel, unbiased), abs=1e-4
    )


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("unbiased", ESTIMATES)
def test_gradients_are_finite_differences(name, unbiased):
    sides = draw(5, 4)
    kernel = kernel_of(name, *sides)
    found = mmd(*sides, kernel, unbiased=unbiased)
    step = 1e-5
    for side, gradient in zip(sides, (found.d_source, found.d_target), strict=True):
        for where in np.ndindex(side.shape):
            side[where] += step
            above = mmd(*sides, kernel, unbiased=unbiased).value
            side[where] -= 2 * step
            below = mmd(*sides, kernel, unbiased=unbiased).value
            side[where] += step
            assert (above - below) / (2 * step) == pytest.approx(gradient[where], rel=1e-4, abs=1e-8)


def test_single_precision_gives_the_same_gradients():
    for name in KERNELS:
        sides = draw(60, 40, d=50)
        kernel = kernel_of(name, *sides)
        double = mmd(*sides, kernel, unbiased=True)
        single = mmd(*(side.astype("float32") for side in sides), kernel, unbiased=True)
        assert single.d_source.dtype == np.float32
        for left, right in zip(double[1:], single[1:], strict=True):
            assert np.abs(left - right).max() < 1e-4 * np.abs(left).max()


@pytest.mark.parametrize("unbiased", ESTIMATES)
def test_blocks_change_nothing(unbiased):
    sides = draw(23, 31)
    kernel = kernel_of("median", *sides)
    whole = mmd(*sides, kernel, unbiased=unbiased)
    for max_pairs in (1, 50, 100):
        blocks = mmd(*sides, kernel, unbiased=unbiased, max_pairs=max_pairs)
        assert blocks.value == pytest.approx(whole.value)
        assert np.allclose(blocks.d_source, whole.d_source) and np.allclose(blocks.d_target, whole.d_target)


def test_equals_geomloss():
    source, target = (side.astype("float32") for side in draw(30, 20, d=8))
    tensors = [torch.tensor(side, requires_grad=True) for side in (source, target)]
    loss = SamplesLoss("gaussian", blur=1.7)(*tensors)
    loss.backward()
    found = mmd(source, target, GaussianSum((1.7**2,), 1.0), unbiased=False)
    # geomloss gives half of MMD^2
    assert found.value == pytest.approx(2 * loss.item(), rel=1e-4)
    assert np.allclose(found.d_source, 2 * tensors[0].grad.numpy(), atol=1e-6)
    assert np.allclose(found.d_target, 2 * tensors[1].grad.numpy(), atol=1e-6)


# edges


@pytest.mark.parametrize("sizes", [(0, 0), (0, 3), (3, 0), (1, 3), (3, 1), (1, 1)])
def test_too_few_rows_for_an_estimate(sizes):
    sides = draw(*sizes)
    kernel = kernel_of("median", *sides)
    for unbiased in ESTIMATES:
        found = mmd(*sides, kernel, unbiased=unbiased)
        assert found.d_source.shape == sides[0].shape and found.d_target.shape == sides[1].shape
        if unbiased or not all(sizes):
            assert found.value == 0 and not found.d_source.any() and not found.d_target.any()
        else:
            assert found.value == pytest.approx(brute_force(*sides, kernel, False)) and found.value > 0


@pytest.mark.parametrize("name", KERNELS)
def test_equal_sets_have_no_distance(name):
    rows = draw(20, 1, d=40, dtype="float32")[0]
    for sides in ((rows, rows.copy()), (rows[:1].repeat(3, 0), rows[:1].repeat(4, 0))):
        found = mmd(*sides, kernel_of(name, *sides), unbiased=False)
        assert found.value == pytest.approx(0, abs=1e-6)
        assert np.abs(found.d_source).max() < 1e-5
        # without its pairs with itself a row seems farther from its own set
        assert mmd(*sides, kernel_of(name, *sides), unbiased=True).value <= 1e-6


def test_widths_must_agree():
    with pytest.raises(ValueError, match="CE218"):
        mmd(np.zeros((3, 4)), np.zeros((3, 5)), GaussianSum((1.0,), 1.0), unbiased=False)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 3), st.floats(-3, 3), st.floats(0.01, 100))
def test_biased_estimate_is_a_squared_distance(m, n, d, shift, scale):
    sides = draw(m, n, d)
    kernel = kernel_of("median", *sides)
    value = mmd(*sides, kernel, unbiased=False).value
    assert 0 <= value <= 2
    moved = [scale * (side + shift) for side in sides]
    # the median heuristic does not see shift or scale, and the sides may be swapped
    assert mmd(*moved, kernel_of("median", *moved), unbiased=False).value == pytest.approx(value, abs=1e-6)
    assert mmd(*sides[::-1], kernel, unbiased=False).value == pytest.approx(value, abs=1e-9)


def test_unbiased_estimate_has_mean_zero_where_the_biased_has_not():
    values = {unbiased: [] for unbiased in ESTIMATES}
    for seed in range(200):
        rows = np.random.default_rng(seed).normal(size=(24, 4))
        for unbiased in ESTIMATES:
            values[unbiased].append(mmd(rows[:12], rows[12:], make_kernel("median", rows), unbiased=unbiased).value)
    assert abs(np.mean(values[True])) < 0.005
    assert np.mean(values[False]) > 0.05


# widths


def test_median_heuristic():
    rows = np.array([[0.0], [1.0], [3.0], [3.0]])
    # squared distances of rows that differ: 1, 9, 9, 4, 4
    assert median_squared_distance(rows) == pytest.approx(4)
    assert make_kernel("median", rows).variances == pytest.approx((16, 8, 4, 2, 1))
    assert make_kernel("median", rows).peak == pytest.approx(1) and make_kernel("ladtl", rows).peak == 19
    assert median_squared_distance(rows[2:]) == median_squared_distance(rows[:1]) == 1
    many = np.random.default_rng(0).normal(size=(2000, 10))
    assert median_squared_distance(many) == pytest.approx(2 * 10, rel=0.15)


# groups


@pytest.mark.parametrize("unbiased", ESTIMATES)
def test_groups_are_weighted_and_summed(unbiased):
    rows = np.concatenate(draw(10, 14, dtype="float32"))
    groups = [group(3, 4, weight=0.5), group(6, 2, weight=2.0, start=7)]
    found = compare(rows, groups, unbiased=unbiased)
    kernel = make_kernel("median", rows[:15])
    parts = [mmd(rows[some.source], rows[some.target], kernel, unbiased=unbiased) for some in groups]
    assert found.n_groups == 2
    assert found.value == pytest.approx(0.5 * parts[0].value + 2 * parts[1].value, rel=1e-4)
    assert np.allclose(found.d_rows[7:13], 2 * parts[1].d_source, atol=1e-6)
    assert np.allclose(found.d_rows[3:7], 0.5 * parts[0].d_target, atol=1e-6)
    assert not found.d_rows[15:].any()


@pytest.mark.parametrize("unbiased", ESTIMATES)
def test_groups_without_a_partner_are_left_out(unbiased):
    rows = draw(12, 0, dtype="float32")[0]
    least = 2 if unbiased else 1
    lone = [group(0, 3), group(3, 0), group(least - 1, 3), group(3, least - 1)]
    found = compare(rows, lone, unbiased=unbiased)
    assert found.value == 0 and found.n_groups == 0 and not found.d_rows.any()
    assert compare(rows, [*lone, group(least, least)], unbiased=unbiased).n_groups == 1


def test_one_group_of_all_rows_is_the_plain_discrepancy():
    rows = np.concatenate(draw(8, 9, dtype="float32"))
    plain = mmd(rows[:8], rows[8:], make_kernel("ladtl", rows), unbiased=True)
    found = compare(rows, [group(8, 9)], kernel="ladtl", unbiased=True)
    assert found.value == pytest.approx(plain.value)
    assert np.allclose(found.d_rows, np.concatenate(plain[1:]))


def test_large_groups_are_drawn_from():
    rows = np.concatenate(draw(40, 30, dtype="float32"))
    found = compare(rows, [group(40, 30)], max_rows=10)
    touched = found.d_rows.any(axis=1)
    assert touched[:40].sum() == touched[40:].sum() == 10
    assert compare(rows, [group(40, 30)], max_rows=10).value == found.value
    assert compare(rows, [group(40, 30)], max_rows=10, seed=1).value != found.value


def test_kept_rows_count_as_constants():
    rows = np.concatenate(draw(4, 5, dtype="float32"))
    kept = draw(6, 0, seed=3, dtype="float32")[0]
    found = compare(rows, [group(4, 5, kept=kept)])
    together = np.concatenate([rows[:4], kept])
    whole = mmd(together, rows[4:], make_kernel("median", np.concatenate([together, rows[4:]])), unbiased=False)
    assert found.value == pytest.approx(whole.value, rel=1e-5)
    assert np.allclose(found.d_rows[:4], whole.d_source[:4], atol=1e-6)
    assert np.allclose(found.d_rows[4:], whole.d_target, atol=1e-6)
    assert compare(rows, [Group(np.arange(0), np.arange(4, 9), 1.0, kept)]).n_groups == 1
