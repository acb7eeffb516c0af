"""Forecasts of one series of a deployment, made on demand."""

from datetime import datetime, timedelta
from typing import NamedTuple

from electrocloud.aws.store.hourly_loads import CLASS, FLEET, SeriesLoad
from electrocloud.aws.store.parquet_days import parquet_days
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.billing.service import service_without_agreement
from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import Forecast, MonthEnd, Suspect
from electrocloud.domain.hourly_load import HourlyLoad, load_of_meter
from forecasting.ahead import forecast_of
from forecasting.fleet_loads import DAYS, changed_days, read_days, with_days
from forecasting.load import Days, clock_load, hours_after
from forecasting.meters import SEASON, meter_history, month_ends
from forecasting.series import in_group, is_new
from forecasting.stored_weather import SeriesWeather, with_weather
from forecasting.work import Deployment


class MeterForecast(NamedTuple):
    """A meter's next hours, its month-end (None with too few readings), and its suspect readings."""

    forecast: Forecast
    month_end: MonthEnd | None
    suspects: list[Suspect]


def forecast_meter(on: Deployment, reader: Reader, meter_id: str, horizon: int | Days, now: datetime) -> MeterForecast:
    """Forecast the hours (1 to 168) or days (1 to 7) after a meter's newest reading.

    Its weather is the nearest station's. In its first weeks, the stored load of its customer class (of the fleet, if it
    has no class) shows the shape of days that it has not had yet. `UsageError` if it is not registered.
    """
    meter = reader.meter(meter_id)
    if meter is None:
        raise UsageError(f"there is no meter {meter_id!r} in the registry")
    since = now - timedelta(days=DAYS)
    days = reader.days(meter_id, since.date(), now.date())
    weather = on.weather.near(meter.lat, meter.lon, since, now)
    load = load_of_meter(days)
    alike = f"{CLASS}{meter.customer}" if meter.customer else FLEET
    group = on.loads.load(alike, since.date()).load if is_new(load) else None
    made = _forecast(f"meter/{meter_id}", SeriesLoad(load, meter.timezone), horizon, now, weather, group)
    tariff = reader.tariffs().get(meter.tariff_id)
    services = [service_without_agreement(meter_id, tariff)] if tariff else []
    history = meter_history(meter_id, services, [day for day in days if day.day >= (now - SEASON).date()])
    if history is None:
        return MeterForecast(made, None, [])
    return MeterForecast(made, next(month_ends([history], now), None), list(history.suspects))


def forecast_group(on: Deployment, series: str, horizon: int | Days, now: datetime) -> Forecast:
    """Forecast the hours or days after the newest ones of `fleet` or `feeder/F`; `UsageError` without readings.

    Its weather is as in stored forecasts. Days whose Parquet has changed since their load was stored are read again.
    Nothing is stored.
    """
    since = now - timedelta(days=DAYS)
    first = since.date()
    changed = changed_days(parquet_days(on.s3, on.bucket, first), on.loads.versions(first))
    read = [day for days in changed for day in read_days(on.ask, days)]
    known = with_days(on.loads.load(series, first), series, read)
    grouped = is_new(known.load) and series != FLEET
    fleet = with_days(on.loads.load(FLEET, first), FLEET, read).load if grouped else None
    if not known.load.hours:
        others = sorted({*on.loads.series(), *(day.series for day in read if not day.series.startswith(CLASS))})
        raise UsageError(f"there are no readings of {series}; there are some of {', '.join(others) or 'none'}")
    return _forecast(series, known, horizon, now, on.weather.of(series, since, now), fleet)


def _forecast(
    series: str,
    known: SeriesLoad,
    horizon: int | Days,
    now: datetime,
    weather: SeriesWeather,
    group: HourlyLoad | None = None,
) -> Forecast:
    load, zone = known
    times = hours_after(load.complete_until, horizon, zone)
    known_now = weather.known_at(int(now.timestamp()))
    clock, note = with_weather(in_group(clock_load(load, zone), group), known_now, times)
    return forecast_of(series, clock, times, now, note=note)
