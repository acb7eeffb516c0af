"""From uploads of days, of ten minutes, and of hours in zones at :30 and :45, to bills."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from electrocloud.aws.store.dynamodb_items import bill_of as of_item
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.determinants import expected_count, expected_intervals
from electrocloud.domain.local_time import DAY_S, BillingMonth
from electrocloud.domain.readings.upload import Upload, decode
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.closing import close_bill
from electrocloud.services.ingest import ingest_uploads
from tests.kits.billing_kit import document, time_of_use
from tests.kits.memory import MemoryTables
from tests.kits.services_kit import all_at, planned_bill

ZONES = [
    "Asia/Kolkata",
    "Australia/Adelaide",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/London",
]


def still(attempt: int) -> None:
    raise AssertionError("nobody else is at work")


def sent(starts: list[datetime], interval_s: int, wh: int) -> Iterator[Upload]:
    """The uploads of readings, one a UTC day."""
    by_day: dict[str, list[dict[str, object]]] = {}
    for start in starts:
        utc = start.astimezone(UTC)
        by_day.setdefault(f"{utc:%Y-%m-%d}", []).append({"start": utc.isoformat(), "wh": wh})
    for rows in by_day.values():
        yield decode(json.dumps({"meter_id": "m-1", "interval_s": interval_s, "readings": rows}).encode())


def stored(uploads: Iterator[Upload], tariff: Tariff) -> MemoryTables:
    tables = MemoryTables()
    ingest_uploads(uploads, tables, all_at(tariff), still)
    return tables


def bill_of(tables: MemoryTables, tariff: Tariff, cycle: str) -> Bill:
    return of_item(tables.bills[planned_bill(tariff, cycle).key])


def steps(month: BillingMonth, seconds: int) -> list[datetime]:
    return [datetime.fromtimestamp(at, UTC) for at in range(month.start, month.end, seconds)]


def local_midnights(month: BillingMonth) -> list[datetime]:
    return [datetime(month.year, month.month, day + 1, tzinfo=ZoneInfo(month.zone)) for day in range(month.days)]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Australia/Adelaide", "Asia/Kathmandu"])
@pytest.mark.parametrize("seconds", [1800, 3600])
@pytest.mark.parametrize("cycle", ["2026-10", "2026-04", "2026-07"])
def test_a_month_of_local_hours_is_whole_and_rated_by_the_local_hour(zone: str, seconds: int, cycle: str):
    tariff = tariff_from_urdb({**time_of_use(0.1, 0.5), "timezone": zone})
    month = BillingMonth(*map(int, cycle.split("-")), zone)
    starts = steps(month, seconds)
    bill = bill_of(stored(sent(starts, seconds, 1000), tariff), tariff, cycle)

    local = [start.astimezone(ZoneInfo(zone)) for start in starts]
    peak = sum(start.weekday() < 5 and 16 <= start.hour < 21 for start in local)
    assert (bill.intervals.read, bill.intervals.missing) == (len(starts), 0)
    assert bill.open_reasons == ()
    assert bill.energy_kwh == len(starts)
    assert bill.energy_charge == Decimal("0.1") * (len(starts) - peak) + Decimal("0.5") * peak


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Europe/London", "Australia/Adelaide", "America/Chicago"])
@pytest.mark.parametrize("cycle", ["2024-03", "2026-03", "2026-04", "2026-10", "2026-11", "2026-07"])
def test_a_month_of_days_is_whole_where_clocks_change(zone: str, cycle: str):
    tariff = tariff_from_urdb({**document(0.1), "timezone": zone})
    starts = local_midnights(BillingMonth(*map(int, cycle.split("-")), zone))
    bill = bill_of(stored(sent(starts, DAY_S, 24_000), tariff), tariff, cycle)
    assert (bill.intervals.read, bill.intervals.missing, bill.intervals.expected) == (len(starts), 0, len(starts))
    assert bill.open_reasons == ()
    assert bill.energy_kwh == 24 * len(starts)


def test_a_missing_day_is_counted_and_estimated_as_one():
    tariff = tariff_from_urdb({**document(0.1), "timezone": "Europe/Berlin"})
    starts = [start for start in local_midnights(BillingMonth(2026, 3, "Europe/Berlin")) if start.day not in (28, 29)]
    before = local_midnights(BillingMonth(2026, 2, "Europe/Berlin"))
    tables = stored(sent([*before, *starts], DAY_S, 24_000), tariff)
    assert bill_of(tables, tariff, "2026-03").intervals.missing == 2

    close_bill(planned_bill(tariff, "2026-03"), tables, still)
    bill = bill_of(tables, tariff, "2026-03")
    assert (bill.intervals.read, bill.intervals.estimated, bill.intervals.missing) == (29, 2, 0)
    assert abs(bill.energy_kwh - 31 * 24) < Decimal("1.1")  # the day of 23 hours has 23 hours' energy


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        (time_of_use(0.1, 0.5), "the 24-hour reading from 2026-07-01T00:00:00+02:00 spans two prices"),
        (document(0.1, flatdemandstructure=[[{"rate": 9}]], flatdemandmonths=[0] * 12), "spans two demand windows"),
        (
            document(0.1, flatdemandstructure=[[{"rate": 9}]], flatdemandmonths=[0] * 12, demandwindow=15),
            "spans two demand windows",
        ),
    ],
    ids=["time of use", "demand", "demand window"],
)
def test_days_are_not_billed_where_the_hour_decides(rate: dict, says: str):
    tariff = tariff_from_urdb({**rate, "timezone": "Europe/Berlin"})
    starts = local_midnights(BillingMonth(2026, 7, "Europe/Berlin"))
    bill = bill_of(stored(sent(starts, DAY_S, 24_000), tariff), tariff, "2026-07")
    (reason,) = bill.open_reasons
    assert bill.status == "provisional"
    assert says in reason.text


def test_ten_minutes_beside_quarter_hours_count_once():
    tariff = tariff_from_urdb({**document(0.1), "timezone": "UTC"})
    starts = steps(BillingMonth(2026, 7, "UTC"), 900)
    half = starts[len(starts) // 2]
    tables = stored(sent(starts, 900, 250), tariff)
    tens = [one for one in steps(BillingMonth(2026, 7, "UTC"), 600) if one >= half]
    ingest_uploads(sent(tens, 600, 100), tables, all_at(tariff), still)
    hours = (half - starts[0]) // timedelta(hours=1)
    assert bill_of(tables, tariff, "2026-07").energy_kwh == hours + (744 - hours) * Decimal("0.6")


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(
    lambda moment: int(moment.replace(tzinfo=UTC).timestamp()) // 900 * 900
)


@settings(max_examples=300)
@given(MOMENTS, st.integers(0, 40 * 96), st.sampled_from([300, 600, 900, 1800, 3600, DAY_S]), st.sampled_from(ZONES))
def test_due_intervals_are_counted_as_they_are_listed_and_add_up_over_any_cut(low, length, seconds, zone):
    high, cut = low + 900 * length, low + 450 * length // 900 * 900
    listed = expected_intervals(low, high, seconds, zone)
    assert expected_count(low, high, seconds, zone) == len(listed)
    assert [*expected_intervals(low, cut, seconds, zone), *expected_intervals(cut, high, seconds, zone)] == listed
    assert all(low <= one.start < high for one in listed)
    if seconds == DAY_S:
        info = ZoneInfo(zone)
        assert all(datetime.fromtimestamp(one.start, info).strftime("%H:%M") == "00:00" for one in listed)
        assert all(one.start + one.seconds == other.start for one, other in pairwise(listed))


@given(st.sampled_from(ZONES), st.integers(1, 12), st.sampled_from([1800, 3600]))
def test_a_local_month_has_the_intervals_of_its_length(zone: str, number: int, seconds: int):
    month = BillingMonth(2026, number, zone)
    difference = expected_count(month.start, month.end, seconds, zone) - (month.end - month.start) / seconds
    assert abs(difference) <= (0.5 if zone == "Australia/Lord_Howe" else 0)  # its clocks change by half an hour
