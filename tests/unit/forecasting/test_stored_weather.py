"""Which imported temperatures a stored forecast gets, and what it does without."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from electrocloud.domain.registry.records import WeatherStation
from electrocloud.domain.weather import Temperature
from forecasting.ahead import forecast_of
from forecasting.load import Days, Load, hours_after, load_of
from forecasting.stored_weather import SeriesWeather, StoredWeather, with_weather
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
    """Answers with a temperature for each station that is asked for, and the places of two feeders."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, sql: str) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        if "FROM meters" in sql:
            return [("F1", 53.8, 10.1), ("F2", 10.0, 10.0)]
        rows = [
            ("NORTH", None, f"{AT // HOUR}", "4.5"),
            ("NORTH", datetime(2026, 11, 22, 18), f"{AT // HOUR} {AT // HOUR + 1}", "5.5 6.5E0"),
            ("SOUTH", None, f"{AT // HOUR}", "7.0"),
        ]
        return [row for row in rows if f"'{row[0]}'" in sql]


AT = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())
NORTH = [
    Temperature("NORTH", AT, 4.5),
    Temperature("NORTH", AT, 5.5, AT - 6 * HOUR),
    Temperature("NORTH", AT + HOUR, 6.5, AT - 6 * HOUR),
]


def test_a_feeder_has_the_nearest_station_and_the_fleet_and_meters_without_a_feeder_have_all() -> None:
    athena = Athena()
    weather = StoredWeather(athena, lambda: STATIONS)
    assert weather.of("feeder/F1", FIRST, NOW) == SeriesWeather(NORTH)
    assert "'SOUTH'" not in athena.asked[-1]
    assert weather.of("fleet", FIRST, NOW) == SeriesWeather([NORTH[0], Temperature("SOUTH", AT, 7.0), *NORTH[1:]])
    assert "'NORTH'" not in athena.asked[-1]
    assert weather.of("no-feeder", FIRST, NOW) == weather.of("fleet", FIRST, NOW)
    assert len(athena.asked) == 3
    weather.of("fleet", FIRST, NOW + timedelta(hours=2))
    assert len(athena.asked) == 4


def test_a_meter_has_the_station_nearest_to_it() -> None:
    athena = Athena()
    weather = StoredWeather(athena, lambda: STATIONS)
    assert weather.near(48.5, 10, FIRST, NOW) == SeriesWeather([Temperature("SOUTH", AT, 7.0)])
    assert weather.near(0, 10, FIRST, NOW).missing == "no weather station is within 150 km"
    assert len(athena.asked) == 1


def test_what_is_missing_is_said_where_stations_are_registered() -> None:
    times = hours_after(int(END.timestamp()), Days(7), "UTC")

    def note(weather: StoredWeather, series: str) -> str:
        load, said = with_weather(_load(), weather.of(series, FIRST, NOW), times)
        assert load.weather is None
        return said

    stored = StoredWeather(Athena(), lambda: STATIONS)
    for series in ("feeder/F2", "feeder/F9"):  # far from both, and without a position
        assert note(stored, series).startswith("made without weather: no weather station is within 150 km (")
    empty = StoredWeather(lambda _: [], lambda: STATIONS)
    assert note(empty, "fleet").startswith("made without weather: no temperature of NORTH, SOUTH is stored (")
    assert note(StoredWeather(Athena(), dict), "fleet") == ""  # nobody expects weather


def test_what_was_not_there_is_read_again() -> None:
    answers: list[list[tuple[Any, ...]]] = [[], [("NORTH", None, f"{AT // HOUR}", "4.5")]]
    weather = StoredWeather(lambda _: answers.pop(0), lambda: {"NORTH": STATIONS["NORTH"]})
    assert not weather.of("fleet", FIRST, NOW).temperatures
    assert weather.of("fleet", FIRST, NOW) == SeriesWeather(NORTH[:1])


def test_the_queries_find_what_was_imported_in_a_row_for_each_month_and_issue() -> None:
    imported = [*NORTH, Temperature("NORTH", AT + 9 * 86_400, 8.25)]
    old = Temperature("NORTH", AT, 6.5, AT - 90 * 86_400)  # too old for any backtest
    earlier = Temperature("NORTH", int(FIRST.timestamp()) - HOUR, 6.5)
    lake = Lake(
        [], [meter("a") | {"feeder": "F1", "lat": 53.8, "lon": 10.1}], weather=[*reversed(imported), old, earlier]
    )
    rows: list[tuple[Any, ...]] = []

    def ask(sql: str) -> list[tuple[Any, ...]]:
        rows[:] = [tuple(row.values()) for row in lake.select(sql)]
        return list(rows)

    weather = StoredWeather(ask, lambda: STATIONS)
    assert sorted(weather.of("feeder/F1", FIRST, NOW).temperatures) == sorted(imported)
    assert len(rows) == 3  # November's and December's observed hours, and a weather forecast


def test_without_registered_stations_nothing_is_asked() -> None:
    athena = Athena()
    assert StoredWeather(athena, dict).of("fleet", FIRST, NOW) == SeriesWeather()
    assert StoredWeather(athena, dict).near(48, 10, FIRST, NOW) == SeriesWeather()
    assert athena.asked == []


def test_what_was_observed_or_issued_later_was_not_known() -> None:
    records = [Temperature("S", 0, 1.0), Temperature("S", HOUR, 1.0), Temperature("S", 9 * HOUR, 1.0, 2 * HOUR)]
    weather = SeriesWeather(records)
    assert weather.known_at(HOUR).temperatures == records[:1]
    assert weather.known_at(2 * HOUR).temperatures == records


def _load() -> Load:
    starts = int(FIRST.timestamp()) + np.arange(DAYS * 24) * HOUR
    return load_of(starts, 100.0 + np.arange(DAYS * 24) % 24, "UTC")


def _temperatures(until: datetime) -> list[Temperature]:
    hours = int((until - FIRST).total_seconds()) // HOUR
    return [Temperature("S", int(FIRST.timestamp()) + hour * HOUR, float(hour % 24)) for hour in range(hours)]


def test_a_weather_forecast_that_ends_up_to_two_days_early_is_continued_by_its_last_day() -> None:
    times = hours_after(int(END.timestamp()), Days(7), "UTC")
    load, note = with_weather(_load(), SeriesWeather(_temperatures(END + timedelta(days=6))), times)
    assert load.weather is not None
    assert note == ""
    hours = load.weather.repeated
    assert hours in (24, 25)
    np.testing.assert_array_equal(load.weather.temperature[-hours:], load.weather.temperature[-hours - 24 : -24])
    made = forecast_of("feeder/F1", load, times, NOW)
    assert f"the weather forecast ends {hours} hours early; its last day was repeated" in made.note


def test_a_backtest_uses_the_weather_forecasts_of_a_week_that_were_kept() -> None:
    issued = [
        Temperature("S", int(origin.timestamp()) + hour * HOUR, 50.0, int(origin.timestamp()))
        for back in range(30, 0, -1)
        for origin in (END - timedelta(days=back),)
        for hour in range(168)
    ]
    times = hours_after(int(END.timestamp()), Days(6), "UTC")  # ends at midnight
    load, _ = with_weather(_load(), SeriesWeather([*_temperatures(END + timedelta(days=8)), *issued]), times)
    assert load.weather is not None
    for back in (20, 9):
        origin = (DAYS - back) * 24
        assert (load.weather.known_at(origin, 193)[origin:] == 50).all()


def test_without_the_weather_of_the_hours_ahead_the_load_stays_without_and_the_note_says_why() -> None:
    times = hours_after(int(END.timestamp()), Days(7), "UTC")
    load, note = with_weather(_load(), SeriesWeather(_temperatures(END + timedelta(days=2))), times)
    assert load.weather is None
    assert note.startswith("made without weather: the temperatures end ")
    assert "add the weather forecast" not in note
    assert note.endswith("hours before the forecast does (docs/forecasting.md says how to import weather)")
