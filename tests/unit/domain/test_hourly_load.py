"""Whether an hour of a group's load is complete."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.hourly_load import QUORUM, WEEK_S, HourlyLoad, LoadHour, load_of_meter
from electrocloud.domain.readings.meter_day import MeterDay
from tests.kits.examples import upload

HOUR = 3_600


def load(meters: list[int]) -> HourlyLoad:
    return HourlyLoad(LoadHour(hour * HOUR, 500 * count, count) for hour, count in enumerate(meters))


def test_an_hour_is_complete_with_nine_tenths_of_the_meters_and_not_with_fewer() -> None:
    hours = load([100] * 24 + [90, 89])
    assert hours.complete(24 * HOUR)
    assert not hours.complete(25 * HOUR)
    assert hours.complete_wh[24 * HOUR] == 45_000


def test_a_fleet_that_doubles_keeps_all_of_its_hours() -> None:
    assert len(load([50] * 20 * 24 + [100] * 10 * 24).complete_wh) == 720


def test_a_fleet_that_shrank_is_complete_again_a_week_later() -> None:
    hours = load([100] * 24 + [50] * 8 * 24)
    assert not hours.complete(48 * HOUR)
    assert not hours.complete(23 * HOUR + WEEK_S)
    assert hours.complete(24 * HOUR + WEEK_S)


def test_an_hour_without_readings_is_not_complete() -> None:
    assert not load([1]).complete(HOUR)
    assert HourlyLoad([]).end == 0


@given(st.lists(st.integers(1, 9), min_size=1, max_size=400), st.randoms(use_true_random=False))
def test_the_rule_is_the_most_meters_of_the_week_whatever_the_order_of_the_hours(meters: list[int], chance) -> None:
    hours = list(load(meters).hours)
    chance.shuffle(hours)
    found = HourlyLoad(hours)
    for hour, count in enumerate(meters):
        assert found.complete(hour * HOUR) == (count >= QUORUM * max(meters[max(0, hour - 168) : hour + 1]))


def test_what_was_known_earlier_is_the_hours_that_had_ended() -> None:
    hours = load([1, 1, 1])
    assert len(hours.until(2 * HOUR).hours) == 2
    assert len(hours.until(2 * HOUR - 1).hours) == 1
    assert hours.end == 3 * HOUR


def test_a_meter_s_hour_is_complete_with_all_of_its_readings() -> None:
    day = MeterDay(date(2026, 11, 24))
    day.merge(upload(day=day.day, wh=[10] * 6))
    (start,) = load_of_meter([day]).complete_wh
    assert load_of_meter([day]).complete_wh[start] == 40
