"""Billing months and time-of-use hours in local time."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.local_time import BillingMonth, day_of, instant_of, local, months_of, offsets
from electrocloud.domain.tariffs.tariff import period_spans
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import hours, instant, time_of_use

ZONES = ("UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Asuncion", "Pacific/Apia")
DAY = 86_400

instants = st.integers(instant("1995-01-01T00:00"), instant("2037-01-01T00:00"))
zones = st.sampled_from(ZONES)


@given(instants, zones)
def test_an_instant_is_in_the_month_that_the_clocks_show(when: int, zone: str):
    month = BillingMonth.at(when, zone)

    assert str(month) == f"{datetime.fromtimestamp(when, ZoneInfo(zone)):%Y-%m}"
    assert month.start <= when < month.end


@given(instants, zones)
def test_months_follow_each_other_without_gap(when: int, zone: str):
    month = BillingMonth.at(when, zone)

    assert BillingMonth.at(month.end, zone) == month.following
    assert BillingMonth.at(month.end - 1, zone) == month
    assert BillingMonth.at(month.start, zone) == month


@given(instants, zones)
def test_a_utc_day_is_in_the_months_of_its_first_and_last_instant(when: int, zone: str):
    day = day_of(when)
    months = months_of(day, zone)

    assert BillingMonth.at(when, zone) in months
    assert all(day in month.utc_days() for month in months)


@given(instants, zones)
def test_local_time_is_what_the_clocks_show(when: int, zone: str):
    shown = datetime.fromtimestamp(when, ZoneInfo(zone)).replace(tzinfo=UTC)

    assert local(when, zone) == int(shown.timestamp())


def test_a_month_whose_first_midnight_is_skipped_begins_at_one():
    assert BillingMonth(2023, 10, "America/Asuncion").start == instant("2023-10-01T01:00", "America/Asuncion")


def test_months_have_their_calendar_days_and_name():
    month = BillingMonth(2024, 2, "UTC")

    assert (month.days, str(month), str(month.following)) == (29, "2024-02", "2024-03")
    assert str(BillingMonth(2024, 12, "UTC").following) == "2025-01"


@pytest.mark.parametrize(
    ("day", "zone", "change"),
    [
        ("2026-03-29", "Europe/Berlin", "2026-03-29T01:00"),
        ("2026-11-01", "America/New_York", "2026-11-01T06:00"),
        ("2026-10-03", "Australia/Lord_Howe", "2026-10-03T15:30"),  # not on the hour, and by half an hour
    ],
)
def test_the_clocks_change_at_their_second(day: str, zone: str, change: str):
    before, after = offsets(instant_of(date.fromisoformat(day)), zone)

    assert before.end == after.start == instant(change)
    assert before.seconds != after.seconds


@given(instants, zones)
def test_stretches_cover_the_day_with_the_period_of_each_local_hour(when: int, zone: str):
    rate = time_of_use(0.1, 0.2, timezone=zone, demandratestructure=[[{"rate": 1}], [{"rate": 2}]])
    rate |= {"demandweekdayschedule": hours(8, 18), "demandweekendschedule": hours(0, 6)}
    midnight = when // DAY * DAY
    day = period_spans(tariff_from_urdb(rate), midnight)

    assert (day[0].start, day[-1].end) == (midnight, midnight + DAY)
    assert all(one.end == other.start for one, other in pairwise(day))
    (here,) = (stretch for stretch in day if stretch.start <= when < stretch.end)
    shown = datetime.fromtimestamp(when, ZoneInfo(zone))
    weekend = shown.weekday() >= 5
    assert here.energy == (not weekend and 16 <= shown.hour < 21)
    assert here.demand == (shown.hour < 6 if weekend else 8 <= shown.hour < 18)
