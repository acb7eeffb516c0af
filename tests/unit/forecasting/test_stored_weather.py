"""Which imported temperatures a stored forecast gets, and what it does without."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from electrocloud.domain.registry.records import WeatherStation
from electrocloud.domain.weather import Temperature
from forecasting.load import Days, Load, hours_after, load_of
from forecasting.stored_weather import StoredWeather, known_at, with_weather
from tests.kits.sql_kit import Lake, meter

HOUR = 3600
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
FIRST = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 60
END = FIRST + timedelta(days=DAYS)
STATIONS = {
    name: WeatherStation(station_id=name, latitude=latitude, longitude=10)
    for name, latitude in (("NORTH", 54.0), ("SOUTH", 48.0))
}


class Athena:
    """Answers with a temperature for each station, and the places of two feeders."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, sql: str) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        if "FROM meters" in sql:
            return [("F1", 53.8, 10.1), ("F2", 10.0, 10.0)]
        at = datetime(2026, 11, 23)
        return [("NORTH", at, 4.5, None), ("NORTH", at, 5.5, at - timedelta(hours=6)), ("SOUTH", at, 7.0, None)]


def test_a_feeder_has_the_nearest_station_and_the_fleet_has_all() -> None:
    athena = Athena()
    weather = StoredWeather(athena, lambda: STATIONS)
    at = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())
    north = [Temperature("NORTH", at, 4.5), Temperature("NORTH", at, 5.5, at - 6 * HOUR)]
    assert weather.of("feeder/F1", FIRST, NOW) == north
    assert weather.of("feeder/F2", FIRST, NOW) == []  # no station is near
    assert weather.of("fleet", FIRST, NOW) == [north[0], Temperature("SOUTH", at, 7.0), north[1]]
    assert len(athena.asked) == 2
    weather.of("fleet", FIRST, NOW + timedelta(hours=2))
    assert len(athena.asked) == 4


def test_the_queries_find_what_was_imported() -> None:
    at = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())
    imported = [
        Temperature("NORTH", at, 4.5),
        Temperature("NORTH", at, 5.5, at - 6 * HOUR),
        Temperature("NORTH", at, 6.5, at - 90 * 86_400),  # too old for any backtest
    ]
    lake = Lake([], [meter("a") | {"feeder": "F1", "lat": 53.8, "lon": 10.1}], weather=imported)
    weather = StoredWeather(lambda sql: [tuple(row.values()) for row in lake.select(sql)], lambda: STATIONS)
    assert weather.of("feeder/F1", FIRST, NOW) == imported[:2]


def test_without_registered_stations_nothing_is_asked() -> None:
    athena = Athena()
    assert StoredWeather(athena, dict).of("fleet", FIRST, NOW) == []
    assert athena.asked == []


def test_what_was_observed_or_issued_later_was_not_known() -> None:
    records = [Temperature("S", 0, 1.0), Temperature("S", HOUR, 1.0), Temperature("S", 9 * HOUR, 1.0, 2 * HOUR)]
    assert known_at(records, HOUR) == records[:1]
    assert known_at(records, 2 * HOUR) == records


def _load() -> Load:
    starts = int(FIRST.timestamp()) + np.arange(DAYS * 24) * HOUR
    return load_of(starts, 100.0 + np.arange(DAYS * 24) % 24, "UTC")


def _temperatures(until: datetime) -> list[Temperature]:
    hours = int((until - FIRST).total_seconds()) // HOUR
    return [Temperature("S", int(FIRST.timestamp()) + hour * HOUR, float(hour % 24)) for hour in range(hours)]


def test_a_weather_forecast_that_ends_up_to_two_days_early_is_continued_by_its_last_day() -> None:
    times = hours_after(int(END.timestamp()), Days(7), "UTC")
    load, note = with_weather(_load(), _temperatures(END + timedelta(days=6)), times)
    assert load.weather is not None
    np.testing.assert_array_equal(load.weather.temperature[-48:-24], load.weather.temperature[-24:])
    assert "ends 48 hours early" in note or "ends 24 hours early" in note or "ends 25 hours early" in note


def test_a_backtest_uses_the_weather_forecasts_of_a_week_that_were_kept() -> None:
    issued = [
        Temperature("S", int(origin.timestamp()) + hour * HOUR, 50.0, int(origin.timestamp()))
        for back in range(30, 0, -1)
        for origin in (END - timedelta(days=back),)
        for hour in range(168)
    ]
    times = hours_after(int(END.timestamp()), Days(6), "UTC")  # ends at midnight
    load, _ = with_weather(_load(), [*_temperatures(END + timedelta(days=8)), *issued], times)
    assert load.weather is not None
    for back in (20, 9):
        origin = (DAYS - back) * 24
        assert (load.weather.known_at(origin, 193)[origin:] == 50).all()


def test_without_the_weather_of_the_hours_ahead_the_load_stays_without_and_the_note_says_why() -> None:
    times = hours_after(int(END.timestamp()), Days(7), "UTC")
    load, note = with_weather(_load(), _temperatures(END + timedelta(days=2)), times)
    assert load.weather is None
    assert note.startswith("made without weather: the temperatures end ")
