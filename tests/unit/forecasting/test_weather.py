"""Forecasts with weather: what a model may know of it, how a file says it, and what it is worth."""

from pathlib import Path

import numpy as np
import pytest

from cli.files.weather import read_weather
from electrocloud.domain.errors import UsageError
from electrocloud.domain.weather import Temperature
from forecasting.backtest import actual
from forecasting.candidates import CANDIDATES, LAG_WEEK, Candidate
from forecasting.gaussian_process import gaussian_process
from forecasting.load import Load, load_of
from forecasting.weather import NO_ERROR, ForecastError, IssuedForecast, Weather, continued
from forecasting.weather_at import MissingWeatherError, weather_at
from forecasting.weather_boosting import SHARE, share_of_trees

HOUR = 3600
DAYS = 70
WITH_WEATHER = [candidate for candidate in CANDIDATES if candidate.weather]


def _temperature(seed: int, days: int = DAYS + 8) -> np.ndarray:
    """Days that are warm or cold for a while, and warmer in the afternoon."""
    noise = np.random.default_rng(seed).normal(size=days)
    daily = np.convolve(noise, 0.7 ** np.arange(12))[:days]
    hours = np.arange(days * 24)
    found: np.ndarray = 10 + 5 * np.repeat(daily, 24) + 4 * np.sin((hours % 24 - 9) * 2 * np.pi / 24)
    return found


def _load(temperature: np.ndarray) -> Load:
    """A load that is heated below 15 °C, and lower at weekends."""
    hours = np.arange(DAYS * 24)
    heat = np.maximum(15 - temperature[: len(hours)], 0)
    level = 100 + 20 * np.sin((hours % 24 - 6) * 2 * np.pi / 24) - 15 * ((hours // 24 + 3) % 7 > 4) + 6 * heat
    return load_of(hours * HOUR, level + np.random.default_rng(5).normal(size=len(hours)), "Europe/Berlin")


def _weather(load: Load, temperature: np.ndarray, error: ForecastError = NO_ERROR) -> Weather:
    return Weather(load.first, 0, len(load.values), temperature, error=error)


def _records(temperature: np.ndarray, station: str = "S") -> list[Temperature]:
    return [Temperature(station, hour * HOUR - HOUR, float(value)) for hour, value in enumerate(temperature)]


@pytest.mark.parametrize("candidate", WITH_WEATHER, ids=lambda candidate: candidate.name)
@pytest.mark.parametrize("horizon", [24, 40])
def test_no_model_with_weather_sees_past_its_origin(candidate: Candidate, horizon: int) -> None:
    temperature = _temperature(1)
    load = _load(temperature)
    origins = [len(load.values) - 24 * back for back in (4, 3)]
    kept = IssuedForecast(origins[0], np.full(96, 7.0))
    known = load._replace(weather=_weather(load, temperature)._replace(issued=(kept,)))
    later = load.values.copy()
    later[origins[0] :] = 1e6
    weather = temperature.copy()
    weather[origins[0] :] = 40
    blind = Load(load.first, later, later, load.zone, _weather(load, weather)._replace(issued=(kept,)))
    before, after = (candidate.forecaster(one, origins, horizon) for one in (known, blind))
    assert before.shape == (2, horizon)
    np.testing.assert_allclose(before[0], after[0])


def test_trees_count_for_less_the_fewer_days_were_as_warm() -> None:
    temperature = np.repeat([10.0] * 20 + [20.0] * 10 + [30.0, 10.0], 24)  # the first heat after thirty days
    weather = Weather(0, 0, len(temperature), temperature, error=NO_ERROR)
    (heat,) = share_of_trees(weather, [30 * 24], 48)
    assert heat[23] == 0  # no day was like that
    (mild,) = share_of_trees(weather, [20 * 24], 24)
    assert mild[0] == pytest.approx(SHARE * 20 / 30)
    assert share_of_trees(weather, [28 * 24], 24)[0, 23] == pytest.approx(SHARE * 0.44, abs=0.02)  # of eight such days


@pytest.mark.parametrize("candidate", WITH_WEATHER, ids=lambda candidate: candidate.name)
def test_a_load_that_follows_the_weather_is_forecast_by_it(candidate: Candidate) -> None:
    temperature = _temperature(2)
    load = _load(temperature)
    load = load._replace(weather=_weather(load, temperature))
    origins = [len(load.values) - 24 * back for back in (14, 7)]
    truth = actual(load, origins, 168)
    errors = [np.abs(one.forecaster(load, origins, 168) - truth).sum() / truth.sum() for one in (candidate, LAG_WEEK)]
    assert errors[0] < 0.3 * errors[1]


def test_a_forecast_that_was_kept_is_what_was_known_and_else_the_observed_with_an_error() -> None:
    temperature = _temperature(3)
    weather = _weather(_load(temperature), temperature, ForecastError(2.0, 4.0, 18.0))
    kept = weather._replace(issued=(IssuedForecast(476, np.arange(48.0)),))
    np.testing.assert_array_equal(kept.known_at(480, 24), [*temperature[:480], *np.arange(4.0, 28.0)])
    degraded = weather.known_at(480, 24)
    np.testing.assert_array_equal(degraded[:480], temperature[:480])
    assert 0.1 < np.abs(degraded[480:] - temperature[480:504]).mean() < 6
    np.testing.assert_array_equal(kept.known_at(800, 24), weather.known_at(800, 24))


def test_the_error_of_a_forecast_has_the_stated_spread_and_grows_with_the_days_ahead() -> None:
    drawn = np.array([ForecastError(1.5, 3.3, 18.0).draw(hour, 168) for hour in range(2000)])
    assert drawn[:, 0].std() == pytest.approx(1.5, rel=0.1)
    assert drawn[:, 167].std() == pytest.approx(3.3, rel=0.1)
    assert np.corrcoef(drawn[:, 40], drawn[:, 58])[0, 1] == pytest.approx(np.exp(-1), abs=0.06)
    np.testing.assert_array_equal(drawn[7], ForecastError(1.5, 3.3, 18.0).draw(7, 168))


def test_of_several_stations_those_that_explain_the_load_are_chosen() -> None:
    temperature = _temperature(4)
    far = [_records(_temperature(seed), f"far{seed}") for seed in (11, 12)]
    weather = weather_at(_load(temperature), [*_records(temperature, "near"), *far[0], *far[1]], 24, judged=0)
    assert weather.stations == ("near",)


def test_the_mean_of_stations_on_either_side_explains_a_load_between_them() -> None:
    between = _temperature(4)
    away = np.repeat(np.random.default_rng(8).normal(size=len(between) // 24), 24) * 3
    east, west, far = between + away, between - away, _temperature(13)
    records = [*_records(east, "east"), *_records(west, "west"), *_records(far, "far")]
    weather = weather_at(_load(between), records, 24, judged=0)
    assert weather.stations in (("east", "west"), ("west", "east"))
    assert np.abs(weather.temperature - between[: len(weather.temperature)]).mean() < 0.3 * np.abs(away).mean()


def test_an_outage_of_days_does_not_lower_the_forecasts_after_it() -> None:
    temperature = _temperature(9)
    load = _load(temperature)
    out = load.values.copy()
    out[-72:-24] *= 0.3
    origin = len(out) - 24
    weather = _weather(load, temperature)
    usual, after = (
        gaussian_process(Load(load.first, values, values, load.zone, weather), [origin], 24)
        for values in (load.values, out)
    )
    assert np.abs(after - usual).mean() < 0.02 * usual.mean()


@pytest.mark.parametrize("shift", [-130, 0])
def test_a_load_that_is_fed_back_at_times_is_forecast_as_well_as_one_that_never_is(shift: int) -> None:
    temperature = _temperature(2)
    load = _load(temperature)
    values = load.values + shift
    assert (values.min() < 0) == (shift < 0)
    net = Load(load.first, values, values, load.zone, _weather(load, temperature))
    origin = len(values) - 48
    made = gaussian_process(net, [origin], 48)[0]
    assert np.abs(made - values[origin:]).mean() < 0.05 * load.values.mean()


def test_a_load_that_stays_lower_is_followed_within_two_weeks() -> None:
    temperature = _temperature(10)
    load = _load(temperature)
    values = load.values.copy()
    values[-15 * 24 :] *= 0.6
    lower = Load(load.first, values, values, load.zone, _weather(load, temperature))
    origin = len(values) - 24
    made = gaussian_process(lower, [origin], 24)[0]
    assert np.abs(made - values[origin:]).mean() < 0.1 * values[origin:].mean()


def test_a_missing_forecast_or_too_short_a_history_is_named() -> None:
    temperature = _temperature(6)
    load = _load(temperature)
    known = _records(temperature)
    with pytest.raises(UsageError, match=r"end 14 hours before the forecast does.*no more than 10 hours"):
        weather_at(load, [one for one in known if one.time < (DAYS * 24 + 9) * HOUR], 24)
    with pytest.raises(UsageError, match="there are 480 hours of load with temperatures"):
        weather_at(load, [one for one in known if one.time >= (DAYS - 20) * 24 * HOUR - HOUR], 24)
    with pytest.raises(UsageError, match="no temperature is of the hours of the load"):
        weather_at(load, [one._replace(time=one.time + 10**8) for one in known], 24)


def test_a_weather_forecast_of_a_day_is_continued_by_its_last_day_for_two_days() -> None:
    day = np.arange(24.0)
    np.testing.assert_array_equal(continued(np.append(5.0, day), 73), [5.0, *day, *day, *day])
    np.testing.assert_array_equal(continued(day, 20), day[:20])
    assert continued(day, 73) is None
    assert continued(day[:23], 24) is None
    kept = IssuedForecast(100, day)
    np.testing.assert_array_equal(kept.of(110, 62), [*day[10:], *day, *day])
    assert kept.of(110, 63) is None
    assert kept.of(99, 5) is None


def test_a_load_s_weather_is_continued_by_the_same_rule_but_not_by_what_was_only_observed() -> None:
    temperature = _temperature(7)
    load = _load(temperature)
    end = DAYS * 24
    observed = [one for one in _records(temperature) if one.time < (end - 1) * HOUR]
    forecast = [Temperature("S", (end + lead - 1) * HOUR, 4.0 + lead, (end - 1) * HOUR) for lead in range(24)]
    weather = weather_at(load, [*observed, *forecast], 72)
    assert weather.repeated == 48
    assert weather.temperature[end:].tolist() == [4.0 + hour % 24 for hour in range(72)]
    with pytest.raises(MissingWeatherError, match="end 24 hours before the forecast does"):
        weather_at(load, observed, 24)


def test_the_newest_forecast_is_used_for_the_hours_ahead_and_earlier_ones_where_they_were_made() -> None:
    temperature = _temperature(7)
    load = _load(temperature)
    end = DAYS * 24
    observed = [one for one in _records(temperature) if one.time < (end - 1) * HOUR]
    forecasts = [
        Temperature("S", (made + lead - 1) * HOUR, value, (made - 1) * HOUR)
        for made, value in ((end - 24, 3.0), (end, 4.0))
        for lead in range(30)
    ]
    weather = weather_at(load, [*observed, *forecasts], 24)
    assert weather.temperature[end : end + 24].tolist() == [4.0] * 24
    assert weather.known_at(end - 24, 24)[-24:].tolist() == [3.0] * 24


def test_temperatures_are_read_with_their_unit_station_and_time_of_issue(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_text("timestamp,north_f,south_c\n2025-01-01T00:00Z,50,5\n2025-01-01T00:30Z,68,-9999\n")
    north, south = read_weather(path, None)
    assert (north.station_id, north.time, north.celsius) == ("north", 1735689600, pytest.approx(15.0))
    assert south == Temperature("south", 1735689600, 5.0)
    path.write_text("time,station_id,temperature (°C),issued\n2025-01-01 02:00,A,-3,2025-01-01 01:00\n")
    assert read_weather(path, "Europe/Berlin") == [Temperature("A", 1735693200, -3.0, 1735689600)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timestamp,temp\n2025-01-01T00:00Z,5\n", "the column 'temp' does not say its unit; name it temp_c or temp_f"),
        ("timestamp,wind\n2025-01-01T00:00Z,5\n", "no column of temperatures"),
        ("day,temp_c\n2025-01-01T00:00Z,5\n", "no column of times"),
        ("timestamp,temp_c\n2025-01-01T00:00,5\n", "row 2: '2025-01-01T00:00' has no offset; give --zone"),
        ("timestamp,temp_c\nyesterday,5\n", "row 2: 'yesterday' is not a time"),
        ("timestamp,temp_c\n2025-01-01T00:00Z,mild\n", "row 2: 'mild' in 'temp_c' is not a number"),
        ("timestamp,temp_c\n2025-01-01T00:00Z,75\n", "row 2: 75 in 'temp_c' is no outdoor temperature"),
        ("timestamp,temp_c\n2025-01-01T00:00Z,\n", "there are no temperatures in it"),
        ("timestamp,temp_c,issued\n2025-01-01T00:00Z,5,2025-01-02T00:00Z\n", "row 2: issued after the hour"),
    ],
)
def test_a_file_without_temperatures_is_refused_with_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "weather.csv"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        read_weather(path, None)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
