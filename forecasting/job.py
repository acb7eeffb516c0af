"""The nightly work: the fleet's and each feeder's next day, how the day before was met, and all meters' month-ends."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import numpy as np

from electrocloud.aws.forecasts import Forecasts
from electrocloud.aws.reader import Reader, Registered
from electrocloud.domain.calendar import BillingMonth
from electrocloud.domain.forecast import Errors, Forecast, MonthEnd, coverage_of, errors_of
from electrocloud.domain.meter_day import Interval, MeterDay
from electrocloud.domain.tariff import Tariff
from forecasting.ahead import forecast_of
from forecasting.backtest import scale_of
from forecasting.history import History, history_of
from forecasting.load import HOUR_S, Load
from forecasting.month_end import WEEK, month_end, rest_of

HORIZON = 24
SEASON = timedelta(days=100)  # of a meter's history, for its month-end

DaysOf = Callable[[str, datetime], list[MeterDay]]  # a meter's days from a moment on


def keep_forecasts(loads: Mapping[str, History], zone: str, store: Forecasts, now: datetime) -> Iterator[Forecast]:
    """Forecast each series whose last forecast has come to pass, and keep that; and write to the last its errors.

    So it may run at any hour and be stopped at any series: the next run takes up the rest.
    """
    for series, history in loads.items():
        load = history.load(zone)
        for before in store.newest(series):
            if errors := realised(before, history, load):
                store.put(msgspec.structs.replace(before, realised=errors))
        if any(before.rows[-1].timestamp.timestamp() > history.instants[-1] for before in store.newest(series)):
            continue
        made = forecast_of(series, load, history.ahead(HORIZON, zone), now)
        store.put(made)
        yield made


def realised(forecast: Forecast, history: History, load: Load) -> Errors | None:
    """What a forecast was off by, once all its hours have come to pass; None until then."""
    happened = dict(zip(history.instants, history.wh, strict=True))
    instants = [int(row.timestamp.timestamp()) for row in forecast.rows]
    if not happened.keys() >= set(instants):
        return None
    actual = [happened[at] for at in instants]
    rows = forecast.rows
    errors = errors_of(actual, [row.value for row in rows], scale_of(load))
    covered = coverage_of(actual, [row.low for row in rows], [row.high for row in rows])
    return msgspec.structs.replace(errors, coverage=covered)


def keep_month_ends(reader: Reader, meters: Sequence[Registered], store: Forecasts, now: datetime) -> int:
    """Tell all month-ends and keep them; returns how many."""

    def days_of(meter_id: str, since: datetime) -> list[MeterDay]:
        return reader.days(meter_id, since.date(), now.date())

    ends = month_ends(meters, reader.tariffs(), days_of, now)
    store.put_month_ends(ends)
    return len(ends)


def zone_of_most(meters: Iterable[Registered]) -> str:
    """The time zone that most meters are in; UTC where there are none."""
    zones = Counter(meter.timezone for meter in meters)
    return zones.most_common(1)[0][0] if zones else "UTC"


def month_ends(
    meters: Iterable[Registered], tariffs: Mapping[str, Tariff], days_of: DaysOf, now: datetime
) -> list[MonthEnd]:
    """The month-ends of all meters with a tariff and at least a week of readings, in the month of each one's newest."""
    loads, ends = [], []
    for meter in meters:
        if meter.tariff_id not in tariffs:
            continue
        days = days_of(meter.meter_id, now - SEASON)
        history = history_of(days)
        if len(history.instants) < WEEK:
            continue
        tariff = tariffs[meter.tariff_id]
        month = BillingMonth.at(history.instants[-1], tariff.zone)
        read = [reading for day in days for reading in day.intervals() if month.start <= reading.start < month.end]
        load = history.load(tariff.zone).filled
        loads.append(load)
        ends.append((meter.meter_id, tariff, month, read, max(one.start + one.seconds for one in read)))
    return list(_told(loads, ends, int(now.timestamp())))


def _told(
    loads: list[np.ndarray], ends: list[tuple[str, Tariff, BillingMonth, list[Interval], int]], now: int
) -> Iterator[MonthEnd]:
    """Month-ends, of all meters together that have as many hours to come and behind them, as intervals need company."""
    groups: dict[tuple[int, int], list[int]] = {}
    for place, (_, _, month, _, since) in enumerate(ends):
        groups.setdefault(((month.end - since) // HOUR_S, len(loads[place])), []).append(place)
    for (hours, _), places in groups.items():
        rest = rest_of(np.array([loads[place] for place in places]), hours)
        for row, place in enumerate(places):
            meter_id, tariff, month, read, _ = ends[place]
            energy = (rest.value[row], rest.low[row], rest.high[row])
            yield month_end(meter_id, tariff, month, read, energy, loads[place], now)
