"""A forecast of one series of a deployment, made while somebody waits for it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from electrocloud.aws.store.reader import Reader
from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import Forecast, MonthEnd, Suspect
from electrocloud.domain.readings.meter_day import MeterDay
from forecasting.ahead import forecast_of
from forecasting.history import DAYS, Ask, History, histories, history_of
from forecasting.job import zone_of_most
from forecasting.meters import meter_histories, month_ends, suspects


class MeterForecast(NamedTuple):
    """A meter's next hours, what its month comes to (None with too few readings), and its suspect readings."""

    forecast: Forecast
    month_end: MonthEnd | None
    suspects: list[Suspect]


def forecast_meter(reader: Reader, meter_id: str, horizon: int, now: datetime) -> MeterForecast:
    """Forecast the `horizon` hours (1 to 168) after a meter's newest reading; `UsageError` if it is not registered."""
    meter = reader.meter(meter_id)
    if meter is None:
        raise UsageError(f"there is no meter {meter_id!r} in the registry")

    def days_of(one: str, since: datetime) -> list[MeterDay]:
        return reader.days(one, since.date(), now.date())

    history = history_of(days_of(meter_id, now - timedelta(days=DAYS)))
    known = list(meter_histories([meter], reader.tariffs(), days_of, now))
    return MeterForecast(
        _forecast(f"meter/{meter_id}", history, meter.timezone, horizon, now),
        next(month_ends(known, now), None),
        list(suspects(known)),
    )


def forecast_group(reader: Reader, ask: Ask, series: str, horizon: int, now: datetime) -> Forecast:
    """Forecast the `horizon` hours after the newest ones of `fleet` or `feeder/F`; `UsageError` without readings."""
    found = histories(ask, now)
    if series not in found:
        raise UsageError(f"there are no readings of {series}; there are some of {', '.join(found) or 'none'}")
    return _forecast(series, found[series], zone_of_most(reader.meters()), horizon, now)


def _forecast(series: str, history: History, zone: str, horizon: int, now: datetime) -> Forecast:
    return forecast_of(series, history.load(zone), history.ahead(horizon, zone), now)
