"""Questions about weather."""

from datetime import UTC, date, datetime

from analytics.questions import FOLDER
from electrocloud.domain.weather import Temperature
from tests.kits.sql_kit import Lake

BERLIN = "Europe/Berlin"


def test_weather_forecasts_are_compared_with_what_was_observed_by_the_days_ahead() -> None:
    hour = int(datetime(2026, 11, 2, 1, 0, tzinfo=UTC).timestamp())
    observed = [Temperature("S", hour, 10.0), Temperature("S", hour + 3600, 10.0), Temperature("T", hour, 0.0)]
    issued = hour - 3600
    forecasts = [
        Temperature("S", hour, 12.0, issued),
        Temperature("S", hour + 3600, 9.0, issued),
        Temperature("S", hour, 7.0, issued - 86_400),
        Temperature("S", hour + 7200, 30.0, issued),  # nothing was observed there
    ]

    found = Lake(weather=[*observed, *forecasts]).ask(
        "weather_forecast_errors", first_day="2026-11-01", last_day="2026-11-02"
    )

    assert [tuple(row.values()) for row in found] == [("S", 0, 2, 0.5, 1.5), ("S", 1, 1, -3.0, 3.0)]
    assert Lake(weather=[*observed, *forecasts]).ask("weather_forecast_errors", first_day="2026-11-03") == []


def test_a_day_of_a_station_is_as_warm_as_the_mean_of_its_observed_hours_on_the_local_clock() -> None:
    midnight = int(datetime(2026, 11, 1, 23, 0, tzinfo=UTC).timestamp())  # in Berlin
    observed = [Temperature("S", midnight - 3600, 1.0), *(Temperature("S", midnight + 3600 * n, n) for n in range(24))]
    others = [Temperature("S", midnight + 86_400, 50.0, midnight), Temperature("T", midnight, 40.0)]

    found = Lake(weather=[*observed, *others]).ask(
        str(FOLDER.parent / "dashboard/queries/daily_temperatures.sql"), station="S", zone=BERLIN
    )

    assert [tuple(row.values()) for row in found] == [(date(2026, 11, 1), 1.0, 1), (date(2026, 11, 2), 11.5, 24)]
