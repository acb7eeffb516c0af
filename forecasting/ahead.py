"""A load's next hours: a backtest chooses the model, and the model's own errors give the interval."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import Forecast, ForecastHour, Score
from forecasting.backtest import Trial, actual, choose, origins_of, run_candidates, scale_of, score_of, with_blends
from forecasting.candidates import CANDIDATES
from forecasting.intervals import bounds, cross_coverage
from forecasting.load import HOUR_S, Floats, Load, shown

LONGEST_HORIZON = 168 + 1  # a week, plus the hour that a change of the clocks may add


class Ahead(NamedTuple):
    """Forecast values and bounds for the local hours after a load's end; the other fields are as in `Forecast`."""

    model: str
    values: Floats
    low: Floats
    high: Floats
    scores: tuple[Score, ...]
    note: str
    coverage: float | None


def ahead_of(load: Load, horizon: int) -> Ahead:
    """Forecast the `horizon` hours (1 to 169) after the load, with an 80 % interval.

    The same load gives the same forecast. A load that was never negative gets no forecast below zero.
    """
    if not 1 <= horizon <= LONGEST_HORIZON:
        raise UsageError(f"the horizon is {horizon} hours; it must lie between 1 and 168")
    origins = origins_of(load, horizon)
    if not origins or origins[0] < 24:
        return _from_values(load, horizon)
    truth = actual(load, origins, horizon)
    trials = with_blends(run_candidates(load, origins, horizon), truth)
    best = choose(trials, truth)
    residuals = truth - best.forecasts
    low, high = bounds(residuals)
    values = run_model(load, best.name, horizon)
    scale = scale_of(load)
    scores = sorted((score_of(trial, truth, scale) for trial in trials), key=_by_rank)
    return Ahead(
        best.name,
        *_plausible(load, values, values + low, values + high),
        tuple(scores),
        _note(best, len(origins)),
        cross_coverage(residuals),
    )


def forecast_of(series: str, load: Load, times: Sequence[datetime], now: datetime) -> Forecast:
    """Forecast a load at times after its end, in order, in the load's time zone.

    `times` are consecutive hours. The clock may show an hour twice; both then have the same forecast.
    """
    hours = [shown(time) // HOUR_S - load.end for time in times]
    ahead = ahead_of(load, max(hours) + 1)
    rows = tuple(
        ForecastHour(time, float(ahead.values[hour]), float(ahead.low[hour]), float(ahead.high[hour]))
        for time, hour in zip(times, hours, strict=True)
    )
    return Forecast(series, now, ahead.model, ahead.note, ahead.coverage, ahead.scores, rows)


def run_model(load: Load, model: str, horizon: int) -> Floats:
    """The forecast of one model by name, or of the mean of several (`a + b`), from the end of the load."""
    forecaster_of = {candidate.name: candidate.forecaster for candidate in CANDIDATES}
    parts = [forecaster_of[name](load, [len(load.values)], horizon)[0] for name in model.split(" + ")]
    found: Floats = np.mean(parts, axis=0)
    return found


def _from_values(load: Load, horizon: int) -> Ahead:
    """A forecast without a backtest: the last day repeated, or the median of less than a day."""
    known = load.values[np.isfinite(load.values)]
    values = np.resize(load.filled[-24:], horizon) if len(load.filled) >= 24 else np.full(horizon, np.median(known))
    low, high = np.quantile(known, [0.1, 0.9])
    bottom, top = np.minimum(values, low), np.maximum(values, high)
    note = f"{len(known)} hours are too few to backtest a model; the interval is the range of their values"
    model = "lag-24h" if len(load.filled) >= 24 else "median"
    return Ahead(model, *_plausible(load, values, bottom, top), (), note, None)


def _plausible(load: Load, values: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    floor = 0.0 if np.nanmin(load.values) >= 0 else -np.inf
    return np.maximum(values, floor), np.maximum(low, floor), np.maximum(high, floor)


def _by_rank(score: Score) -> tuple[int, float]:
    """Models that ran at all origins come first; the others were dropped on fewer days, and are compared on those."""
    return -score.origins, score.wape if score.wape is not None else 0.0


def _note(best: Trial, origins: int) -> str:
    if best.naive:
        return f"no model beat {best.name} from the last {origins} origins, so this repeats it"
    if origins < 14:
        return f"chosen from only {origins} origins, because the history is short"
    return ""
