"""Stored forecasts as rows of the lake."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from electrocloud.domain.forecast import Bounds, Forecast, ForecastDay, ForecastHour
from lake.forecast_tables import forecast_day, forecast_tables

NOW = datetime(2026, 10, 24, 6, 30, tzinfo=UTC)
FIRST = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Berlin, of a day of 25 hours


def _forecast() -> Forecast:
    times = [(FIRST + timedelta(hours=hour)).astimezone(ZoneInfo("Europe/Berlin")) for hour in range(26)]
    rows = tuple(ForecastHour(time, 100.0 + hour, 90.0, 200.0) for hour, time in enumerate(times))
    sunday = ForecastDay(
        date(2026, 10, 25), 25, 2800.0, rows[24], 0.05, 1, Bounds(2500.0, 3000.0), Bounds(110.0, 140.0)
    )
    monday = ForecastDay(date(2026, 10, 26), 1, 125.0, rows[25], lead=2)
    return Forecast("fleet", NOW, "profile", "few", 0.8, (), rows, readings_until=times[0], days=(sunday, monday))


def test_an_hour_ahead_is_a_row_in_utc_with_its_local_day_and_lead() -> None:
    hours = forecast_tables([_forecast()], NOW)["forecast_hours"].to_pylist()
    assert len({row["hour"] for row in hours}) == 26  # the hour that the clock shows twice is two
    assert hours[24] == {
        "series": "fleet", "made_at": datetime(2026, 10, 24, 6, 30), "readings_until": datetime(2026, 10, 24, 22),
        "model": "profile", "day": date(2026, 10, 25), "lead": 1, "hour": datetime(2026, 10, 25, 22), "wh": 124.0,
        "low_wh": 90.0, "high_wh": 200.0, "published_at": datetime(2026, 10, 24, 6, 30),
    }  # fmt: skip
    assert (hours[25]["day"], hours[25]["lead"]) == (date(2026, 10, 26), 2)


def test_a_day_ahead_is_a_row_and_one_without_a_backtest_has_no_intervals() -> None:
    sunday, monday = forecast_tables([_forecast()], NOW)["forecast_days"].to_pylist()
    assert (sunday["hours"], sunday["energy_wh"], sunday["energy_low_wh"], sunday["energy_high_wh"]) == (
        25,
        2800,
        2500,
        3000,
    )
    assert (sunday["peak_wh"], sunday["peak_hour"], sunday["backtest_wape"], sunday["note"]) == (
        124,
        datetime(2026, 10, 25, 22),
        0.05,
        "few",
    )
    assert (monday["peak_low_wh"], monday["peak_high_wh"], monday["energy_low_wh"]) == (None, None, None)


def test_a_forecast_lies_in_the_partition_of_the_utc_day_of_its_first_hour() -> None:
    assert forecast_day(_forecast()) == date(2026, 10, 24)
