"""The day-ahead forecasts of one series (`fleet` or `feeder/DE-F000`), and how they compare with what was metered."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.hourly_loads import SeriesLoad
from electrocloud.domain.forecast import Errors, Forecast, coverage_of, errors_of
from electrocloud.domain.hourly_load import HourlyLoad
from electrocloud.domain.local_time import DAY_S, HOUR_S
from forecasting.ahead import forecast_of
from forecasting.backtest import scale_of
from forecasting.load import clock_load, hours_after

HORIZON = 24
DAYS_BEFORE = 3
LONGEST_GAP = 145  # hours without a complete one, after which a load is not forecast: with the forecast itself a week
JUDGED = 7  # of a series' newest forecasts: readings may be days late


def update_series(series: str, known: SeriesLoad, store: Forecasts, now: datetime) -> Iterator[Forecast]:
    """Judge the last forecasts of a series and, if their hours have passed, make the next one.

    A new series also gets forecasts for the days before, each from the data up to its start, so that their errors show
    at once. Running it twice changes nothing.
    """
    load, zone = known
    if not load.hours:
        return
    scale = scale_of(clock_load(load, zone))
    stored = store.newest(series, JUDGED)
    for forecast in stored:
        if (judged := judge(forecast, load, scale)) != forecast:
            store.put(judged)
    if any(_end(forecast) > load.end for forecast in stored):
        return
    for past in [load] if stored else [*_days_before(load), load]:
        if (past.end - max(past.complete_wh)) // HOUR_S > LONGEST_GAP:
            continue  # too many incomplete hours since the last complete one to forecast over
        made = forecast_of(series, clock_load(past, zone), hours_after(past.end, HORIZON, zone), now)
        judged = judge(made, load, scale)
        if past is load:
            store.add(judged)
        else:
            store.put(judged)
        yield judged


def judge(forecast: Forecast, load: HourlyLoad, scale: float | None) -> Forecast:
    """The forecast with its errors if all of its hours are complete, and without if they are not, whatever it had.

    `scale` is MASE's unit (see `scale_of`). Errors that stay the same keep the MASE of their own history.
    """
    errors = actual_errors(forecast, load, scale)
    before = forecast.actuals
    if errors and before and (errors.wape, errors.coverage) == (before.wape, before.coverage):
        return forecast
    return msgspec.structs.replace(forecast, actuals=errors)


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


def _days_before(load: HourlyLoad) -> Iterator[HourlyLoad]:
    """What was known DAYS_BEFORE days ago and each day since, if that was two days of load."""
    for back in range(DAYS_BEFORE, 0, -1):
        past = load.until(load.end - back * DAY_S)
        if len(past.hours) >= 2 * HORIZON:
            yield past


def _end(forecast: Forecast) -> float:
    return forecast.rows[-1].timestamp.timestamp() + HOUR_S
