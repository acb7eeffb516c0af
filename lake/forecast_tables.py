"""Stored forecasts as the lake's tables `forecast_hours` and `forecast_days`: a row per hour ahead, and one per day."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from electrocloud.domain.forecast import Bounds, Forecast, ForecastDay

_MADE = [
    ("series", pa.string()),
    ("made_at", pa.timestamp("ms")),
    ("readings_until", pa.timestamp("ms")),
    ("model", pa.string()),
    ("day", pa.date32()),
    ("lead", pa.int32()),
]
FORECAST_HOURS = pa.schema(
    [
        *_MADE,
        ("hour", pa.timestamp("ms")),
        ("wh", pa.float64()),
        ("low_wh", pa.float64()),
        ("high_wh", pa.float64()),
        ("published_at", pa.timestamp("ms")),
    ]
)
FORECAST_DAYS = pa.schema(
    [
        *_MADE,
        ("hours", pa.int32()),
        ("energy_wh", pa.float64()),
        ("energy_low_wh", pa.float64()),
        ("energy_high_wh", pa.float64()),
        ("peak_wh", pa.float64()),
        ("peak_low_wh", pa.float64()),
        ("peak_high_wh", pa.float64()),
        ("peak_hour", pa.timestamp("ms")),
        ("backtest_wape", pa.float64()),
        ("note", pa.string()),
        ("published_at", pa.timestamp("ms")),
    ]
)
TABLES = {"forecast_hours": FORECAST_HOURS, "forecast_days": FORECAST_DAYS}


def forecast_day(forecast: Forecast) -> date:
    """The partition `dt` of a forecast: the UTC day of its first hour."""
    return forecast.rows[0].timestamp.astimezone(UTC).date()


def forecast_tables(forecasts: Iterable[Forecast], now: datetime) -> dict[str, pa.Table]:
    """The rows of forecasts of calendar days, by table; times are UTC, and `now` is when they are published."""
    hours: list[dict[str, Any]] = []
    days: list[dict[str, Any]] = []
    for forecast in forecasts:
        hours += _hour_rows(forecast, _utc(now))
        days += (_day_row(forecast, day, _utc(now)) for day in forecast.days)
    return {
        "forecast_hours": pa.Table.from_pylist(hours, schema=FORECAST_HOURS),
        "forecast_days": pa.Table.from_pylist(days, schema=FORECAST_DAYS),
    }


def _hour_rows(forecast: Forecast, published_at: datetime) -> Iterator[dict[str, Any]]:
    of_day = {day.day: _made(forecast, day) for day in forecast.days}
    for row in forecast.rows:
        yield {
            **of_day[row.timestamp.date()],
            "hour": _utc(row.timestamp),
            "wh": row.value,
            "low_wh": row.low,
            "high_wh": row.high,
            "published_at": published_at,
        }


def _day_row(forecast: Forecast, day: ForecastDay, published_at: datetime) -> dict[str, Any]:
    return {
        **_made(forecast, day),
        "hours": day.hours,
        "energy_wh": day.energy,
        **_bounds("energy", day.energy_interval),
        "peak_wh": day.peak.value,
        **_bounds("peak", day.peak_interval),
        "peak_hour": _utc(day.peak.timestamp),
        "backtest_wape": day.wape,
        "note": forecast.note,
        "published_at": published_at,
    }


def _made(forecast: Forecast, day: ForecastDay) -> dict[str, Any]:
    return {
        "series": forecast.series,
        "made_at": _utc(forecast.made_at),
        "readings_until": _utc(forecast.rows[0].timestamp),
        "model": forecast.model,
        "day": day.day,
        "lead": day.lead,
    }


def _bounds(name: str, bounds: Bounds | None) -> dict[str, float]:
    return {f"{name}_low_wh": bounds.low, f"{name}_high_wh": bounds.high} if bounds else {}


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)
