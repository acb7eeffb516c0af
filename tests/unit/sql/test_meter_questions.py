"""Questions about meters and what they sent, on readings whose answer is plain."""

from datetime import UTC, date, datetime, timedelta

import pytest

from analytics.questions import find
from analytics.voltage_limits import limits_of
from electrocloud.domain.meter import SILENCE_MARGIN_S
from electrocloud.domain.registry.records import Installation, Registry, ServicePoint
from tests.kits.billing_kit import load
from tests.kits.sql_kit import NOW, Lake, hours, meter, reading, readings_of, rejected

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def test_silent_meters_are_those_whose_last_reading_is_too_long_ago():
    ends = {"reporting": 2, "within the margin": 25, "silent": 30, "gone for a month": 24 * 30}
    rows = [reading(name, NOW - timedelta(hours=hours, minutes=15), 1) for name, hours in ends.items()]
    lake = Lake(rows, [meter(name) for name in (*ends, "never reported")])

    silent = lake.ask("silent_meters")

    assert [(row["meter_id"], row["silent_hours"]) for row in silent] == [
        ("gone for a month", None),
        ("never reported", None),
        ("silent", 30.0),
    ]


def test_silence_follows_the_service_points_rhythm_and_ends_with_the_installation():
    point = {"address": "", "latitude": 0.0, "longitude": 0.0, "feeder": "F", "customer_class": "home"}
    point |= {"time_zone": "UTC"}
    points = [
        ServicePoint(**point, service_point_id="hourly", upload_every_s=3600),
        ServicePoint(**point, service_point_id="daily"),
    ]
    begun, exchanged = NOW - timedelta(days=30), NOW - timedelta(days=3)
    installations = [
        Installation(meter_id="every hour", service_point_id="hourly", start=int(begun.timestamp())),
        Installation(meter_id="every day", service_point_id="daily", start=int(exchanged.timestamp())),
        Installation(
            meter_id="removed", service_point_id="daily", start=int(begun.timestamp()), end=int(exchanged.timestamp())
        ),
    ]
    known = Registry({}, {one.key: one for one in points}, {one.key: one for one in installations}, {}, {})
    rows = [reading(one.meter_id, NOW - timedelta(hours=4, minutes=15), 1) for one in installations]

    assert [row["meter_id"] for row in Lake(rows, registry=known).ask("silent_meters")] == ["every hour"]
    assert Lake(rows, registry=known).ask("silent_meters", margin="3") == []


def test_the_margin_is_the_one_of_the_live_page():
    (margin,) = (one.default for one in find("silent_meters").parameters if one.name == "margin")
    assert int(margin) * 3600 == SILENCE_MARGIN_S


def test_completeness_counts_the_day_of_every_registered_meter():
    rows = [*hours("a", "2026-11-01T00:00", [1] * 24), *readings_of("b", load("2026-11-01T00:00", [1] * 48, 900))]
    lake = Lake([*rows, rows[0]], [meter(name) for name in "abcd"])

    (day,) = lake.ask("completeness_by_day", first_day="2026-11-01", last_day="2026-11-01")

    assert day == {
        "day": date(2026, 11, 1),
        "registered_meters": 4,
        "reporting_meters": 2,
        "complete_meters": 1,
        "readings": 72,
        "complete": pytest.approx(1.5 / 4),
    }


def test_voltage_out_of_band_names_the_meters_and_how_often():
    volts = {"good": [230.0] * 20, "low": [230.0] * 19 + [206.9], "high": [253.1] * 2 + [253.0] * 2}
    rows = [
        reading(name, NOVEMBER + timedelta(minutes=15 * number), 1, voltage_v=volt)
        for name, measured in volts.items()
        for number, volt in enumerate(measured)
    ]

    found = Lake(rows, [meter("low")]).ask("voltage_out_of_band", first_day="2026-11-01", last_day="2026-11-01")

    assert [(row["meter_id"], row["feeder"], row["below"], row["above"], row["meets_95_percent"]) for row in found] == [
        ("high", None, 0, 2, False),
        ("low", "F1", 1, 0, True),
    ]


@pytest.mark.parametrize("zone", ["America/New_York", "US/Pacific", "Canada/Eastern", "Europe/Berlin", "UTC", None])
@pytest.mark.parametrize("usual_v", [119.0, 163.0, 165.0, 207.0, 223.0, 225.0, 241.0, 314.0, 316.0, 398.0])
def test_the_voltage_band_is_the_one_that_the_meter_page_draws(zone: str | None, usual_v: float):
    limits = limits_of(zone or "", usual_v)
    low, high = limits.range_v
    volts = [usual_v] * 5 + [low - 0.1, low + 0.1, high - 0.1, high + 0.1]
    rows = [reading("m", NOVEMBER + timedelta(minutes=15 * n), 1, voltage_v=volt) for n, volt in enumerate(volts)]

    (found,) = Lake(rows, [meter("m", timezone=zone)] if zone else []).ask(
        "voltage_out_of_band", first_day="2026-11-01", last_day="2026-11-01"
    )

    assert (found["standard"], found["nominal_v"]) == (limits.standard, limits.nominal_v)
    inside = [low <= volt <= high for volt in volts]
    assert found["readings"] - found["below"] - found["above"] == sum(inside)


def test_delay_is_from_the_end_of_the_interval_and_copies_are_counted():
    rows = [
        reading("m", NOVEMBER + timedelta(minutes=15 * n), 1, ingested_at=datetime(2026, 11, 1, 3)) for n in range(4)
    ]

    (day,) = Lake([*rows, rows[0], rows[1] | {"revision": 1}]).ask(
        "delay_by_day", first_day="2026-11-01", last_day="2026-11-01"
    )

    assert (day["readings"], day["superseded"], day["max_min"]) == (6, 2, 165)


def test_rejected_uploads_are_counted_by_day_and_reason():
    twice = rejected("misaligned", "first", "k1", "2026-11-01 08:00:00", "1", 0)
    lake = Lake(
        quarantine=[
            twice,
            twice,
            rejected("misaligned", "last", "k1", "2026-11-01 09:00:00", "1", 1),
            rejected("not-json", "other", "k2", "2026-11-02 08:00:00", "2", None),
            rejected("not-json", "other", "k2", "2026-11-02 08:00:00", "2", None, "fQ=="),
        ]
    )

    found = lake.ask("quarantined_by_reason", first_day="2026-11-01", last_day="2026-11-02")

    assert [(row["day"], row["reason"], row["uploads"], row["senders"], row["last_message"]) for row in found] == [
        (date(2026, 11, 2), "not-json", 2, 1, "other"),
        (date(2026, 11, 1), "misaligned", 2, 1, "last"),
    ]
