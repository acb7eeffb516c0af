"""What stands in for a reading that never came, and which readings those are."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.billing.determinants import ExpectedInterval, missing_intervals
from electrocloud.domain.billing.estimation import WEEKS, estimate, estimate_from_profile, mean_profile
from electrocloud.domain.readings.meter_day import Interval
from tests.kits.billing_kit import instant, load

HOUR = 3_600
DAY = 24 * HOUR
HOURS_OF_WEEK = [(weekend, hour) for weekend in (False, True) for hour in range(24)]


def guesses(gap: str, history: list[Interval], seconds: int = HOUR, zone: str = "UTC") -> list[int]:
    return [guess.wh for guess in estimate([ExpectedInterval(instant(gap, zone), seconds)], history, zone)]


def at(*times: tuple[str, int], zone: str = "UTC") -> list[Interval]:
    return [Interval(instant(time, zone), HOUR, wh) for time, wh in times]


def test_a_workday_is_estimated_from_the_workdays_before_at_the_same_hour():
    history = at(
        ("2026-07-06T10:00", 100),  # Monday
        ("2026-07-07T10:00", 300),
        ("2026-07-07T11:00", 9_000),
        ("2026-07-04T10:00", 9_000),  # Saturday
        ("2026-07-09T10:00", 9_000),  # after the gap
    )
    assert guesses("2026-07-08T10:00", history) == [200]


def test_a_weekend_is_estimated_from_the_weekends_before():
    history = at(("2026-07-04T10:00", 500), ("2026-07-05T10:00", 600), ("2026-07-10T10:00", 9_000))

    assert guesses("2026-07-11T10:00", history) == [550]


def test_readings_of_the_same_day_and_of_more_than_four_weeks_ago_do_not_count():
    assert WEEKS == 4
    history = at(("2026-06-09T10:00", 9_000), ("2026-06-10T10:00", 100), ("2026-07-08T10:00", 9_000))

    assert guesses("2026-07-08T10:00", history) == [100]


def test_hours_without_history_stay_missing():
    assert guesses("2026-07-08T10:00", at(("2026-07-07T11:00", 100))) == []
    assert guesses("2026-07-08T10:00", []) == []


def test_hours_and_day_types_are_local():
    zone = "Asia/Kathmandu"
    history = at(("2026-07-06T00:15", 100), ("2026-07-05T00:15", 9_000), zone=zone)  # Monday, Sunday

    assert guesses("2026-07-07T00:15", history, zone=zone) == [100]


def test_another_interval_length_is_estimated_by_its_power():
    history = at(("2026-07-06T10:00", 1_000), ("2026-07-07T10:00", 1_002))

    assert guesses("2026-07-08T10:45", history, seconds=900) == [250]  # 250.25
    assert guesses("2026-07-08T10:00", at(("2026-07-07T10:00", 1_002)), seconds=1_800) == [501]


def test_halves_are_rounded_to_even():
    history = at(("2026-07-06T10:00", 1), ("2026-07-07T10:00", 2))
    assert guesses("2026-07-08T10:00", history) == [2]
    assert guesses("2026-07-08T10:00", at(("2026-07-06T10:00", 0), ("2026-07-07T10:00", 1))) == [0]


@given(st.integers(0, 3_000), st.sampled_from([60, 300, 600, 900, 3600]), st.integers(1, 200))
def test_estimates_of_a_day_sum_to_the_power_that_they_stand_for(watts: int, seconds: int, count: int):
    low = instant("2026-07-08T00:00")
    slots = [ExpectedInterval(low + number * seconds, seconds) for number in range(min(count, DAY // seconds))]
    profile = dict.fromkeys(HOURS_OF_WEEK, Fraction(watts))
    history = [Interval(low - DAY + hour * HOUR, HOUR, watts) for hour in range(24)]
    for found in (estimate(slots, history, "UTC"), estimate_from_profile(slots, profile, "UTC")):
        for end in range(1, len(found) + 1):
            assert abs(sum(one.wh for one in found[:end]) - Fraction(watts * seconds * end, 3600)) <= Fraction(1, 2)
        assert min(one.wh for one in found) >= 0


def test_minutes_of_a_small_load_are_estimated_without_bias():
    low = instant("2026-07-08T00:00")
    slots = [ExpectedInterval(low + number * 60, 60) for number in range(1440)]
    found = estimate(slots, [Interval(low - DAY + hour * HOUR, HOUR, 40) for hour in range(24)], "UTC")
    assert sum(one.wh for one in found) == 960


@given(st.sets(st.integers(0, 95), min_size=1), st.sampled_from([900, 1800]))
def test_readings_and_missing_slots_fill_the_day(places: set[int], seconds: int):
    count = DAY // seconds
    low = instant("2026-07-08T00:00")
    readings = [Interval(low + place * seconds, seconds, 1) for place in sorted({place % count for place in places})]

    slots = missing_intervals(readings, low, low + DAY)

    assert slots == sorted(slots)
    starts = {slot.start for slot in slots} | {reading.start for reading in readings}
    assert starts == set(range(low, low + DAY, seconds))
    assert len(slots) + len(readings) == count
    assert {slot.seconds for slot in slots} <= {seconds}


def test_readings_off_the_hour_leave_no_gap_at_the_days_ends():
    readings = load("2026-07-08T00:20", [1] * 24)

    assert missing_intervals(readings, instant("2026-07-08T00:00"), instant("2026-07-09T00:00")) == []


@pytest.mark.parametrize("seconds", [900, 3600])
def test_a_gap_is_cut_in_steps_of_the_reading_before_it(seconds: int):
    low = instant("2026-07-08T00:00")
    readings = [Interval(low, seconds, 1), Interval(low + 2 * HOUR, 1_800, 1)]

    slots = missing_intervals(readings, low, low + 4 * HOUR)

    assert sum(slot.seconds for slot in slots if slot.start < low + 2 * HOUR) == 2 * HOUR - seconds
    assert [slot for slot in slots if slot.start > low + 2 * HOUR] == [
        ExpectedInterval(low + 2 * HOUR + 1_800 * step, 1_800) for step in (1, 2, 3)
    ]


def test_a_class_is_the_mean_of_its_meters_by_local_hour_and_day_type():
    profile = mean_profile(
        [
            ("UTC", at(("2026-07-08T10:00", 100), ("2026-07-11T10:00", 500))),  # a Wednesday, a Saturday
            ("Asia/Kolkata", at(("2026-07-08T10:30", 300), zone="Asia/Kolkata")),
        ]
    )
    assert profile == {(False, 10): 200, (True, 10): 500}


def test_readings_longer_than_an_hour_say_nothing_of_an_hour():
    assert mean_profile([("UTC", [Interval(instant("2026-07-08T10:00"), 2 * HOUR, 900)])]) == {}


@given(
    powers=st.dictionaries(
        st.tuples(st.booleans(), st.integers(0, 23)), st.integers(0, 5_000), min_size=48, max_size=48
    ),
    seconds=st.sampled_from([900, 1_800, HOUR, 2 * HOUR, DAY]),
    start=st.integers(0, 14 * 96).map(lambda quarter: instant("2026-10-20T00:00") + 900 * quarter),
    zone=st.sampled_from(["UTC", "America/Phoenix", "Europe/Berlin"]),
)
def test_an_interval_of_any_length_has_the_energy_of_its_quarters(powers, seconds, start, zone):
    profile = {hour: Fraction(4 * power) for hour, power in powers.items()}  # whole Wh in a quarter of an hour
    start -= start % min(seconds, HOUR)
    (whole,) = estimate_from_profile([ExpectedInterval(start, seconds)], profile, zone)
    quarters = [ExpectedInterval(at, 900) for at in range(start, start + seconds, 900)]
    parts = estimate_from_profile(quarters, profile, zone)
    assert whole.wh == sum(part.wh for part in parts)


def test_a_long_interval_with_an_hour_that_the_class_has_no_mean_for_stays_missing():
    profile = {(False, hour): Fraction(100) for hour in range(23)}
    assert estimate_from_profile([ExpectedInterval(instant("2026-07-08T00:00"), DAY)], profile, "UTC") == []
