"""Units spent, by month."""

from datetime import date

from habitat.domain.processing_units import Bill
from habitat.io.sentinelhub.unit_ledger import UnitLedger


def test_a_month_counts_all_its_runs_and_no_other_month(tmp_path):
    path = tmp_path / "ledger.jsonl"
    for day, units in ((date(2026, 10, 31), 5.0), (date(2026, 11, 1), 2.0)):
        UnitLedger(path, day).note("a", Bill(units, 1, 7))
    now = UnitLedger(path, date(2026, 11, 25))
    now.note("b", Bill(1.5, 1, 3))
    assert now.month() == Bill(3.5, 2, 10)
    assert now.run == Bill(1.5, 1, 3)
    assert UnitLedger(path, date(2026, 12, 1)).month() == Bill()


def test_a_line_cut_short_is_not_counted_and_spoils_no_other(tmp_path):
    path = tmp_path / "ledger.jsonl"
    ledger = UnitLedger(path, date(2026, 11, 25))
    ledger.note("a", Bill(2.0, 1, 1))
    with path.open("ab") as file:
        file.write(b'{"month": "2026-11", "uni')
    ledger.note("b", Bill(3.0, 1, 1))
    assert ledger.month().units == 5.0
