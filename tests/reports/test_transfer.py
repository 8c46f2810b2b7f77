import pytest

from spacy_clinner.reports.grid import comparison_table, grid_table
from spacy_clinner.reports.transfer import curve_reading, equal_shares, transfer_tables

from ..toys.runs import curve, grid


def test_transfer_table_has_a_line_a_share():
    scores, gains = (table.splitlines() for table in transfer_tables(curve()))
    assert scores[0] == "| labels | no transfer | transfer |" and gains[0] == "| gain over no transfer | transfer |"
    assert scores[2] == "| 5 % | 40.0 ± 1.0 | 50.0 ± 1.0 |" and gains[2].startswith("| 5 % | +10.0, p = ")
    assert len(scores) == len(gains) == 6


def test_equal_shares_are_read_between_the_points():
    shares, equal = zip(*equal_shares(curve()), strict=True)
    assert shares == (5, 10, 20, 40) and equal[:3] == pytest.approx((10, 18, 28)) and equal[3] is None
    reading = curve_reading(curve()).splitlines()
    assert reading[1] == "- 10 % of the labels with transfer do the work of 18 % without."
    assert reading[3] == "- 40 % of the labels with transfer do the work of more than 40 % without."


def test_a_dip_of_the_curve_is_bridged():
    records = [record for record in curve() if record["keys"]["share"] != 20 or record["keys"]["transfer"] == "all"]
    dip = [{**r, "keys": {**r["keys"], "share": 20}} for r in curve() if r["keys"]["share"] == 5][:3]
    assert [share for share, _ in equal_shares(records + dip)] == [5, 10, 20, 40]


def test_grid_tables():
    lines = grid_table(grid()).splitlines()
    assert lines[0] == "| task | base | better | mixed |" and lines[2].startswith("| a → b | 50.2 ± 0.1 | 53.2 ± 0.1 |")
    means = [float(cell.strip(" *")) for cell in lines[-1].split("|")[2:-1]]
    assert means == pytest.approx([50.15, 53.15, 51.15], abs=0.051)
    lines = comparison_table(grid(), "base").splitlines()
    assert lines[2] == "| better | +3.00 | 0.00 | 12 of 12 | 3 of 3 | 0.0005 |"
    assert lines[3].startswith("| mixed | +1.00 |") and len(lines) == 4


def test_shares_are_read_in_the_order_of_the_curve():
    """In whatever order they were asked for."""
    records = sorted(curve(), key=lambda record: -record["keys"]["share"])
    assert equal_shares(records) == equal_shares(curve()) and curve_reading(records) == curve_reading(curve())
    assert transfer_tables(records) == transfer_tables(curve())


def test_transfer_that_hurts_is_no_work_of_the_smallest_share():
    records = curve()
    for record in records:
        if record["keys"]["transfer"] == "all":
            record["test"]["f"] /= 2
    reading = curve_reading(records).splitlines()
    assert reading[0] == "- 5 % of the labels with transfer do the work of less than 5 % without."
