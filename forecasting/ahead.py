"""A load's next hours: a backtest chooses the model, and the model's own errors give the interval."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import Forecast, ForecastHour, Score, days_of
from forecasting.backtest import Trial, actual, choose, origins_of, run_candidates, scale_of, score_of, with_blends
from forecasting.candidates import CANDIDATES
from forecasting.intervals import bounds, cross_coverage
from forecasting.load import HOUR_S, Floats, Load, shown

LONGEST_HORIZON = 192 + 1  # the rest of a day, a week, and the hour that a change of the clocks may add
NEAR = 48  # hours: today and tomorrow have a model of their own, the days after them another

_NOTHING = np.zeros(0)


class Ahead(NamedTuple):
    """Forecast values and bounds for the local hours after a load's end; the other fields are as in `Forecast`.

    `off` are the back-test's absolute errors summed by hour of the horizon, `size` the absolute actual values; both are
    empty without a back-test.
    """

    model: str
    values: Floats
    low: Floats
    high: Floats
    scores: tuple[Score, ...]
    note: str
    coverage: float | None
    off: Floats
    size: Floats

    def wape(self, hours: Sequence[int]) -> float | None:
        """The back-test's error over some hours of the horizon."""
        size = float(self.size[hours].sum()) if len(self.size) else 0.0
        return float(self.off[hours].sum()) / size if size else None


def ahead_of(load: Load, horizon: int) -> Ahead:
    """Forecast the `horizon` hours (1 to 193) after the load, with an 80 % interval.

    The first NEAR hours are by the model that was best for them, those after by the one that was best for those;
    `model` and `scores` are of the first. The same load gives the same forecast. A load that was never negative gets no
    forecast below zero.
    """
    if not 1 <= horizon <= LONGEST_HORIZON:
        raise UsageError(f"the horizon is {horizon} hours; it must lie between 1 and 192")
    origins = origins_of(load, horizon)
    if not origins or origins[0] < 24:
        return _from_values(load, horizon)
    truth = actual(load, origins, horizon)
    trials = run_candidates(load, origins, horizon)
    legs = [_leg(trials, truth, leg) for leg in (slice(0, NEAR), slice(NEAR, horizon)) if leg.start < horizon]
    (near, best), *far = legs
    residuals = truth - np.concatenate([chosen.forecasts for _, chosen in legs], axis=1)
    low, high = bounds(residuals)
    values = run_model(load, best.name, horizon)
    for _, chosen in far:
        values[NEAR:] = run_model(load, chosen.name, horizon)[NEAR:]
    scale = scale_of(load)
    scores = sorted((score_of(trial, truth[:, :NEAR], scale) for trial in near), key=_by_rank)
    return Ahead(
        best.name,
        *_plausible(load, values, values + low, values + high),
        tuple(scores),
        _note(best, len(origins), *(chosen for _, chosen in far)),
        cross_coverage(residuals),
        np.nansum(np.abs(residuals), axis=0),
        np.nansum(np.abs(truth), axis=0),
    )


def _leg(trials: Sequence[Trial], truth: Floats, leg: slice) -> tuple[list[Trial], Trial]:
    """The trials and their blends over a part of the horizon, and the best of them."""
    cut = [trial._replace(forecasts=trial.forecasts[:, leg]) for trial in trials]
    blended = with_blends(cut, truth[:, leg])
    return blended, choose(blended, truth[:, leg])


def forecast_of(series: str, load: Load, times: Sequence[datetime], now: datetime) -> Forecast:
    """Forecast a load at times after its end, in order, in the load's time zone.

    `times` are consecutive hours, the first of them where the readings end. The clock may show an hour twice; both then
    have the same forecast.
    """
    hours = [shown(time) // HOUR_S - load.end for time in times]
    ahead = ahead_of(load, max(hours) + 1)
    rows = tuple(
        ForecastHour(time, float(ahead.values[hour]), float(ahead.low[hour]), float(ahead.high[hour]))
        for time, hour in zip(times, hours, strict=True)
    )
    days = days_of(rows, lambda places: ahead.wape([hours[place] for place in places]))
    return Forecast(
        series, now, ahead.model, ahead.note, ahead.coverage, ahead.scores, rows, readings_until=times[0], days=days
    )


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
    return Ahead(model, *_plausible(load, values, bottom, top), (), note, None, _NOTHING, _NOTHING)


def _plausible(load: Load, values: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    floor = 0.0 if np.nanmin(load.values) >= 0 else -np.inf
    return np.maximum(values, floor), np.maximum(low, floor), np.maximum(high, floor)


def _by_rank(score: Score) -> tuple[int, float]:
    """Models that ran at all origins come first; the others were dropped on fewer days, and are compared on those."""
    return -score.origins, score.wape if score.wape is not None else 0.0


def _note(best: Trial, origins: int, far: Trial | None = None) -> str:
    notes = []
    if best.naive:
        notes.append(f"no model beat {best.name} from the last {origins} origins, so this repeats it")
    elif origins < 14:
        notes.append(f"chosen from only {origins} origins, because the history is short")
    if far and far.name != best.name:
        notes.append(f"after {NEAR} hours by {far.name}")
    return "; ".join(notes)
