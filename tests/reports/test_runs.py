import pytest

from spacy_clinner.reports.runs import compare_documents, compare_runs, select, spread, values

from ..toys.runs import curve, grid, record


def test_spread_of_runs():
    runs = select(curve(), share=5, transfer="none")
    assert spread(runs) == pytest.approx((0.40, 0.01, 3)) and str(spread(runs)) == "40.0 ± 1.0"
    assert str(spread(runs[:1])) == "39.0"
    assert values(curve(), "transfer") == ["none", "all"]


def test_a_steady_gain_is_significant_and_none_is_not():
    runs = grid()
    base = select(runs, method="base")
    better = compare_runs(select(runs, method="better"), base)
    assert (better.mean, better.wins, better.n) == (pytest.approx(0.03), 12, 12) and better.error < 1e-9
    assert better.p_value == pytest.approx(2 / 2**12)
    nothing = compare_runs(base, base)
    assert (nothing.mean, nothing.wins, nothing.p_value) == (0, 0, 1)
    assert compare_runs(base, select(runs, method="better")).mean == -better.mean


def test_documents_are_swapped_not_entities():
    assert compare_documents([record(0.9)], [record(0.9)]) == 1
    # two documents can be swapped in four ways only
    assert compare_documents([record(0.9)], [record(0.1)]) == pytest.approx(0.5, abs=0.02)
