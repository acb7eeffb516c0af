"""Days and months of questions begin at midnight in the zone that was asked for."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.kits.sql_kit import Lake, hours, meter, reading, rejected

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("zone", "before", "at"),
    [
        ("Pacific/Auckland", "2026-11-14T10:45:00", "2026-11-14T11:00:00"),  # 13 hours ahead of UTC
        ("America/Los_Angeles", "2026-11-15T07:45:00", "2026-11-15T08:00:00"),  # 8 hours behind
        ("Asia/Kathmandu", "2026-11-14T18:00:00", "2026-11-14T18:15:00"),  # 5:45 hours ahead
    ],
)
def test_a_day_begins_at_midnight_in_the_zone_that_was_asked_for(zone: str, before: str, at: str):
    day, first, second = (
        date(2026, 11, 15),
        *(datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (before, at)),
    )
    late = {"ingested_at": second.replace(tzinfo=None) + timedelta(hours=1)}
    rows = [
        reading("m", first, 1, **late),
        reading("m", second, 2, **late),
        reading("m", second, 4, direction="received"),
    ]
    lake = Lake(rows, [meter("m")])
    days = {"first_day": "2026-11-14", "last_day": "2026-11-15", "zone": zone}
    one = days | {"first_day": "2026-11-15"}

    assert [(row["day"], row["readings"]) for row in lake.ask("completeness_by_day", **days)] == [
        (day - timedelta(days=1), 1),
        (day, 1),
    ]
    assert [row["median_min"] for row in lake.ask("delay_by_day", **one)] == [-15]
    assert [row["readings"] for row in lake.ask("unregistered_meters", **one)] == []
    assert [row["wh"] for row in lake.ask("senders_of_readings", meter="m", day="2026-11-15", zone=zone)] == [2, 4]
    if first.minute == 45:  # hours are of the day in which they begin
        assert [row["day"] for row in lake.ask("export_by_day", **days)] == [day]
        assert [row["day"] for row in lake.ask("export_by_feeder", **days)] == [day]
        assert [row["peak_kw"] for row in lake.ask("peak_hour_of_fleet", **one)] == [Decimal("0.002")]
        assert {row["kw"] for row in lake.ask("load_duration", **one)} == {Decimal("0.002")}
        assert lake.ask("coincident_peak", **one)[0]["own_peak_kw"] == Decimal("0.002")
        trend = lake.ask("load_trend", **one)
        assert (len(trend), trend[0]["hour"], trend[0]["kwh"]) == (24, second.replace(tzinfo=None), Decimal("0.002"))


@pytest.mark.parametrize(
    ("zone", "at"), [("Asia/Kathmandu", "2026-10-31T18:15:00"), ("America/New_York", "2026-11-01T04:00:00")]
)
def test_a_month_of_readings_begins_at_midnight_in_the_zone_that_was_asked_for(zone: str, at: str):
    second = datetime.fromisoformat(at).replace(tzinfo=UTC)
    first = second - timedelta(minutes=15)
    lake = Lake([reading("m", start, 1, quality="estimated") for start in (first, second)])
    months = {"first_month": "2026-10", "last_month": "2026-11", "zone": zone}

    for question in ("readings_by_quality", "estimated_readings"):
        assert sorted((row["month"], row["readings"]) for row in lake.ask(question, **months)) == [
            ("2026-10", 1),
            ("2026-11", 1),
        ]
        assert [row["month"] for row in lake.ask(question, **months | {"first_month": "2026-11"})] == ["2026-11"]


def test_a_day_on_which_the_clock_goes_back_is_complete_with_25_hours():
    rows = hours("m", "2026-10-25T00:00", [1] * 25, BERLIN)
    days = {"first_day": "2026-10-25", "last_day": "2026-10-25", "zone": BERLIN}

    assert Lake(rows, [meter("m")]).ask("completeness_by_day", **days)[0]["complete_meters"] == 1
    (row,) = Lake(rows[:24], [meter("m")]).ask("completeness_by_day", **days)
    assert (row["complete_meters"], row["complete"]) == (0, pytest.approx(24 / 25))


def test_rejected_uploads_are_counted_on_the_day_of_their_arrival_in_the_zone_that_was_asked_for():
    lake = Lake(
        quarantine=[
            rejected("misaligned", "m", "k", "2026-11-02T07:59:59.999Z", "1", 0),
            rejected("misaligned", "m", "k", "2026-11-02 08:00:00", "2", 0),
        ]
    )

    found = lake.ask("quarantined_by_reason", first_day="2026-11-01", last_day="2026-11-02", zone="America/Los_Angeles")

    assert [(row["day"], row["uploads"]) for row in found] == [(date(2026, 11, 2), 1), (date(2026, 11, 1), 1)]
