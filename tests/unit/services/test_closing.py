from datetime import date, timedelta
from decimal import Decimal

from electrocloud.aws.store.dynamodb_items import bill_of
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.closing import close_bill
from electrocloud.services.ingest import ingest_uploads
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import MemoryTables
from tests.kits.services_kit import all_at, planned_bill

TARIFF = tariff_from_urdb({**TIME_OF_USE, "timezone": "UTC"})
MARCH = planned_bill(TARIFF, "2027-03")


def still(attempt):
    raise AssertionError("nobody else is at work")


def take(tables, *uploads):
    ingest_uploads(uploads, tables, all_at(TARIFF), still)


def hourly(day, wh=100, **parts):
    return upload(day=day, wh=[wh] * 24, interval_s=3600, **parts)


def month_without(*gaps):
    """February whole and March without some days, every hour 100 Wh."""
    tables = MemoryTables()
    days = [date(2027, 2, 1) + timedelta(days=number) for number in range(59)]
    take(tables, *(hourly(day) for day in days if day not in gaps))
    return tables


def current(tables):
    return bill_of(tables.bills["m-1", "2027-03"])


def test_a_gap_is_estimated_like_the_weeks_before_and_the_bill_becomes_final():
    tables = month_without(date(2027, 3, 10))
    assert (current(tables).status, current(tables).intervals.missing) == ("provisional", 24)
    bill = close_bill(MARCH, tables, still)
    assert bill == current(tables)
    assert (bill.status, bill.intervals.missing, bill.intervals.estimated) == ("final", 0, 24)
    assert bill.energy_kwh == current(month_without()).energy_kwh
    assert any(line.estimated_share for line in bill.lines)


def test_closing_again_changes_nothing():
    tables = month_without(date(2027, 3, 10))
    close_bill(MARCH, tables, still)
    before = dict(tables.bills)
    assert close_bill(MARCH, tables, still) is None
    assert tables.bills == before


def test_a_complete_month_is_left_alone():
    assert close_bill(MARCH, month_without(), still) is None


def test_an_actual_reading_replaces_the_estimate_in_a_new_version():
    tables = month_without(date(2027, 3, 10))
    estimated = close_bill(MARCH, tables, still)
    take(tables, upload(day=date(2027, 3, 10), wh=[300] * 6, interval_s=3600))
    bill = current(tables)
    assert (bill.version, bill.intervals.estimated, bill.intervals.missing) == (2, 18, 0)
    assert bill.energy_kwh - estimated.energy_kwh == Decimal("1.2")
    assert bill.adjustment.amount_rounded == bill.total_rounded - estimated.total_rounded
    take(tables, hourly(date(2027, 3, 10), wh=300))
    assert (current(tables).version, current(tables).intervals.estimated) == (3, 0)


def test_a_gap_without_history_stays_and_the_bill_stays_provisional():
    tables = MemoryTables()
    take(tables, upload(day=date(2027, 3, 10), wh=[100] * 4, interval_s=3600))
    bill = close_bill(MARCH, tables, still)
    assert bill.status == "provisional"
    assert bill.intervals.missing > 0


def test_readings_stored_concurrently_are_not_overwritten():
    tables = month_without(date(2027, 3, 10), date(2027, 3, 11))

    def meanwhile():
        tables.before_commit = lambda: None
        take(tables, hourly(date(2027, 3, 11), wh=500))

    tables.before_commit = meanwhile
    bill = close_bill(MARCH, tables, lambda attempt: None)
    assert bill.intervals.estimated == 24
    assert bill.energy_kwh == current(month_without()).energy_kwh + Decimal("9.6")


def test_a_whole_day_is_estimated_in_a_zone_that_is_half_an_hour_off():
    kolkata = tariff_from_urdb({**TIME_OF_USE, "timezone": "Asia/Kolkata"})
    tables = MemoryTables()
    days = [date(2027, 1, 31) + timedelta(days=number) for number in range(61)]
    uploads = [hourly(day) for day in days if day not in (date(2027, 2, 28), date(2027, 3, 31))]
    ingest_uploads(uploads, tables, all_at(kolkata), still)
    bill = close_bill(planned_bill(kolkata, "2027-03"), tables, still)
    assert (bill.status, bill.intervals.expected, bill.intervals.missing) == ("final", 31 * 24, 0)
