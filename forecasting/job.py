"""The nightly work: the next day of the fleet and each feeder, how the day before was met, and the meters' outlook."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.forecast import Errors, Forecast, coverage_of, errors_of
from electrocloud.domain.local_time import DAY_S, HOUR_S
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from forecasting.ahead import forecast_of
from forecasting.backtest import scale_of
from forecasting.history import History
from forecasting.load import Load
from forecasting.meters import meter_histories, month_ends, suspects

HORIZON = 24
DAYS_BEFORE = 3


def update_forecasts(loads: Mapping[str, History], zone: str, store: Forecasts, now: datetime) -> Iterator[Forecast]:
    """Forecast each series whose last forecast has come to pass, and keep that; and write to the last its errors.

    So it may run at any hour and be stopped at any series: the next run takes up the rest. Of a series that is new the
    days before are forecast as well, each from what was known at its begin, so that one sees at once how far such
    forecasts are off.
    """
    for series, history in loads.items():
        load, kept = history.load(zone), store.newest(series)
        for before in kept:
            if (with_actuals := _with_actuals(before, history, load)) != before:
                store.put(with_actuals)
        if any(before.rows[-1].timestamp.timestamp() > history.instants[-1] for before in kept):
            continue
        for known in [history] if kept else [*_days_before(history), history]:
            past = load if known is history else known.load(zone)
            with_actuals = _with_actuals(forecast_of(series, past, known.ahead(HORIZON, zone), now), history, load)
            store.put(with_actuals)
            yield with_actuals


def _days_before(history: History) -> Iterator[History]:
    """What was known DAYS_BEFORE days ago and since, a day apart, where that was two days of load."""
    for back in range(DAYS_BEFORE, 0, -1):
        known = history.until(history.instants[-1] + HOUR_S - back * DAY_S)
        if len(known.instants) >= 2 * HORIZON:
            yield known


def _with_actuals(forecast: Forecast, history: History, load: Load) -> Forecast:
    """The forecast with its errors where its hours have come to pass."""
    errors = actuals(forecast, history, load)
    return msgspec.structs.replace(forecast, actuals=errors) if errors else forecast


def actuals(forecast: Forecast, history: History, load: Load) -> Errors | None:
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


def update_meter_outlooks(
    reader: Reader, meters: Sequence[RegisteredMeter], store: Forecasts, now: datetime
) -> tuple[int, int]:
    """Keep what each meter's month will come to, and which readings are suspect; returns how many of each."""

    def days_of(meter_id: str, since: datetime) -> list[MeterDay]:
        return reader.days(meter_id, since.date(), now.date())

    known = list(meter_histories(meters, reader.tariffs(), days_of, now))
    ends, found = list(month_ends(known, now)), list(suspects(known))
    store.put_month_ends(ends)
    store.replace_suspects(found)
    return len(ends), len(found)


def zone_of_most(meters: Iterable[RegisteredMeter]) -> str:
    """The time zone that most meters are in; UTC where there are none."""
    zones = Counter(meter.timezone for meter in meters)
    return zones.most_common(1)[0][0] if zones else "UTC"
