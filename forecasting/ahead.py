"""A load's next hours and days: a backtest chooses the model, and the model's own errors give the intervals."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

import numpy as np

from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import (
    Bounds,
    Forecast,
    ForecastDay,
    ForecastHour,
    ForecastWeather,
    IntervalQuality,
    Score,
)
from forecasting.candidates import CANDIDATES
from forecasting.intervals import COVERAGE, bounds, quality, quantile_of
from forecasting.learned import NEAR, Learned, learn
from forecasting.load import HOUR_S, Floats, Load, shown

LONGEST_HORIZON = 192 + 1  # the rest of a day, a week, and the hour that a change of the clocks may add


class Ahead(NamedTuple):
    """Forecast values and bounds for the local hours after a load's end; the other fields are as in `Forecast`.

    learned: the backtest for these hours; None if the load is too short for one.
    """

    model: str
    values: Floats
    low: Floats
    high: Floats
    scores: tuple[Score, ...]
    note: str
    quality: IntervalQuality | None
    learned: Learned | None


def ahead_of(load: Load, horizon: int, learned: Learned | None = None) -> Ahead:
    """Forecast the `horizon` hours (1 to 193) after the load, with an 80% interval.

    The first NEAR hours are by the model that was best for them, those after by the one that was best for those;
    `model` and `scores` are of the first. The same load gives the same forecast. A load that was never negative gets no
    forecast below zero. `learned` is what an earlier backtest of the load found; otherwise one is run.
    """
    if not 1 <= horizon <= LONGEST_HORIZON:
        raise UsageError(f"the horizon is {horizon} hours; it must lie between 1 and 192")
    learned = learned or learn(load, horizon)
    if learned is None:
        return _from_values(load, horizon)
    learned = learned.at(load.end, horizon)
    near, far = learned.models
    values = run_model(load, near, horizon)
    if far and far != near and horizon > NEAR:
        values[NEAR:] = run_model(load, far, horizon)[NEAR:]
    low, high = bounds(learned.residuals)
    bounded = _plausible(load, values, values + low, values + high)
    found = quality(learned.truth, learned.forecasts, load.end % 24)
    return Ahead(near, *bounded, learned.scores, learned.note, found, learned)


def forecast_of(
    series: str,
    load: Load,
    times: Sequence[datetime],
    now: datetime,
    learned: Learned | None = None,
    *,
    whole: bool = False,
    note: str = "",
) -> Forecast:
    """Forecast a load at times after its end, in order, in the load's time zone.

    `times` are consecutive hours, the first of them where the readings end. The clock may show an hour twice; both then
    have the same forecast. `whole`: hours are rounded to whole numbers, so that days and sums of series add up exactly.
    `note`: what else a reader should know of it.
    """
    hours = [shown(time) // HOUR_S - load.end for time in times]
    ahead = ahead_of(load, max(hours) + 1, learned)
    if whole:
        ahead = ahead._replace(values=np.rint(ahead.values), low=np.rint(ahead.low), high=np.rint(ahead.high))
    rows = tuple(
        ForecastHour(time, float(ahead.values[hour]), float(ahead.low[hour]), float(ahead.high[hour]))
        for time, hour in zip(times, hours, strict=True)
    )
    days = tuple(_days(rows, hours, ahead.learned, nonnegative=bool(np.nanmin(load.values) >= 0)))
    return Forecast(
        series,
        now,
        ahead.model,
        "; ".join(filter(None, (ahead.note, _repeated(load), note))),
        ahead.quality.coverage if ahead.quality else None,
        ahead.scores,
        rows,
        readings_until=times[0],
        days=days,
        quality=ahead.quality,
        weather=_weather_of(load),
    )


def _weather_of(load: Load) -> ForecastWeather | None:
    if load.weather is None:
        return None
    newest = load.weather.newest
    return ForecastWeather(load.weather.stations, datetime.fromtimestamp(newest, UTC) if newest else None)


def _repeated(load: Load) -> str:
    hours = load.weather.repeated if load.weather else 0
    return f"the weather forecast ends {hours} hours early; its last day was repeated" if hours > 1 else ""


def run_model(load: Load, model: str, horizon: int) -> Floats:
    """The forecast of one model by name, or of the mean of several (`a + b`), from the end of the load."""
    forecaster_of = {candidate.name: candidate.forecaster for candidate in CANDIDATES}
    parts = [forecaster_of[name](load, [len(load.values)], horizon)[0] for name in model.split(" + ")]
    found: Floats = np.mean(parts, axis=0)
    return found


def _days(
    rows: Sequence[ForecastHour], hours: Sequence[int], learned: Learned | None, *, nonnegative: bool
) -> Iterable[ForecastDay]:
    """The calendar days of consecutive rows; `hours` are the rows' places in the horizon."""
    last_read = (rows[0].timestamp - timedelta(seconds=1)).date()
    for day, numbered in groupby(zip(rows, hours, strict=True), lambda one: one[0].timestamp.date()):
        own, places = zip(*numbered, strict=True)
        energy, peak = sum(row.value for row in own), max(own, key=lambda row: row.value)
        lead, floor = (day - last_read).days, 0.0 if nonnegative else -np.inf
        if learned is None:
            yield ForecastDay(day, len(own), energy, peak, lead=lead)
            continue
        energy_interval = _around(energy, learned.energy_errors(places), floor)
        peak_interval = _around(peak.value, learned.peak_errors(places), floor)
        yield ForecastDay(day, len(own), energy, peak, learned.wape(places), lead, energy_interval, peak_interval)


def _around(value: float, errors: Floats, floor: float) -> Bounds | None:
    """The interval of a day's amount, by the backtest's errors in it; None where no origin has the whole day."""
    if not np.isfinite(errors).any():
        return None
    tail = (1 - COVERAGE) / 2
    low, high = value + min(0.0, quantile_of(errors, tail)), value + max(0.0, quantile_of(errors, 1 - tail))
    return Bounds(max(low, floor), max(high, floor))


def _from_values(load: Load, horizon: int) -> Ahead:
    """A forecast without a backtest: that of a load's first weeks, or the median of less than a day."""
    known = load.values[np.isfinite(load.values)]
    model = "first-weeks" if len(load.filled) >= 24 else "median"
    values = run_model(load, model, horizon) if model != "median" else np.full(horizon, np.median(known))
    low, high = np.quantile(known, [0.1, 0.9])
    bottom, top = np.minimum(values, low), np.maximum(values, high)
    note = f"{len(known)} hours are too few to backtest a model; the interval is the range of their values"
    return Ahead(model, *_plausible(load, values, bottom, top), (), note, None, None)


def _plausible(load: Load, values: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    floor = 0.0 if np.nanmin(load.values) >= 0 else -np.inf
    return np.maximum(values, floor), np.maximum(low, floor), np.maximum(high, floor)
