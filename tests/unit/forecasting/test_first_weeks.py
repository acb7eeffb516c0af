"""The forecast of a load in its first weeks."""

import numpy as np
import pytest

from electrocloud.domain.hourly_load import HourlyLoad, LoadHour
from forecasting.ahead import ahead_of
from forecasting.backtest import Trial, choose
from forecasting.first_weeks import first_weeks
from forecasting.load import Load, load_of
from forecasting.series import in_group, is_new

HOUR = 3600
MONDAY = 4 * 24  # hours from 1970-01-01, a Thursday


def _load(values: np.ndarray, first: int = 0) -> Load:
    return load_of((first + np.arange(len(values))) * HOUR, values.astype(float), "Europe/Berlin")


def _fleet(days: int) -> np.ndarray:
    hours = np.arange(days * 24)
    weekend = (hours // 24 + 3) % 7 > 4
    values: np.ndarray = 1000 + 300 * np.sin(hours * 2 * np.pi / 24) - 400 * weekend
    return values


def test_the_first_days_of_a_load_are_forecast_by_the_median_of_like_hours_and_their_neighbors() -> None:
    days = np.array([np.arange(24), np.arange(24) + 10, np.arange(24) + 500])
    (row,) = first_weeks(_load(days.ravel()), [72], 30)
    assert row[5] == np.median([4, 5, 6, 14, 15, 16, 504, 505, 506])
    np.testing.assert_array_equal(row[24:], row[:6])


def test_a_spike_of_yesterday_is_not_repeated() -> None:
    values = np.full(5 * 24, 10.0)
    values[-6] = 5000
    assert ahead_of(_load(values), 24).values.max() == 10
    assert ahead_of(_load(values[-24:]), 24).model == "first-weeks"


def test_a_feeder_that_began_on_a_monday_has_its_first_weekend_from_the_fleet() -> None:
    fleet = _fleet(60)
    first = MONDAY + 5 * 168
    own = _load(fleet[first : first + 5 * 24] / 20, first)
    alone, grouped = (
        first_weeks(load, [120], 24)[0] for load in (own, own._replace(group=_load(fleet[: first + 120])))
    )
    saturday = fleet[first + 120 : first + 144] / 20
    assert np.abs(grouped - saturday).mean() < 0.7 * np.abs(alone - saturday).mean()


def test_the_group_is_not_seen_past_the_origin() -> None:
    fleet = _fleet(60)
    first = MONDAY + 4 * 168
    own = _load(fleet[first : first + 10 * 24] / 20, first)
    later = fleet.copy()
    later[first + 5 * 24 :] = 1e6
    before, after = (first_weeks(own._replace(group=_load(one)), [120], 24) for one in (fleet, later))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(("late", "used"), [(0, True), (30, True), (48, True), (49, False)])
def test_a_group_whose_readings_end_up_to_two_days_earlier_is_continued(late: int, used: bool) -> None:
    fleet = _fleet(60)
    first = MONDAY + 5 * 168
    own = _load(fleet[first : first + 120] / 20, first)
    until = first + 120
    alone, whole, grouped = (
        first_weeks(own._replace(group=group), [120], 48)[0]
        for group in (None, _load(fleet[:until]), _load(fleet[: until - late]))
    )
    np.testing.assert_allclose(grouped, whole if used else alone)


@pytest.mark.parametrize("group", [_fleet(5), np.zeros(60 * 24)], ids=["too short", "without energy"])
def test_a_group_that_says_nothing_is_left_out(group: np.ndarray) -> None:
    own = _load(_fleet(4), 200)
    np.testing.assert_array_equal(first_weeks(own._replace(group=_load(group)), [96], 24), first_weeks(own, [96], 24))


@pytest.mark.parametrize(("origins", "off", "chosen"), [(4, 1.5, "model"), (4, 0.9, "naive"), (5, 1.5, "naive")])
def test_from_few_origins_a_naive_forecast_is_chosen_only_if_it_is_much_better(
    origins: int, off: float, chosen: str
) -> None:
    truth = np.full((origins, 24), 10.0)
    trials = [Trial("naive", truth + off, 0.0, naive=True), Trial("model", truth + 2, 0.0)]
    assert choose(trials, truth).name == chosen


def test_a_series_in_its_first_four_weeks_is_new_and_has_the_fleets_load_on_its_clock() -> None:
    def hourly(hours: int) -> HourlyLoad:
        return HourlyLoad(LoadHour(hour * HOUR, 100, 5) for hour in range(hours))

    assert [is_new(hourly(hours)) for hours in (24, 672, 673)] == [True, True, False]
    load = _load(np.ones(48))
    assert in_group(load, None) == load
    assert in_group(load, HourlyLoad([])).group is None
    group = in_group(load, hourly(72)).group
    assert group is not None
    assert group.first == 1  # 01:00 in Berlin
