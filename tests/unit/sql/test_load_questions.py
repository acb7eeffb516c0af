"""Questions about consumption and peaks, on readings whose answer is plain."""

from datetime import date, datetime
from decimal import Decimal
from statistics import mean

import pytest

from tests.kits.sql_kit import Lake, hours, meter

BERLIN = "Europe/Berlin"


def test_monthly_consumption_is_that_of_the_meters_own_month():
    wh = [1000] * (24 * 30 + 2)  # an hour before November in Berlin, all of it, and an hour after
    lake = Lake(hours("m", "2026-10-31T23:00", wh, BERLIN), [meter("m", timezone=BERLIN)])

    (row,) = lake.ask("monthly_consumption", month="2026-11")

    assert row == {
        "meter_id": "m",
        "class": "home",
        "tariff_id": "t",
        "timezone": BERLIN,
        "kwh": 720,
        "peak_kw": 1,
        "readings": 720,
        "complete": 1.0,
    }


def test_a_month_in_which_the_clock_goes_back_is_complete_with_an_hour_more():
    lake = Lake(hours("m", "2026-10-01T00:00", [10] * (24 * 31 + 1), BERLIN), [meter("m", timezone=BERLIN)])

    (row,) = lake.ask("monthly_consumption", month="2026-10")

    assert (row["readings"], row["complete"]) == (745, 1.0)


def test_the_hour_that_the_clock_shows_twice_is_two_hours_and_no_peak():
    wh = [600] * 72
    wh[40] = 1000
    lake = Lake(hours("m", "2026-10-24T00:00", wh, BERLIN), [meter("m", timezone=BERLIN)])

    (row,) = lake.ask("peak_hour_by_meter", month="2026-10")

    assert (row["peak_hour"], row["peak_kwh"]) == (datetime(2026, 10, 25, 15), 1)
    assert row["usual_hour_of_day"] == 15


def test_of_equal_hours_the_first_is_the_peak():
    lake = Lake(hours("m", "2026-11-01T00:00", [1, 5, 2, 5, 5]), [meter("m")])

    assert lake.ask("peak_hour_by_meter", month="2026-11")[0]["peak_hour"] == datetime(2026, 11, 1, 1)
    (day,) = lake.ask("peak_hour_of_fleet", first_day="2026-11-01", last_day="2026-11-01")
    assert day["peak_hour"] == datetime(2026, 11, 1, 1)


def test_the_fleets_days_are_those_of_the_zone_that_was_asked_for():
    lake = Lake([*hours("a", "2026-11-01T00:00", [1000] * 48), *hours("b", "2026-11-01T20:00", [3000] * 4)])

    days = lake.ask("peak_hour_of_fleet", first_day="2026-11-01", last_day="2026-11-02", zone="Asia/Tokyo")

    assert [(day["day"], day["peak_hour"], day["peak_kw"], day["meters"]) for day in days] == [
        (date(2026, 11, 1), datetime(2026, 11, 1, 9), 1, 1),
        (date(2026, 11, 2), datetime(2026, 11, 2, 5), 4, 2),
    ]
    assert days[1]["load_factor"] == pytest.approx(36 / 24 / 4)


def test_the_trend_lists_each_hour_with_its_past_and_keeps_hours_without_load():
    wh = [(number * 37) % 101 + 1 for number in range(24 * 40)]
    rows = hours("m", "2026-10-01T00:00", wh)
    del rows[24 * 35]
    trend = Lake(rows).ask("load_trend", first_day="2026-11-05", last_day="2026-11-09")

    assert len(trend) == 24 * 5
    assert (trend[0]["hour"], trend[0]["kwh"], trend[0]["meters"]) == (datetime(2026, 11, 5), None, None)
    for number, row in enumerate(trend[1:], 24 * 35 + 1):
        assert row["kwh"] == Decimal(wh[number]) / 1000
        assert row["week_before_kwh"] == Decimal(wh[number - 168]) / 1000
        before = [wh[number - 24 * days] for days in range(1, 29) if number - 24 * days != 24 * 35]
        assert row["four_weeks_mean_kwh"] == pytest.approx(mean(before) / 1000)
    assert trend[24]["day_before_kwh"] is None


def test_a_feeders_share_of_the_common_peak_and_its_own_peak_are_told_apart():
    rows = [*hours("a", "2026-11-01T00:00", [1000, 4000, 1000]), *hours("b", "2026-11-01T00:00", [6000, 2000, 1000])]
    lake = Lake(rows, [meter("a", feeder="north"), meter("b", feeder="south")])

    south, north = lake.ask("coincident_peak", first_day="2026-11-01", last_day="2026-11-01")

    assert (south["feeder"], south["coincidence_factor"], south["share"]) == ("south", 1.0, pytest.approx(6 / 7))
    assert (north["own_peak_hour"], north["own_peak_kw"]) == (datetime(2026, 11, 1, 1), 4)
    assert (north["fleet_peak_hour"], north["at_fleet_peak_kw"]) == (datetime(2026, 11, 1), 1)
    assert north["coincidence_factor"] == 0.25


def test_the_load_duration_curve_falls_from_the_peak_to_the_least():
    wh = list(range(200, 0, -1))
    curve = Lake(hours("m", "2026-11-01T00:00", wh[::-1])).ask(
        "load_duration", first_day="2026-11-01", last_day="2026-11-30"
    )

    assert [row["percent"] for row in curve] == list(range(1, 101))
    assert [row["kw"] for row in curve] == [Decimal(199 - 2 * step) / 1000 for step in range(100)]
