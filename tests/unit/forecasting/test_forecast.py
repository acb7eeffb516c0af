"""Forecasting: what a load is, what the models may look at, how they are judged, and what an interval holds."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import coverage_of, errors_of
from forecasting.ahead import ahead_of, forecast_of
from forecasting.backtest import actual, choose, origins_of, run_candidates, scale_of, with_blends
from forecasting.candidates import CANDIDATES, LAG_DAY, LAG_WEEK, Candidate
from forecasting.intervals import bounds, quality, quantile_of
from forecasting.learned import decode, encode, learn
from forecasting.load import HOUR_S, Days, Load, calendar_of, hours_after, load_of, shown, wall_clock
from forecasting.mstl import _loess, mstl
from forecasting.profile import profile

BERLIN = "Europe/Berlin"
HOUR = 3600
WITHOUT_WEATHER = [candidate for candidate in CANDIDATES if not candidate.weather]


def _load(values: list[float | None] | np.ndarray, zone: str = "") -> Load:
    return load_of([hour * HOUR for hour in range(len(values))], list(values), zone)


def _weekly(weeks: int, noise: float = 0.0) -> Load:
    """A load with a day and a week to it."""
    hours = np.arange(weeks * 168)
    level = 100 + 40 * np.sin(hours * 2 * np.pi / 24) + 30 * ((hours // 24 + 3) % 7 < 5)
    return _load(level + noise * np.random.default_rng(1).normal(size=len(hours)), BERLIN)


def test_a_load_does_not_depend_on_the_order_of_its_rows() -> None:
    clock, values = [7200, 0, 3600], [3.0, 1.0, None]
    load = load_of(clock, values)
    assert load.first == 0
    np.testing.assert_array_equal(load.values, [1, np.nan, 3])
    np.testing.assert_array_equal(load.filled, [1, 1, 3])


def test_a_gap_is_filled_from_the_week_before_it_and_never_from_after_it() -> None:
    values: list[float | None] = [float(hour) for hour in range(400)]
    values[200:230] = [None] * 30
    load = _load(values)
    np.testing.assert_array_equal(load.filled[200:230], np.arange(200, 230) - 168)


def test_values_a_quarter_of_an_hour_apart_are_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError, match="15 min apart; add them up to whole hours"):
        load_of([0, 900, 1800], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("values", [[], [None], [float("nan")]])
def test_a_series_without_a_value_is_refused(values: list[float | None]) -> None:
    with pytest.raises(UsageError, match="no values"):
        _load(values)


def test_the_clock_skips_an_hour_in_spring_and_shows_one_twice_in_autumn() -> None:
    for day, hours in (
        (datetime(2025, 3, 30, tzinfo=ZoneInfo(BERLIN)), 23),
        (datetime(2025, 10, 26, tzinfo=ZoneInfo(BERLIN)), 25),
    ):
        start = int(day.timestamp())
        load = load_of(wall_clock(start + np.arange(hours) * HOUR, BERLIN).tolist(), [10.0] * hours, BERLIN)
        assert len(load.values) == 24
        assert np.isnan(load.values).sum() == (hours == 23)
        np.testing.assert_array_equal(load.filled, 10.0)


def test_the_calendar_knows_the_public_holidays_of_the_zone() -> None:
    unity = shown(datetime(2025, 10, 3)) // HOUR
    columns = calendar_of(unity - 24, 72, BERLIN)
    assert columns[::24, 3].tolist() == [0, 1, 0]  # is one
    assert columns[::24, 4].tolist() == [1, 0, 0]  # comes before one
    assert columns[::24, 5].tolist() == [0, 0, 1]  # comes after one
    assert columns[24, 1] == 4  # a Friday
    assert not calendar_of(unity, 24, "")[:, 3].any()


@pytest.mark.parametrize("candidate", WITHOUT_WEATHER, ids=lambda candidate: candidate.name)
@pytest.mark.parametrize("horizon", [24, 40])
def test_no_model_sees_past_its_origin(candidate: Candidate, horizon: int) -> None:
    load = _weekly(9, noise=5)
    origins = [len(load.values) - 24 * back for back in (4, 3)]
    before = candidate.forecaster(load, origins, horizon)
    blind = load.values.copy()
    blind[origins[0] :] = 1e6
    after = candidate.forecaster(Load(load.first, blind, blind, load.zone), origins, horizon)
    assert before.shape == (2, horizon)
    np.testing.assert_array_equal(before[0], after[0])


def test_a_profile_is_the_median_of_like_days() -> None:
    load = _weekly(5)
    (row,) = profile(load, [4 * 168], 168)
    np.testing.assert_allclose(row, load.values[4 * 168 :])


def test_a_blend_is_made_of_the_best_and_chosen_where_it_is_better() -> None:
    truth = np.array([[10.0, 20.0]])

    def fixed(name: str, *values: float, naive: bool = False) -> Candidate:
        return Candidate(name, lambda load, origins, horizon: np.array([values] * len(origins)), 0, naive)

    trials = run_candidates(_weekly(1), [100], 2, (fixed("low", 9, 19), fixed("high", 11, 21), fixed("far", 50, 90)))
    best = choose(with_blends(trials, truth), truth)
    assert best.name == "high + low"
    np.testing.assert_array_equal(best.forecasts, truth)


def test_models_are_listed_best_first_by_the_same_days() -> None:
    made = ahead_of(_weekly(8, noise=8), 24)
    errors = [score.wape or 0 for score in made.scores]
    assert made.scores[0].model == made.model
    assert {score.origins for score in made.scores} == {27}
    assert errors == sorted(errors)


def test_seasons_and_a_trend_go_on_as_they_are() -> None:
    hours = np.arange(10 * 168)
    level = 100 + 40 * np.sin(hours * 2 * np.pi / 24) + 30 * np.cos(hours * 2 * np.pi / 168) + hours / 50
    (row,) = mstl(_load(level), [9 * 168], 168)
    np.testing.assert_allclose(row, level[9 * 168 :], rtol=0.02)


@pytest.mark.parametrize(("count", "window", "degree"), [(56, 11, 0), (9, 15, 0), (200, 41, 1), (30, 61, 1)])
def test_loess_keeps_what_its_degree_fits(count: int, window: int, degree: int) -> None:
    matrix = _loess(count, window, degree, 1, 1)
    line = 3.0 + degree * 2.0 * np.arange(count)
    np.testing.assert_allclose(matrix @ line, 3.0 + degree * 2.0 * np.arange(-1, count + 1))


def test_mstl_of_many_origins_is_that_of_each_alone() -> None:
    load = _weekly(9, noise=5)
    origins = [5 * 168 + 5, 5 * 168 + 29, 9 * 168 - 24, 9 * 168]
    together = mstl(load, origins, 30)
    for origin, row in zip(origins, together, strict=True):
        np.testing.assert_allclose(row, mstl(load, [origin], 30)[0])


def test_a_load_that_no_model_beats_repeats_its_week_and_says_so() -> None:
    load = _load(np.tile(np.random.default_rng(3).random(168), 6))
    made = ahead_of(load, 24)
    assert made.model == "lag-168h"
    assert "no model beat" in made.note
    np.testing.assert_allclose(made.values, load.values[-168:-144])


def test_the_hours_forecast_are_those_that_pass_when_the_clocks_change() -> None:
    end = datetime(2025, 10, 25, 23, tzinfo=ZoneInfo(BERLIN))
    starts = int(end.timestamp()) + np.arange(-239, 1) * HOUR
    load = load_of(wall_clock(starts, BERLIN).tolist(), np.arange(240) % 24, BERLIN)
    times = [(end.astimezone(UTC) + timedelta(hours=h)).astimezone(ZoneInfo(BERLIN)) for h in range(1, 25)]
    made = forecast_of("x", load, times, end)
    assert [row.timestamp.hour for row in made.rows][:5] == [0, 1, 2, 2, 3]
    assert made.rows[2].value == made.rows[3].value
    assert made.rows[-1].timestamp.hour == 22


def test_a_forecast_of_days_ends_at_midnight_and_has_each_days_peak_and_error() -> None:
    load = _weekly(8, noise=5)  # until midnight; the clocks change on its last Sunday but ten
    load = load.until(len(load.values) - 9)
    end = int(datetime.fromtimestamp((load.end - 1) * HOUR, UTC).replace(tzinfo=ZoneInfo(BERLIN)).timestamp()) + HOUR
    times = hours_after(end, Days(7), BERLIN)
    made = forecast_of("x", load, times, times[0])
    assert made.readings_until == times[0]
    assert [day.hours for day in made.days] == [9, *[24] * 7]
    assert [day.day for day in made.days] == sorted({row.timestamp.date() for row in made.rows})
    assert made.rows[-1].timestamp.hour == 23
    for day in made.days:
        hours = [row for row in made.rows if row.timestamp.date() == day.day]
        assert day.peak == max(hours, key=lambda row: row.value)
        assert day.energy == pytest.approx(sum(row.value for row in hours))
        assert day.wape is not None
        assert 0.01 < day.wape < 0.1
        assert day.energy_interval is not None
        assert day.energy_interval.low < day.energy < day.energy_interval.high
        assert day.peak_interval is not None
        assert day.peak_interval.low < day.peak.value < day.peak_interval.high
    assert [day.lead for day in made.days] == list(range(8))


def test_a_forecast_from_midnight_begins_with_the_day_after_that_of_the_last_reading() -> None:
    load = _weekly(8, noise=5)
    end = int(datetime.fromtimestamp((load.end - 1) * HOUR, UTC).replace(tzinfo=ZoneInfo(BERLIN)).timestamp()) + HOUR
    made = forecast_of("x", load, hours_after(end, Days(7), BERLIN), datetime.now(UTC))
    assert [day.lead for day in made.days] == list(range(1, 8))


def test_the_interval_of_a_days_energy_is_narrower_than_the_sum_of_its_hours_intervals() -> None:
    load = _weekly(8, noise=5)
    end = int(datetime.fromtimestamp((load.end - 1) * HOUR, UTC).replace(tzinfo=ZoneInfo(BERLIN)).timestamp()) + HOUR
    made = forecast_of("x", load, hours_after(end, Days(1), BERLIN), datetime.now(UTC))
    interval = made.days[0].energy_interval
    assert interval is not None
    assert interval.high - interval.low < sum(row.high - row.low for row in made.rows) / 2


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_a_quantile_of_past_errors_is_one_of_those_to_come(level: float) -> None:
    errors = np.random.default_rng(6).gamma(2, size=(400, 29))
    below = [row[28] <= quantile_of(row[:28], level) for row in errors]
    assert np.mean(below) == pytest.approx(level, abs=0.04)
    assert quantile_of(np.array([np.nan, 3.0]), level) == 3
    assert quantile_of(np.array([np.nan]), level) == 0


def test_what_was_learned_serves_a_later_hour_by_the_errors_of_the_same_hour_of_the_day() -> None:
    load = _weekly(9, noise=5)
    found = learn(load.until(len(load.values) - 30), 193)
    assert found is not None
    later = found.at(load.end, 193)
    np.testing.assert_array_equal(later.truth[:, :187], found.truth[:, 6:])
    np.testing.assert_array_equal(later.truth[:, 187:], found.truth[:, 169:175])
    stored = decode(encode(found))
    assert stored is not None
    assert stored._replace(truth=found.truth, forecasts=found.forecasts) == found
    np.testing.assert_allclose(stored.truth, found.truth, rtol=1e-6)
    assert decode(b"\x93\x01\x02\x03") is None


def test_a_forecast_from_what_was_learned_is_that_of_the_same_models() -> None:
    load = _weekly(9, noise=5)
    found = learn(load, 48)
    again, whole = ahead_of(load, 48, found), ahead_of(load, 48)
    np.testing.assert_array_equal(again.values, whole.values)
    np.testing.assert_array_equal(again.high, whole.high)


@pytest.mark.parametrize(("end", "hours"), [((2025, 3, 29), 24 + 23), ((2025, 10, 25, 18), 6 + 25 + 24)])
def test_days_have_the_hours_of_their_clock(end: tuple[int, ...], hours: int) -> None:
    instant = int(datetime(*end, tzinfo=ZoneInfo(BERLIN)).timestamp())  # type: ignore[misc,arg-type]
    assert len(hours_after(instant, Days(2), BERLIN)) == hours


def test_the_days_after_tomorrow_have_the_model_that_is_best_for_them() -> None:
    steady = _weekly(8)
    rng = np.random.default_rng(2)
    wander = np.repeat(np.cumsum(rng.normal(size=56)) * 40, 24) + 500
    made = ahead_of(_load(steady.values + wander, BERLIN), 168)
    assert made.model != "lag-168h"
    assert len(made.values) == 168
    assert made.learned is not None
    assert made.learned.wape(range(24)) < made.learned.wape(range(144, 168))  # type: ignore[operator]
    assert made.scores[0].model == made.model


def test_errors_are_those_of_the_definitions() -> None:
    errors = errors_of([1, 3, 0], [2, 1, 0], scale=2.0)
    assert errors.wape == 3 / 4
    assert errors.mase == 0.5
    assert coverage_of([1, 2, 3], [1, 0, 4], [1, 1, 5]) == 1 / 3


def test_errors_of_nothing_and_of_zeros_are_not_defined() -> None:
    assert errors_of([0, 0], [1, 1], None) == errors_of([], [], 1.0)
    assert errors_of([0, 0], [1, 1], None).wape is None
    assert coverage_of([], [], []) is None
    assert scale_of(_load([5.0] * 400)) is None


def test_intervals_hold_four_of_five_errors_that_are_like_those_before() -> None:
    errors = np.random.default_rng(4).gamma(2, size=(428, 24)) - 1
    low, high = bounds(errors[:28])
    held = ((errors[28:] >= low) & (errors[28:] <= high)).mean()
    assert 0.75 < held < 0.87
    found = quality(10 + errors[:28], np.full((28, 24), 10.0), first_hour=5)
    assert found is not None
    assert found.coverage == pytest.approx(0.8, abs=0.05)


def test_the_quality_of_quantiles_is_that_of_the_definitions() -> None:
    errors = np.random.default_rng(4).normal(size=(400, 3))
    found = quality(10 + errors, np.full((400, 3), 10.0), first_hour=23)
    assert found is not None
    # A normal distribution has a CRPS of its deviation / sqrt(pi), and pinball losses of its density at the quantiles.
    assert found.crps == pytest.approx(1 / np.sqrt(np.pi) / 10, rel=0.05)
    assert found.pinball == pytest.approx((2 * 0.17550 + 0.39894) / 3 / 10, rel=0.05)
    assert [hour for hour, one in enumerate(found.coverage_by_hour) if one is not None] == [0, 1, 23]
    errors[:, 1] *= 4
    found = quality(10 + errors, np.full((400, 3), 10.0), first_hour=0)
    assert found is not None
    assert found.coverage_by_hour[1] < 0.8 < found.coverage_by_hour[0]  # type: ignore[operator]
    assert quality(errors[:1], errors[:1], 0) is None
    assert quality(np.zeros((3, 2)), np.ones((3, 2)), 0) is None


def test_origins_leave_as_much_before_them_as_there_is_after() -> None:
    assert origins_of(_weekly(20), 24) == [20 * 168 - 24 * back for back in range(28, 0, -1)]
    few = origins_of(_weekly(2), 24)
    assert 24 * len(few) <= few[0]
    assert origins_of(_load([1.0] * 30), 24) == []
    assert origins_of(_weekly(20), 30) == [
        20 * 168 - 24 * back for back in range(29, 1, -1)
    ]  # whole days before the end
    assert actual(_weekly(2), few, 24).shape == (len(few), 24)
    truth = actual(_weekly(2), few, 60)
    assert np.isnan(truth[-1, 24:]).all()
    assert np.isfinite(truth[-1, :24]).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=160).filter(any),
    st.integers(1, 168),
)
def test_any_short_series_has_a_forecast_within_its_interval(values: list[float | None], horizon: int) -> None:
    made = ahead_of(_load(values), horizon)
    assert len(made.values) == len(made.low) == len(made.high) == horizon
    assert np.isfinite([made.values, made.low, made.high]).all()
    assert (made.low <= made.values).all()
    assert (made.values <= made.high).all()


def test_a_constant_series_is_forecast_unchanged() -> None:
    made = ahead_of(_load([5.0] * 24 * 40), 48)
    for row in (made.values, made.low, made.high):
        np.testing.assert_allclose(row, 5.0)


def test_a_load_that_was_never_negative_is_not_forecast_below_zero() -> None:
    values = np.where(np.random.default_rng(2).random(24 * 30) < 0.1, 50.0, 0.0)
    assert ahead_of(_load(values), 24).low.min() >= 0
    assert ahead_of(_load(values - 5), 24).low.min() < 0


def test_naive_models_repeat() -> None:
    load = _load(np.arange(400.0))
    np.testing.assert_array_equal(LAG_DAY.forecaster(load, [400], 30)[0], np.resize(np.arange(376, 400), 30))
    np.testing.assert_array_equal(LAG_WEEK.forecaster(load, [400], 2)[0], [232, 233])
    assert HOUR_S == HOUR
