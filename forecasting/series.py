"""The stored forecasts of one series (`fleet` or `feeder/DE-F000`): a week ahead, and what came of each day."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import msgspec

from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.hourly_loads import FLEET, SeriesLoad
from electrocloud.aws.store.tables import READ_AT_ONCE
from electrocloud.domain.forecast import Errors, Forecast, actual_day, coverage_of, errors_of
from electrocloud.domain.hourly_load import HourlyLoad
from electrocloud.domain.local_time import DAY_S, HOUR_S, zone_of
from forecasting.ahead import LONGEST_HORIZON, forecast_of
from forecasting.backtest import ORIGINS, scale_of
from forecasting.feeder_sum import as_sum
from forecasting.learned import Learned, decode, encode, learn, stations_of
from forecasting.load import Days, Load, clock_load, hours_after
from forecasting.stored_weather import SeriesWeather, with_weather

AHEAD = Days(7)
DAYS_BEFORE = 3
LEAST_HOURS = 48
FIRST_HOURS = 4 * 7 * 24
JUDGED = 16  # of a series' newest forecasts: a forecast is of up to eight days, and readings may be a week late
LEARNED_FOR = 7 * 24  # hours: for so long a backtest serves the forecasts after it


class SeriesUpdate(NamedTuple):
    """The forecasts that an update made, oldest first, and the JUDGED newest of the series after it, newest first."""

    made: list[Forecast]
    newest: list[Forecast]


def update_series(
    series: str,
    known: SeriesLoad,
    store: Forecasts,
    now: datetime,
    group: HourlyLoad | None = None,
    read_weather: Callable[[], SeriesWeather] = SeriesWeather,
) -> SeriesUpdate:
    """Judge the last forecasts of a series and, if readings of another day have come since, make the next one.

    So each calendar day of the series' zone has one forecast: of the rest of the day, and of the seven days after it. A
    new series also gets forecasts for the days before, each from the data up to its start, so that their errors show
    at once. Running it twice changes nothing. `group` is the fleet's load, for a series in its first weeks;
    `read_weather` reads that near it, if a forecast is due. Hours are whole Wh. Each
    new forecast is an event, but for the fleet's: see `update_fleet`.
    """
    load, zone = known
    stored = store.newest(series, JUDGED)
    if not load.complete_wh:
        return SeriesUpdate([], stored)
    scale = scale_of(clock_load(load, zone))
    newest = [judge(forecast, load, scale) for forecast in stored]
    for before, judged in zip(stored, newest, strict=True):
        if judged != before:
            store.put(judged)
    if any(_last_read(forecast) >= _last_complete(load, zone) for forecast in stored):
        return SeriesUpdate([], newest)
    made, weather = [], read_weather()
    known_before = learned = decode(store.learned(series))
    for past in [load] if stored else [*_days_before(load), load]:
        clock = in_group(clock_load(past, zone), group)
        times = hours_after(past.complete_until, AHEAD, zone)
        known_from = int(now.timestamp()) if past is load else past.complete_until
        clock, note = with_weather(clock, weather.known_at(known_from), times)
        learned = _current(learned, clock)
        judged = judge(forecast_of(series, clock, times, now, learned, whole=True, note=note), load, scale)
        if past is load and learned and learned is not known_before:
            store.put_learned(series, encode(learned))
        if past is load and series != FLEET:
            store.add(judged)
        else:  # the fleet's is added as the sum of its feeders
            store.put(judged)
        made.append(judged)
    return SeriesUpdate(made, [*reversed(made), *newest][:JUDGED])


def update_fleet(names: Iterable[str], store: Forecasts) -> int:
    """Make the fleet's newest forecast the sum of its feeders' and store it with its event; returns of how many.

    `names` are all series. Does nothing if it is the sum already, or if feeders are still missing as they were before.
    """
    newest = store.newest(FLEET)
    if not newest or newest[0].feeders:
        return 0
    (fleet,) = newest
    summed = as_sum(fleet, _newest_of([name for name in names if name != FLEET], fleet.rows[0].timestamp, store))
    if summed != fleet:
        store.add(summed)
    return summed.feeders or 0


def _newest_of(names: Sequence[str], first: datetime, store: Forecasts) -> Iterator[tuple[str, Forecast | None]]:
    """The newest forecast of each series: most begin with the same hour, and are read together."""
    for at in range(0, len(names), READ_AT_ONCE):
        part = names[at : at + READ_AT_ONCE]
        found = {forecast.series: forecast for forecast in store.made((name, first) for name in part)}
        for name in part:
            yield name, found.get(name) or next(iter(store.newest(name)), None)


def is_new(load: HourlyLoad) -> bool:
    """Whether a load is in its first weeks, in which the fleet's says more of it than its own history."""
    return len(load.hours) <= FIRST_HOURS


def in_group(load: Load, group: HourlyLoad | None) -> Load:
    """The load with that of a group on its clock."""
    return load._replace(group=clock_load(group, load.zone)) if group and group.complete_wh else load


def judge(forecast: Forecast, load: HourlyLoad, scale: float | None) -> Forecast:
    """The forecast with what came of its days, and with its errors if all of its hours are complete.

    Whatever it had before is replaced. `scale` is MASE's unit (see `scale_of`). Errors that stay the same keep the MASE
    of their own history.
    """
    days = tuple(
        msgspec.structs.replace(day, actual=actual_day(day, forecast.rows, load)) if day.lead is not None else day
        for day in forecast.days
    )
    errors = actual_errors(forecast, load, scale)
    before = forecast.actuals
    if errors and before and (errors.wape, errors.coverage) == (before.wape, before.coverage):
        errors = before
    return msgspec.structs.replace(forecast, actuals=errors, days=days)


def actual_errors(forecast: Forecast, load: HourlyLoad, scale: float | None) -> Errors | None:
    """A forecast's errors; None unless all of its hours are complete."""
    rows = forecast.rows
    starts = [int(row.timestamp.timestamp()) for row in rows]
    if not all(map(load.complete, starts)):
        return None
    actual = [float(load.complete_wh[start]) for start in starts]
    errors = errors_of(actual, [row.value for row in rows], scale)
    covered = coverage_of(actual, [row.low for row in rows], [row.high for row in rows])
    return msgspec.structs.replace(errors, coverage=covered)


def _current(learned: Learned | None, load: Load) -> Learned | None:
    """What an earlier backtest found, for a week and if it had all of its origins; else what a new one finds.

    One with the weather of some stations serves no load with that of others or without, and the other way round.
    """
    if (
        learned
        and len(learned.truth) == ORIGINS
        and 0 <= load.end - learned.end < LEARNED_FOR
        and learned.stations == stations_of(load)
    ):
        return learned
    return learn(load, LONGEST_HORIZON)


def _days_before(load: HourlyLoad) -> Iterator[HourlyLoad]:
    """What was known DAYS_BEFORE days ago and each day since, if that was LEAST_HOURS of load."""
    for back in range(DAYS_BEFORE, 0, -1):
        past = load.until(load.complete_until - back * DAY_S)
        if len(past.complete_wh) >= LEAST_HOURS:
            yield past


def _last_read(forecast: Forecast) -> date:
    """The local day of the last hour that a forecast was made from."""
    return (forecast.rows[0].timestamp - timedelta(seconds=1)).date()


def _last_complete(load: HourlyLoad, zone: str) -> date:
    return datetime.fromtimestamp(load.complete_until - HOUR_S, zone_of(zone)).date()
